"""Half the squared chord: 1 - cos, with a slope that is autograd's, and no second one by mistake."""

import pytest
import torch
from torch import Tensor

from leaklab.attacks.matching.chord import half_squared_chord
from tests.scene import dice


def parts(rows: int = 3) -> list[Tensor]:
    return [torch.randn(rows, *shape, dtype=torch.float64, generator=dice(rows)) for shape in ((4, 2), (5,))]


def target() -> list[Tensor]:
    drawn = [part[0] for part in parts(1)]
    length = torch.cat([part.flatten() for part in drawn]).norm()
    return [part / length for part in drawn]


def angles(rows: list[Tensor]) -> Tensor:
    flat, aim = torch.cat([part.flatten(1) for part in rows], 1), torch.cat([part.flatten() for part in target()])
    return 1 - flat @ aim / flat.norm(dim=1)


def test_it_is_one_minus_the_cosine_and_so_is_its_slope():
    free = [part.requires_grad_() for part in parts()]
    ours, theirs = half_squared_chord(free, target()), angles(free)
    assert torch.allclose(ours, theirs, rtol=1e-12)
    weights = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    for found, expected in zip(
        torch.autograd.grad(ours, free, weights), torch.autograd.grad(theirs, free, weights), strict=True
    ):
        assert torch.allclose(found, expected, rtol=1e-12, atol=1e-15)


def test_it_counts_angles_that_one_minus_the_cosine_cannot_see():
    near = [part[None] * 7 for part in target()]
    near[1][0, 0] += 1e-9
    assert 0 < float(half_squared_chord(near, target())) < 1e-18


def test_a_row_of_zeros_is_half_away_and_opposite_rows_are_two():
    nothing = half_squared_chord([torch.zeros_like(part) for part in parts()], target())
    assert nothing.tolist() == [pytest.approx(0.5)] * 3
    assert float(half_squared_chord([-part[None] for part in target()], target())) == pytest.approx(2)


def test_a_second_slope_is_refused():
    free = [part.requires_grad_() for part in parts()]
    [slope, _] = torch.autograd.grad(half_squared_chord(free, target()).sum(), free, create_graph=True)
    with pytest.raises(RuntimeError, match="does not require grad|once_differentiable"):
        torch.autograd.grad(slope.sum(), free[0])
