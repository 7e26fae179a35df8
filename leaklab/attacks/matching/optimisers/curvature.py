"""The memory of L-BFGS for many rows at once, in its compact form: a few matrix products instead of a long loop.

Source: Byrd, Nocedal, Schnabel 1994, theorem 2.2.
"""

from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


@dataclass
class Curvature:
    """The last m moves and gradient changes of every row, with the small products the compact form needs."""

    moves: Float[Tensor, "r m d"]
    changes: Float[Tensor, "r m d"]
    cross: Float[Tensor, "r m m"]  # cross[i, j] = move i . change j, where i came before j or is j
    gram: Float[Tensor, "r m m"]  # change i . change j
    born: Int[Tensor, "r m"]  # when each slot was filled; -1 where it is empty
    count: Int[Tensor, "r"]
    scale: Float[Tensor, "r"]
    newest: Float[Tensor, "r d"]
    pending: Int[Tensor, "r"]  # the slot whose small products are still to be written; -1 for none

    @classmethod
    def empty(cls, code: Float[Tensor, "r d"], history: int) -> "Curvature":
        """Return a memory without any move: its product with a vector is the vector itself."""
        rows, numbers = code.shape
        small = torch.zeros(rows, history, history, dtype=torch.float64, device=code.device)
        return cls(
            moves=code.new_zeros(rows, history, numbers), changes=code.new_zeros(rows, history, numbers),
            cross=small, gram=small.clone(),
            born=torch.full((rows, history), -1, device=code.device),
            count=torch.zeros(rows, dtype=torch.int64, device=code.device), scale=code.new_ones(rows),
            newest=torch.zeros_like(code), pending=torch.full((rows,), -1, device=code.device),
        )  # fmt: skip

    def remember(self, move: Float[Tensor, "r d"], change: Float[Tensor, "r d"], took: Bool[Tensor, "r"]) -> None:
        """Keep the moves of the rows that took one, when their curvature is safely positive.

        The small products are written by the next `times`, which must be asked for before the next move is kept.
        """
        product, square = (move * change).sum(1), change.square().sum(1)
        rows = torch.nonzero(took & (product > 1e-10 * square) & (product > 0)).flatten()
        if len(rows) == 0:
            return
        slot = self.count[rows] % self.born.shape[1]
        self.moves[rows, slot], self.changes[rows, slot] = move[rows], change[rows]
        self.born[rows, slot] = self.count[rows]
        self.count[rows] += 1
        self.scale[rows] = product[rows] / square[rows]
        self.newest = torch.where(took[:, None], change, self.newest)
        self.pending[rows] = slot

    def forget(self, rows: Bool[Tensor, "r"]) -> None:
        """Empty the memory of some rows."""
        if not bool(rows.any()):
            return
        for part in (self.moves, self.changes, self.cross, self.gram):
            part[rows] = 0
        self.born[rows] = -1
        self.pending[rows] = -1
        self.scale[rows] = 1

    def kept(self, rows: Int[Tensor, "k"]) -> "Curvature":
        """Return the memory of some rows alone."""
        return Curvature(**{part.name: getattr(self, part.name)[rows] for part in fields(self)})

    def times(self, gradient: Float[Tensor, "r d"]) -> Float[Tensor, "r d"]:
        """Return the inverse curvature times a vector, row by row."""
        if not bool((self.born >= 0).any()):
            return gradient.clone()
        # One reading of the long memory serves the new change and the vector alike. Rows of numbers from the left:
        # as columns from the right, a batched product of the same numbers takes up to thirty times as long.
        pair = torch.stack([self.newest, gradient], 1)
        along_moves, along_changes = (pair @ self.moves.mT).double(), (pair @ self.changes.mT).double()
        self._settle(along_moves[:, 0], along_changes[:, 0])
        order = self.born.argsort(1)
        p, q = along_moves[:, 1].gather(1, order), along_changes[:, 1].gather(1, order)
        triangle, gram = _sorted(self.cross, order).triu(), _sorted(self.gram, order)
        diagonal = triangle.diagonal(dim1=1, dim2=2)
        # An empty slot has a zero row: a one on its diagonal keeps the triangle solvable and changes nothing.
        solid = triangle + torch.diag_embed((diagonal == 0).to(triangle))
        scale = self.scale[:, None].double()
        u = torch.linalg.solve_triangular(solid, p[:, :, None], upper=True).squeeze(2)
        v = diagonal * u + scale * ((gram @ u[:, :, None]).squeeze(2) - q)
        w = torch.linalg.solve_triangular(solid.mT, v[:, :, None], upper=False).squeeze(2)
        back = order.argsort(1)
        w, u = w.gather(1, back).to(gradient), u.gather(1, back).to(gradient)
        result = self.scale[:, None] * gradient + (w[:, None] @ self.moves).squeeze(1)
        return result - self.scale[:, None] * (u[:, None] @ self.changes).squeeze(1)

    def _settle(self, along_moves: Float[Tensor, "r m"], along_changes: Float[Tensor, "r m"]) -> None:
        """Write the products of the newest change into the small matrices of the rows that remembered one."""
        rows = torch.nonzero(self.pending >= 0).flatten()
        slot = self.pending[rows]
        self.cross[rows, slot] = 0
        self.cross[rows, :, slot] = along_moves[rows]
        self.gram[rows, slot] = along_changes[rows]
        self.gram[rows, :, slot] = along_changes[rows]
        self.pending[rows] = -1


def _sorted(square: Float[Tensor, "r m m"], order: Int[Tensor, "r m"]) -> Float[Tensor, "r m m"]:
    rows = square.gather(1, order[:, :, None].expand_as(square))
    return rows.gather(2, order[:, None, :].expand_as(square))
