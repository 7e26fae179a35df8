"""GIML: a generator learns what photographs look like from their gradients alone, a task of a few images at a time.

Its teacher hands over observations, as an attacker sees them, and never an image
(`leaklab.experiments.metalearning`). A task is a short attack like GIAS on each of its images, from the generator as it
is; towards where these attacks have bent its weights they are then moved a little.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import torch
from jaxtyping import Float
from torch import Tensor

from leaklab.attacks.generative.training.contract import Architecture, fixed_noise
from leaklab.attacks.labels import GivenOrIDLG
from leaklab.attacks.matching.distances import Cosine
from leaklab.attacks.matching.optimisers import Adam
from leaklab.attacks.matching.priors import LatentKL, TotalVariation
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.matching.spaces import GeneratorLatent, GeneratorWeights, brought, generators
from leaklab.attacks.snapshot import Snapshot
from leaklab.checkpoints import State
from leaklab.protocol.observation import Observation
from leaklab.settings import Refusal, Settings, knob

_SIDES = generators.sides(64)  # of an untrained generator that is searched (`matching/spaces/brought.py`)


class GIML(Settings):
    """The search of every task, and how far the generator follows it.

    Source: Jeon et al. 2021, algorithm 1 and the published code, which takes 1000 and 500 steps a task and 200 tasks;
    the norm of its latent numbers is held there, their divergence from the standard distribution here.
    """

    kind: Literal["giml"] = "giml"
    width: int = knob(256, low=4, high=2048, help="Channels of the generator's first layer; the paper's has 512.")
    latent_steps: int = knob(
        50, low=1, high=10_000, log=True, help="How many steps search what an image is drawn from."
    )
    weight_steps: int = knob(
        150, low=1, high=10_000, log=True, help="How many steps bend the generator's weights to an image."
    )
    latent_rate: float = knob(0.03, low=1e-4, high=1, log=True, help="How far a step of the first kind goes.")
    weight_rate: float = knob(1e-3, low=1e-4, high=1, log=True, help="How far a step of the second kind goes.")
    learning_rate: float = knob(
        1e-3, low=1e-5, high=1, log=True, symbol="Adam(w − mean of w_k)",
        help="How far the generator follows the weights that were bent to a task's images.",
    )  # fmt: skip
    smooth: float = knob(
        1e-4, low=0, high=1, log=True, level="advanced", help="Weight of the total variation in the search."
    )
    latent_weight: float = knob(
        1e-3, low=0, high=10, log=True, level="advanced",
        help="How strongly the latent numbers are held to a normal distribution.",
    )  # fmt: skip

    def begin(self, shape: tuple[int, int, int], seed: int) -> "Learner":
        """Return a learner whose generator is untrained.

        Raises: Refusal, when the images are not such as a DCGAN draws.
        """
        channels, high, wide = shape
        if high != wide or high not in _SIDES:
            able = ", ".join(map(str, _SIDES))
            raise Refusal(
                f"GIML's generator draws squares of {able} pixels a side, and the images have {high}x{wide}: set the "
                "image size to one of these."
            )
        return Learner(self, shape, seed)

    def stages(self, seed: int) -> tuple[GradientMatching, GradientMatching]:
        """Return the two searches of a task, over the untrained generator of a seed and its weights."""
        chosen = {"generator": "untrained", "width": self.width, "draw": seed}
        smooth = TotalVariation(weight=self.smooth)
        latent = GradientMatching(
            distance=Cosine(), priors=(smooth, LatentKL(weight=self.latent_weight)), enough=0,
            space=GeneratorLatent.read(chosen), iterations=self.latent_steps,
            optimiser=Adam(learning_rate=self.latent_rate, decay="steps"),
        )  # fmt: skip
        weights = GradientMatching(
            distance=Cosine(), priors=(smooth,), enough=0, space=GeneratorWeights.read(chosen),
            iterations=self.weight_steps, optimiser=Adam(learning_rate=self.weight_rate, decay="steps"),
        )  # fmt: skip
        return latent, weights


class Learner:
    """A generator that learns from observations: by how much its weights have moved from where they were drawn."""

    def __init__(self, settings: GIML, shape: tuple[int, int, int], seed: int) -> None:
        self._settings, self._shape, self._seed = settings, shape, seed
        self._stages = settings.stages(seed)
        self._brought = brought.drawn(generators.DCGAN(settings.width, shape[1], shape[0]), seed)
        self._shift = torch.zeros_like(self._brought.row).requires_grad_()
        self._adam = torch.optim.Adam([self._shift], settings.learning_rate)
        self._dice = torch.Generator().manual_seed(seed)

    def to(self, device: torch.device) -> Self:
        """Move all of it to a device, and return it."""
        self._shift.data = self._shift.data.to(device)
        self._brought = self._brought.to(device)
        return self

    def learn(self, observations: Sequence[Observation]) -> dict[str, float]:
        """Attack the single image behind each observation, and follow; return the mean losses of both searches.

        Raises: Refusal, when something is needed that is not told.
        """
        bent, losses = torch.zeros_like(self._shift), torch.zeros(2)
        for observation in observations:
            shift, found = self._attack(observation)
            bent += shift / len(observations)
            losses += found / len(observations)
        # Reptile: the gradient of half the squared distance to where the attacks ended (Nichol et al. 2018).
        self._shift.grad = (self._shift - bent).detach()
        self._adam.step()
        latent, weights = losses.tolist()
        return {"weights": weights, "latent": latent}

    def samples(self, count: int) -> Float[Tensor, "count c h w"]:
        """Return what the generator draws of the same noise each time."""
        noise = fixed_noise(count, self._brought.generator.latent).to(self._shift.device)
        return self._brought.pictures(noise, self._shift.detach())

    def state(self) -> dict[str, Any]:
        """Return all it takes to go on to the last bit."""
        return {"shift": self._shift.detach(), "adam": self._adam.state_dict(), "dice": self._dice.get_state()}

    @torch.no_grad()
    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        self._shift.copy_(state["shift"])
        self._adam.load_state_dict(state["adam"])
        self._dice.set_state(state["dice"].cpu())

    @torch.no_grad()
    def weights(self) -> State:
        """Return the generator's weights, with the averages that its batch norms ran with."""
        whole = generators.named(self._brought.generator, self._brought.row + self._shift)
        return {name: part.clone() for name, part in (whole | self._brought.averages).items()}

    def architecture(self) -> Architecture:
        """Return the generator's sizes."""
        drawn = self._brought.generator
        return {"width": drawn.width, "side": drawn.side, "channels": drawn.channels, "latent": drawn.latent}

    def _attack(self, observation: Observation) -> tuple[Float[Tensor, "w"], Float[Tensor, "2"]]:
        """Return by how much the weights have moved in all once they are bent to an image, and both losses."""
        labels = GivenOrIDLG().recover(observation)
        seed = int(torch.randint(1 << 31, (), generator=self._dice))
        found, losses = self._begun(observation), []
        for number, stage in enumerate(self._stages):
            if missing := stage.missing(observation):
                raise Refusal(" ".join(missing))
            [found] = deque(stage.invert(observation, labels, seed=seed, stage=number, previous=found), maxlen=1)
            losses.append(float(found.losses[found.best]))
        return found.winner.codes["weights"][0].to(self._shift), torch.tensor(losses)

    def _begun(self, observation: Observation) -> Snapshot:
        """Return fresh latent numbers beside the weights as they are, as a stage would have left them."""
        like, classes = observation.like, observation.num_classes
        latent = torch.randn(1, self._brought.generator.latent, generator=self._dice).to(like)
        return Snapshot(
            stage=0, iteration=0, evaluations=0, losses=like.new_zeros(1), terms={},
            images=like.new_zeros(1, 1, *self._shape), labels=like.new_full((1, 1, classes), 1 / classes),
            code=like.new_zeros(1, 0), codes={"latent": latent, "weights": self._shift.detach()[None].to(like)},
        )  # fmt: skip
