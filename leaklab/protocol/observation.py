"""The wall's public side: what an attacker may be told, and the one gate through which anything is told."""

import copy
from dataclasses import dataclass, field

from jaxtyping import Float, Int
from torch import Tensor, nn

from leaklab.protocol.defences import Defence
from leaklab.protocol.statistics import Statistics
from leaklab.protocol.training import Pass, Schedule
from leaklab.protocol.updates import Update, Weights
from leaklab.settings import Settings, knob


class ThreatModel(Settings):
    """What the attacker is told beyond what it sees; everything else stays None in its observation."""

    labels: bool = knob(
        False, title="Labels are told", symbol="y",
        help="The attacker is told what each photograph shows, and need not work it out.",
    )  # fmt: skip
    schedule: bool = knob(
        True, title="Local training is told", symbol="E, β, η", level="advanced",
        help="The attacker knows how many local steps the clients take, and how large they are.",
    )  # fmt: skip
    defences: bool = knob(
        False, title="Defences are told", level="advanced",
        help="The attacker knows which defence the clients use, though never the random numbers it drew.",
    )  # fmt: skip
    batch_statistics: bool = knob(
        False, title="Batch-norm statistics are told", symbol="μ, σ² of the batch", level="advanced",
        help="The attacker is told the averages that batch norm met on the private photographs: a strong hint.",
    )  # fmt: skip


@dataclass(frozen=True)
class Observation:
    """All an attacker has: what is sent, what is public, and what it was told (None where it was not)."""

    network: nn.Module  # a skeleton on the meta device: layers without numbers
    weights: Weights  # before local training
    buffers: Weights
    update: Update
    image_shape: tuple[int, int, int]
    num_classes: int
    num_images: int
    num_clients: int
    schedule: Schedule | None = None
    labels: Int[Tensor, "n"] | None = None
    defences: tuple[Defence, ...] | None = None
    batch_statistics: Statistics | None = None
    public: Float[Tensor, "m c h w"] | None = None  # photographs anybody could have, none of them private

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
    batch_statistics: Statistics = field(default_factory=dict)
    public: Float[Tensor, "m c h w"] | None = None


def reveal(message: Message, threat: ThreatModel) -> Observation:
    """Return what the attacker gets of a message: the only function that decides what is told."""
    return Observation(
        network=skeleton(message.network),
        weights=message.weights,
        buffers=message.buffers,
        update=message.update,
        image_shape=message.image_shape,
        num_classes=message.num_classes,
        num_images=len(message.labels),
        num_clients=message.num_clients,
        schedule=message.schedule if threat.schedule else None,
        labels=message.labels.clone() if threat.labels else None,
        defences=message.defences if threat.defences else None,
        batch_statistics=message.batch_statistics if threat.batch_statistics else None,
        public=message.public,
    )


def skeleton(network: nn.Module) -> nn.Module:
    """Return a copy of a network with its layers and without its numbers.

    A network trained in place could otherwise carry the client's weights across the wall.
    """
    return copy.deepcopy(network).to("meta").requires_grad_(False)
