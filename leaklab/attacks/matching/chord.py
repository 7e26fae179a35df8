"""Half the squared chord between directions, with its slope written out: two readings of an update instead of ten.

Of a deep network an update is larger than any cache, and to read or write it once more costs as much as a layer.
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable


def half_squared_chord(parts: Sequence[Float[Tensor, "r ..."]], target: Sequence[Tensor]) -> Float[Tensor, "r"]:
    """Return 1 - cos of the angle between every row of some tensors and a direction of length one, given in parts.

    Half the squared chord is 1 - cos without its cancellation near zero; a row of zeros is half away from everything.
    """
    return _HalfSquaredChord.apply([part.reshape(1, -1) for part in target], *parts)[0]


class _HalfSquaredChord(torch.autograd.Function):
    @staticmethod
    def forward(target: list[Tensor], *parts: Tensor) -> tuple[Tensor, Tensor]:
        rows = [part.reshape(len(part), -1) for part in parts]
        square = sum(torch.linalg.vector_norm(row, dim=1).square() for row in rows)
        inverse = square.clamp_min(torch.finfo(square.dtype).tiny).rsqrt()
        chords = (_away(row, aim, inverse) for row, aim in zip(rows, target, strict=True))
        return sum(torch.linalg.vector_norm(chord, dim=1).square() for chord in chords) / 2, inverse

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
        ctx.target, *parts = inputs
        half, inverse = output
        ctx.mark_non_differentiable(inverse)
        ctx.save_for_backward(half, inverse, *parts)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        half, inverse, *parts = ctx.saved_tensors
        # d(1 - <u, t>)/dg = (cos u - t)/|g| for the unit vector u = g/|g|
        shorter, factor = inverse * (1 - half), -(slope * inverse)[:, None]
        slopes = (
            _away(part.reshape(len(part), -1), aim, shorter).mul_(factor).reshape(part.shape)
            for part, aim in zip(parts, ctx.target, strict=True)
        )
        return None, *slopes


def _away(row: Float[Tensor, "r d"], aim: Float[Tensor, "1 d"], share: Float[Tensor, "r"]) -> Float[Tensor, "r d"]:
    """Return what is left of the target beside a share of every row."""
    return torch.addcmul(aim, row, share[:, None], value=-1)
