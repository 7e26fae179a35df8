"""A tiny scene to test on: a smooth network, drawn images, and the message a client sends about them."""

from collections import OrderedDict
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from leaklab.federation.rounds import Exchange, Federation
from leaklab.protocol.defences import Defence
from leaklab.protocol.observation import Message, Observation, ThreatModel, reveal
from leaklab.protocol.training import Pass, Schedule
from leaklab.protocol.updates import Update, Weights

CLASSES = 4
TOLD = ThreatModel(labels=True)


def dice(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def network(*, side: int = 16, channels: int = 1, seed: int = 1) -> nn.Module:
    layers = OrderedDict(
        conv=nn.Conv2d(channels, 6, 3, stride=2, padding=1), activation=nn.Sigmoid(),
        flatten=nn.Flatten(), linear=nn.Linear(6 * (side // 2) ** 2, CLASSES),
    )  # fmt: skip
    with torch.device("meta"):  # nothing is drawn from the global generator
        whole = nn.Sequential(layers)
    whole.to_empty(device="cpu")
    generator = dice(seed)
    with torch.no_grad():
        for tensor in whole.parameters():
            tensor.uniform_(-0.5, 0.5, generator=generator)
    return whole


@dataclass(frozen=True)
class Scene:
    """A network, a few images with their labels, and how a client trains on them."""

    network: nn.Module
    images: Tensor
    labels: Tensor
    schedule: Schedule = Schedule()
    defences: tuple[Defence, ...] = ()

    @property
    def weights(self) -> Weights:
        return {name: tensor.detach() for name, tensor in self.network.named_parameters()}

    @property
    def forward(self) -> Pass:
        return Pass(self.network, {})

    @property
    def targets(self) -> Tensor:
        return functional.one_hot(self.labels, CLASSES).to(self.images)

    def gradient(self, *numbers: int) -> Update:
        """Return the gradient of some of the images, or of all."""
        chosen = list(numbers) or slice(None)
        return self.forward.gradient(self.weights, self.images[chosen], self.targets[chosen])

    def update(self) -> Update:
        batches, rate = self.schedule.batches(len(self.images)), self.schedule.learning_rate
        return self.forward.local_update(self.weights, self.images, self.targets, batches=batches, learning_rate=rate)

    def message(self, clients: int = 1) -> Message:
        shares = torch.arange(len(self.images)).tensor_split(clients)
        orders = [[share[batch].tolist() for batch in self.schedule.batches(len(share))] for share in shares]
        return Message(
            network=self.network, weights=self.weights, buffers={}, update=self.update(),
            image_shape=tuple(self.images.shape[1:]), num_classes=CLASSES, num_clients=clients,
            labels=self.labels, schedule=self.schedule, defences=self.defences,
            counts=tuple(map(len, shares)),
            order=tuple(tuple(tuple(batch) for batch in batches) for batches in orders),
        )  # fmt: skip

    def observation(self, threat: ThreatModel = TOLD, clients: int = 1) -> Observation:
        return reveal(self.message(clients), threat)

    def play(self, federation: Federation, threat: ThreatModel = TOLD, *, seed: int = 0) -> list[Exchange]:
        """Return what a federation that shares out the images leaves on both sides of the wall."""
        return federation.play(
            self.network, self.images, self.labels, num_classes=CLASSES, threat=threat, generator=dice(seed)
        )


def trained(observation: Observation, schedule: Schedule | None) -> Observation:
    """Return an observation with local training told as given, or not told at all; what was sent stays."""
    return replace(
        observation, epochs=schedule and schedule.epochs, batch_size=schedule and schedule.batch_size,
        learning_rate=schedule and schedule.learning_rate,
    )  # fmt: skip


def scene(
    count: int = 1, *, side: int = 16, channels: int = 1, dtype: torch.dtype = torch.float64,
    schedule: Schedule = Schedule(),  # noqa: B008  frozen
) -> Scene:  # fmt: skip
    images = torch.rand(count, channels, side, side, dtype=torch.float64, generator=dice(2)).to(dtype)
    labels = torch.arange(count) % CLASSES
    return Scene(network(side=side, channels=channels).to(dtype), images, labels, schedule)
