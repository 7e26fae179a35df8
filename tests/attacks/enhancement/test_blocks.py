"""Block means as a measurement: what the singular value decomposition promises (facts sheet, oracle 16)."""

import pytest
import torch
from torch.nn import functional

from leaklab.attacks.enhancement.blocks import Blocks
from tests.scene import dice

SIDES = pytest.mark.parametrize("side", [1, 2, 4, 8])


def pictures() -> torch.Tensor:
    return torch.rand(2, 3, 16, 24, dtype=torch.float64, generator=dice(1))


@SIDES
def test_the_basis_is_orthonormal_and_begins_with_the_constant(side: int):
    basis = Blocks(side).basis(pictures())
    assert torch.allclose(basis @ basis.T, torch.eye(side**2, dtype=torch.float64), atol=1e-14)
    assert torch.allclose(basis[0], torch.full((side**2,), 1 / side, dtype=torch.float64), atol=1e-14)


@SIDES
def test_composing_undoes_analysing_and_lengths_stay(side: int):
    blocks, images = Blocks(side), pictures()
    parts = blocks.analysed(images)
    assert torch.allclose(blocks.composed(parts), images, atol=1e-14)
    assert parts.norm() == pytest.approx(float(images.norm()), rel=1e-12)


@SIDES
def test_the_measurement_is_the_mean_of_each_block(side: int):
    images = pictures()
    assert torch.allclose(Blocks(side).means(images), functional.avg_pool2d(images, side), atol=1e-14)
    singular = Blocks(side).singular_values(images) * Blocks(side).analysed(images)
    assert torch.allclose(singular[..., 0], functional.avg_pool2d(images, side), atol=1e-14)
    assert not singular[..., 1:].any()


@SIDES
def test_measuring_and_measuring_back_is_one_over_the_square_of_the_side(side: int):
    blocks = Blocks(side)
    each = torch.eye(8 * 16, dtype=torch.float64).reshape(-1, 1, 8, 16)  # one bright pixel, everywhere in turn
    means = blocks.means(each).flatten(1).T
    square = torch.eye(len(means), dtype=torch.float64) / side**2
    assert torch.allclose(means @ means.T, square, atol=1e-14)
