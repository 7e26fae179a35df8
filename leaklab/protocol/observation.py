"""The wall's public side: what an attacker may be told, and the one gate through which anything is told."""

import copy
from dataclasses import dataclass, field
from typing import Any

from jaxtyping import Float, Int
from pydantic import model_validator
from torch import Tensor, nn

from leaklab.protocol.defences import Defence
from leaklab.protocol.statistics import Statistics
from leaklab.protocol.training import Pass, Schedule
from leaklab.protocol.updates import Update, Weights, scaled
from leaklab.settings import Settings, knob

Orders = tuple[tuple[tuple[int, ...], ...], ...]  # client -> local step -> numbers of the images used, in one row


class ThreatModel(Settings):
    """What the attacker is told beyond what it sees; everything else stays None in its observation."""

    labels: bool = knob(
        False, title="Labels are told", symbol="y",
        help="The attacker is told what each photograph shows, and need not work it out.",
    )  # fmt: skip
    epochs: bool = knob(
        True, title="Local epochs are told", symbol="E", level="advanced",
        help="The attacker knows how often a client goes through its photographs.",
    )  # fmt: skip
    batch_size: bool = knob(
        True, title="Batch size is told", symbol="β", level="advanced",
        help="The attacker knows how many photographs a client takes in one local step.",
    )  # fmt: skip
    learning_rate: bool = knob(
        True, title="Learning rate is told", symbol="η", level="advanced",
        help="The attacker knows how far a step goes; without it, a change of weights has no scale.",
    )  # fmt: skip
    number: bool = knob(
        True, title="Number of photographs is told", symbol="n, or N of all clients", level="advanced",
        help="The attacker knows how many photographs are behind what it sees.",
    )  # fmt: skip
    counts: bool = knob(
        False, title="Each client's share is told", symbol="N₁ … N_K", level="advanced",
        help="The attacker at an average knows how many photographs each client has, and which of the labels are its.",
    )  # fmt: skip
    order: bool = knob(
        False, title="Order of batches is told", symbol="π", level="advanced",
        help="The attacker knows which photographs went through each local step together.",
    )  # fmt: skip
    defences: bool = knob(
        False, title="Defences are told", level="advanced",
        help="The attacker knows which defence the clients use, though never the random numbers it drew.",
    )  # fmt: skip
    batch_statistics: bool = knob(
        False, title="Batch-norm statistics are told", symbol="μ, σ² of the batch", level="advanced",
        help="The attacker is told the averages that batch norm met on the private photographs: a strong hint.",
    )  # fmt: skip

    @model_validator(mode="before")
    @classmethod
    def _one_tick_before(cls, value: Any) -> Any:
        # Runs and links of earlier versions have one tick for all of local training.
        if not isinstance(value, dict) or "schedule" not in value:
            return value
        told = dict.fromkeys(("epochs", "batch_size", "learning_rate"), value["schedule"])
        return told | {name: tick for name, tick in value.items() if name != "schedule"}


@dataclass(frozen=True)
class Own:
    """What an attacker who takes part holds itself: photographs that it knows to be among those behind the update."""

    images: Float[Tensor, "m c h w"]
    labels: Int[Tensor, "m"]


@dataclass(frozen=True)
class Observation:
    """All an attacker has: what is sent, what is public, and what it was told (None where it was not)."""

    network: nn.Module  # a skeleton on the meta device: layers without numbers
    weights: Weights  # before local training
    buffers: Weights
    update: Update
    image_shape: tuple[int, int, int]
    num_classes: int
    num_images: int  # of all clients behind the update; 0 where it is not told
    num_clients: int
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None  # where it is not told, the update is the bare change of the weights
    counts: tuple[int, ...] | None = None  # images of each client, one client's behind those of the one before
    order: Orders | None = None
    labels: Int[Tensor, "n"] | None = None
    defences: tuple[Defence, ...] | None = None
    batch_statistics: Statistics | None = None
    public: Float[Tensor, "m c h w"] | None = None  # photographs anybody could have, none of them private
    own: Own | None = None  # of an attacker that takes part

    @property
    def schedule(self) -> Schedule | None:
        """All of local training; None where any part of it is not told."""
        if self.epochs is None or self.batch_size is None or self.learning_rate is None:
            return None
        return Schedule(epochs=self.epochs, batch_size=self.batch_size, learning_rate=self.learning_rate)

    @property
    def local_steps(self) -> float | None:
        """How many gradients the update sums up; None where that is not told.

        Clients of unequal shares take unequally many steps, and each counts as much as it has images.
        """
        if self.epochs is None or self.batch_size is None or not self.num_images:
            return None
        training = Schedule(epochs=self.epochs, batch_size=self.batch_size)
        counts = self.counts or (-(-self.num_images // self.num_clients),)
        return sum(count * training.steps(count) for count in counts) / sum(counts)

    @property
    def forward(self) -> Pass:
        """The public network as a function of its weights."""
        return Pass(self.network, self.buffers)

    @property
    def like(self) -> Tensor:
        """An empty tensor with the device and precision of the update."""
        return next(iter(self.update.values())).new_empty(0)


@dataclass(frozen=True)
class Message:
    """Everything that is true of one exchange, before the threat model decides what is told."""

    network: nn.Module
    weights: Weights
    buffers: Weights
    update: Update
    image_shape: tuple[int, int, int]
    num_classes: int
    num_clients: int
    labels: Int[Tensor, "n"]
    schedule: Schedule
    defences: tuple[Defence, ...]
    counts: tuple[int, ...] = ()
    order: Orders = ()
    batch_statistics: Statistics = field(default_factory=dict)
    public: Float[Tensor, "m c h w"] | None = None
    own: Own | None = None


def reveal(message: Message, threat: ThreatModel) -> Observation:
    """Return what the attacker gets of a message: the only function that decides what is told."""
    training = message.schedule
    rate = training.learning_rate
    return Observation(
        network=skeleton(message.network),
        weights=message.weights,
        buffers=message.buffers,
        update=message.update if threat.learning_rate else scaled(message.update, rate),
        image_shape=message.image_shape,
        num_classes=message.num_classes,
        num_images=len(message.labels) if threat.number else 0,
        num_clients=message.num_clients,
        epochs=training.epochs if threat.epochs else None,
        batch_size=training.batch_size if threat.batch_size else None,
        learning_rate=rate if threat.learning_rate else None,
        counts=message.counts if threat.counts else None,
        order=message.order if threat.order else None,
        labels=message.labels.clone() if threat.labels else None,
        defences=message.defences if threat.defences else None,
        batch_statistics=message.batch_statistics if threat.batch_statistics else None,
        public=message.public,
        own=message.own,
    )


def skeleton(network: nn.Module) -> nn.Module:
    """Return a copy of a network with its layers and without its numbers.

    A network trained in place could otherwise carry the client's weights across the wall.
    """
    return copy.deepcopy(network).to("meta").requires_grad_(False)
