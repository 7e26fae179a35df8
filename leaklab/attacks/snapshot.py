"""A guess inside the loop (Dummy) and a guess handed out (Snapshot)."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from leaklab.protocol.updates import Update


@dataclass(frozen=True)
class Dummy:
    """One guess of every restart inside the loop; a prior reads whichever part it is about."""

    images: Float[Tensor, "r n c h w"]
    labels: Float[Tensor, "r n k"]  # class probabilities
    code: Float[Tensor, "r d"]
    update: Update


@dataclass(frozen=True)
class Snapshot:
    """The guesses of every restart after one iteration, each with its loss."""

    stage: int
    iteration: int
    evaluations: int
    losses: Float[Tensor, "r"]  # infinite where a restart diverged
    terms: dict[str, Float[Tensor, "r"]]  # the summands of the loss by name
    images: Float[Tensor, "r n c h w"]
    labels: Float[Tensor, "r n k"]  # class probabilities
    code: Float[Tensor, "r d"]
    settled: bool = False  # the stage is over: no restart can move any further, or the loss is low enough

    @property
    def best(self) -> int:
        """The restart with the lowest loss: the only choice an attacker can make."""
        return int(self.losses.argmin())
