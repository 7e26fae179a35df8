"""GIML as an experiment: clients send the gradient of one photograph each, and a generator learns from those alone."""

from collections.abc import Mapping
from typing import Any, Literal, Self

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from leaklab.attacks.generative.training.contract import Architecture
from leaklab.attacks.generative.training.giml import GIML, Learner
from leaklab.checkpoints import State
from leaklab.federation.rounds import Federation
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.observation import ThreatModel
from leaklab.settings import Settings, knob

_MOST = 128  # clients of one round


class MetaLearning(Settings):
    """A DCGAN is learnt from the gradients of photographs, without ever seeing one; each batch is a task.

    The published code moves the clients' network by steps of 1e-4 every 50 tasks; here it stays as it was drawn.
    Source: Jeon et al. 2021, algorithm 1: four photographs a task, 200 tasks.
    """

    kind: Literal["giml"] = "giml"
    giml: GIML = GIML()
    network: NetworkChoice = knob(
        NetworkChoice(name="cnn2"), title="Clients' network",
        help="The untrained network whose gradients are learnt from; wide smooth ones match before a picture is found.",
    )  # fmt: skip

    def start(self, shape: tuple[int, int, int], num_classes: int, seed: int) -> "MetaTrainee":
        """Return an untrained generator and the clients' network, both of the seed.

        Raises: Refusal, when either cannot be built for such pictures.
        """
        network = self.network.build(shape, num_classes, torch.Generator().manual_seed(seed))
        return MetaTrainee(self.giml.begin(shape, seed), network, num_classes)


class MetaTrainee:
    """The wall between photographs and the learner: clients turn the ones into what the other sees."""

    def __init__(self, learner: Learner, network: nn.Module, num_classes: int) -> None:
        self._learner, self._network, self._classes = learner, network, num_classes

    def to(self, device: torch.device) -> Self:
        """Move all of it to a device, and return it."""
        self._learner.to(device)
        self._network.to(device)
        return self

    def step(self, images: Float[Tensor, "n c h w"], labels: Int[Tensor, "n"]) -> dict[str, float]:
        """Let each of a few clients send one photograph's gradient, and the learner learn from them: one task.

        Raises: Refusal, when there are more photographs than clients of a round, or something is not told.
        """
        federation = Federation(clients=min(len(images), _MOST), images_per_client=1, defences=())
        exchanges = federation.play(
            self._network, images[:_MOST], labels[:_MOST], num_classes=self._classes,
            threat=ThreatModel(labels=True), generator=torch.Generator(),
        )  # fmt: skip
        return self._learner.learn([observation for observation, _ in exchanges])

    def samples(self, count: int) -> Float[Tensor, "count c h w"]:
        """Return what the generator draws of the same noise each time."""
        return self._learner.samples(count)

    def state(self) -> dict[str, Any]:
        """Return all it takes to go on to the last bit."""
        return self._learner.state()

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        self._learner.load(state)

    def weights(self) -> State:
        """Return the generator's weights, in the names of a DCGAN."""
        return self._learner.weights()

    def architecture(self) -> Architecture:
        """Return the generator's sizes."""
        return self._learner.architecture()
