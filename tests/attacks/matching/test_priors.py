"""Total variation on pictures whose variation is known."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from leaklab.attacks.matching.priors import TotalVariation, total_variation
from leaklab.attacks.snapshot import Dummy
from tests.scene import dice, scene


def checkerboard(side: int = 8) -> torch.Tensor:
    return torch.from_numpy(np.indices((side, side)).sum(0) % 2).double().expand(1, 2, 3, side, side)


@given(value=st.floats(-2, 2))
def test_a_constant_picture_has_none(value: float):
    assert total_variation(torch.full((2, 1, 3, 6, 5), value)).tolist() == [0, 0]


def test_a_checkerboard_has_the_most_there_is_between_black_and_white():
    assert total_variation(checkerboard()).tolist() == [2]


def test_a_ramp_changes_by_its_slope_along_one_direction_alone():
    ramp = torch.linspace(0, 1, 11, dtype=torch.float64).expand(1, 1, 1, 4, 11)
    assert torch.allclose(total_variation(ramp), torch.tensor([0.1], dtype=torch.float64), rtol=1e-12)
    assert torch.allclose(total_variation(ramp.mT), total_variation(ramp), rtol=1e-12)


@given(scale=st.floats(-3, 3), shift=st.floats(-3, 3))
def test_it_scales_with_contrast_and_ignores_brightness(scale: float, shift: float):
    images = torch.rand(2, 1, 3, 6, 5, dtype=torch.float64, generator=dice())
    assert torch.allclose(total_variation(scale * images + shift), abs(scale) * total_variation(images), atol=1e-12)


def test_restarts_are_measured_one_by_one():
    images = torch.cat([checkerboard(), torch.zeros_like(checkerboard()), checkerboard() / 4])
    assert total_variation(images).tolist() == [2, 0, 0.5]


@given(rounding=st.floats(1e-3, 0.5))
def test_a_rounded_corner_keeps_flat_pictures_at_zero_and_costs_others_less(rounding: float):
    flat, board = torch.full((1, 1, 3, 6, 5), 0.7, dtype=torch.float64), checkerboard()
    assert total_variation(flat, rounding=rounding).abs() < 1e-15
    expected = 2 * ((1 + rounding**2) ** 0.5 - rounding)
    assert abs(total_variation(board, rounding=rounding).item() - expected) < 1e-12
    assert total_variation(board, rounding=rounding) < total_variation(board)


def test_a_rounded_corner_has_a_slope_everywhere():
    images = torch.zeros(1, 1, 1, 4, 4, dtype=torch.float64, requires_grad=True)
    [gradient] = torch.autograd.grad(total_variation(images, rounding=0.1).sum(), images)
    assert gradient.abs().max() == 0
    bump = torch.rand(1, 1, 1, 4, 4, dtype=torch.float64, generator=dice(), requires_grad=True)
    assert torch.autograd.gradcheck(lambda images: total_variation(images, rounding=0.1), bump)


def test_the_prior_rounds_as_it_is_set():
    penalty = TotalVariation(weight=1, rounding=0.5).bind(scene().observation())
    images = checkerboard()
    dummy = Dummy(images, torch.ones(1, 2, 1), images.flatten(1), {})
    assert torch.equal(penalty(dummy), total_variation(images, rounding=0.5))


def test_the_prior_reads_the_images_and_leaves_its_weight_to_the_objective():
    penalty = TotalVariation(weight=0.25).bind(scene().observation())
    images = checkerboard()
    assert penalty(Dummy(images, torch.ones(1, 2, 1), images.flatten(1), {})).tolist() == [2]
