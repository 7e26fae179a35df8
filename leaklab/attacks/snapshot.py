"""A guess inside the loop (Dummy) and a guess handed out (Snapshot)."""

from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from leaklab.protocol.training import Path
from leaklab.protocol.updates import Update, added

# The loss is low enough, no restart can move any further, none has a loss, the equations are solved; or used up.
Ended = Literal["enough", "stuck", "diverged", "solved", ""]


@dataclass(frozen=True)
class Dummy:
    """One guess of every restart inside the loop; a prior reads whichever part it is about."""

    images: Float[Tensor, "r m c h w"]  # of all sets that are searched, one behind the other
    labels: Float[Tensor, "r m k"]  # class probabilities
    code: Float[Tensor, "r d"]
    path: Path  # the update, epoch by epoch; empty where only the images are asked about
    codes: dict[str, Tensor] = field(default_factory=dict)  # what the code holds by name, each (r, d)

    @property
    def update(self) -> Update:
        """What would have been sent."""
        return added(*self.path)


@dataclass(frozen=True)
class Solve:
    """One layer's equations, solved: whether there were enough of them, and how far the answer may be trusted."""

    layer: str
    unknowns: int
    equations: int
    rank: int  # numerical; below the unknowns the answer is the shortest of many
    condition: float  # by how much an error of the equations can grow in the answer
    residual: float  # of the equations, relative to their right sides

    @property
    def full(self) -> bool:
        """Whether the equations determine every unknown."""
        return self.rank == self.unknowns


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
    ended: Ended = ""  # why the stage is over, where it is
    ranked_by: str = ""  # the term that tells good restarts from bad ones; empty takes the whole loss
    solved: tuple[Solve, ...] = ()  # the layers a closed form has solved so far
    remark: str = ""  # on how it is computed, where there is something to say
    codes: dict[str, Tensor] = field(default_factory=dict)  # what a later stage may start from by name, each (r, d)
    raw: Float[Tensor, "r n c h w"] | None = None  # the images before they were enhanced; None where they are raw

    @property
    def best(self) -> int:
        """The restart with the lowest loss: the only choice an attacker can make."""
        return int(self.ranks.argmin())

    @property
    def ranks(self) -> Float[Tensor, "r"]:
        """What restarts are told apart by, the lower the better; infinite where one diverged."""
        return self.terms[self.ranked_by].where(self.losses.isfinite(), torch.inf) if self.ranked_by else self.losses

    @property
    def winner(self) -> "Snapshot":
        """The best restart alone."""
        row = slice(self.best, self.best + 1)
        return replace(
            self, losses=self.losses[row], terms={name: term[row] for name, term in self.terms.items()},
            images=self.images[row], labels=self.labels[row], code=self.code[row],
            codes={name: code[row] for name, code in self.codes.items()},
            raw=None if self.raw is None else self.raw[row],
        )  # fmt: skip
