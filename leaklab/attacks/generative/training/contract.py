"""What a training and its trainee can do, and the parts that trainings have in common."""

from collections.abc import Mapping
from typing import Any, Protocol, Self

import torch
from jaxtyping import Float, Int
from torch import Tensor

from leaklab.checkpoints import State

Architecture = dict[str, int | float | str]  # all it takes to build the network again

_SAMPLING = 0x5EED  # tells the noise of the samples from that of the training


class Trainee(Protocol):
    """A network that learns, with everything it takes to go on exactly where it was."""

    def to(self, device: torch.device) -> Self:
        """Move all of it to a device, and return it."""

    def step(self, images: Float[Tensor, "n c h w"], labels: Int[Tensor, "n"]) -> dict[str, float]:
        """Learn from one batch of pictures in [0, 1], and return its losses; the first one is the one to watch."""

    def samples(self, count: int) -> Float[Tensor, "count c h w"]:
        """Return pictures in [0, 1] that show what it has learnt, of the same noise each time."""

    def state(self) -> dict[str, Any]:
        """Return all it takes to go on to the last bit: tensors, numbers and words, nested as may be, dice too."""

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""

    def weights(self) -> State:
        """Return what ships: the average of the weights where one is kept."""

    def architecture(self) -> Architecture:
        """Return all it takes to build the network again."""


class Training(Protocol):
    """How a network is taught: settings that start a trainee."""

    kind: str

    def start(self, shape: tuple[int, int, int], num_classes: int, seed: int) -> Trainee:
        """Return a fresh trainee for pictures of a shape (channels, height, width), the same for the same seed.

        Raises: Refusal, when it cannot learn from such pictures.
        """


def fixed_noise(*shape: int) -> Float[Tensor, "..."]:
    """Return the noise that samples are drawn from, the same every time."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(_SAMPLING))


@torch.no_grad()
def average(kept: State, fresh: Mapping[str, Tensor], step: int, decay: float) -> None:
    """Move averaged weights a little towards the fresh ones; in the beginning, when all is noise, by more."""
    share = min(decay, (1 + step) / (10 + step))
    names = list(kept)
    torch._foreach_lerp_([kept[name] for name in names], [fresh[name].detach() for name in names], 1 - share)
