"""Successive halving: of several restarts the worse half is let go every so often, by the loss and nothing else.

Source: Jamieson and Talwalkar 2016, Algorithm 1, with iterations as the budget.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Int
from torch import Tensor

from leaklab.attacks.snapshot import Snapshot


@dataclass(frozen=True)
class Survivors:
    """The restarts that still go on, and where all of them stood when they were last halved."""

    rows: Int[Tensor, "s"]
    stood: Snapshot

    @classmethod
    def all(cls, start: Snapshot) -> "Survivors":
        """Return every restart."""
        return cls(torch.arange(len(start.losses), device=start.losses.device), start)

    def whole(self, snapshot: Snapshot) -> Snapshot:
        """Return a snapshot of the survivors as one of all restarts; those let go stay where they stood."""
        if len(snapshot.losses) == len(self.stood.losses):
            return snapshot
        stood = self.stood
        return replace(
            snapshot, losses=self._set(stood.losses, snapshot.losses), images=self._set(stood.images, snapshot.images),
            labels=self._set(stood.labels, snapshot.labels), code=self._set(stood.code, snapshot.code),
            terms={name: self._set(stood.terms[name], term) for name, term in snapshot.terms.items()},
            codes={name: self._set(stood.codes[name], code) for name, code in snapshot.codes.items()},
        )  # fmt: skip

    def _set(self, stood: Tensor, now: Tensor) -> Tensor:
        return stood.index_copy(0, self.rows, now)

    def halved(self, snapshot: Snapshot) -> tuple[Int[Tensor, "k"], "Survivors"]:
        """Return which of the present rows go on, the better half of them, and the survivors this leaves.

        `snapshot` is of all restarts.
        """
        kept = snapshot.ranks[self.rows].argsort(stable=True)[: -(-len(self.rows) // 2)].sort().values
        return kept, Survivors(self.rows[kept], snapshot)
