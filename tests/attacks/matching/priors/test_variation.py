"""Total variation on pictures whose variation is known."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from leaklab.attacks.matching.priors.variation import TotalVariation, total_variation
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
    dummy = Dummy(images, torch.ones(1, 2, 1), images.flatten(1), ())
    assert torch.equal(penalty(dummy), total_variation(images, rounding=0.5))


def test_the_prior_reads_the_images_and_leaves_its_weight_to_the_objective():
    penalty = TotalVariation(weight=0.25).bind(scene().observation())
    images = checkerboard()
    assert penalty(Dummy(images, torch.ones(1, 2, 1), images.flatten(1), ())).tolist() == [2]


FORMS = pytest.mark.parametrize("form", ["absolute", "isotropic", "squared"])


def dummy(images: torch.Tensor) -> Dummy:
    return Dummy(images, torch.ones(*images.shape[:2], 1), images.flatten(1), ())


def noise(rows: int = 2) -> torch.Tensor:
    return torch.rand(rows, 2, 3, 6, 5, dtype=torch.float64, generator=dice())


@FORMS
@given(value=st.floats(-2, 2))
def test_a_constant_picture_has_none_in_any_form(form: str, value: float):
    assert total_variation(torch.full((1, 1, 3, 6, 5), value), form=form, colours=True).tolist() == [0]


def test_the_isotropic_form_measures_the_length_of_a_step():
    ramp = torch.arange(7.0).double()
    slope = (3 * ramp[:, None] + 4 * ramp).expand(1, 1, 1, 7, 7)
    # Inside steps of length 5; along the last row only the 4 across, along the last column the 3 down, then nothing.
    expected = (36 * 5 + 6 * 4 + 6 * 3) / 49
    assert total_variation(slope, form="isotropic").tolist() == [pytest.approx(expected, rel=1e-12)]


def test_the_isotropic_form_does_not_prefer_the_axes():
    rows, columns = np.indices((32, 32)) - 15.5
    disc = torch.from_numpy(1 / (1 + np.exp(np.hypot(rows, columns) - 9)))[None, None, None]
    square = torch.from_numpy(1 / (1 + np.exp(np.maximum(abs(rows), abs(columns)) - 9)))[None, None, None]
    # The disc's edge is the shorter by pi/4; along the axes both are as long as each other.
    ratio = {form: (total_variation(disc, form=form) / total_variation(square, form=form)).item()
             for form in ("absolute", "isotropic")}  # fmt: skip
    assert abs(ratio["absolute"] - 1) < 0.02 and abs(ratio["isotropic"] - np.pi / 4) < 0.02


@given(rounding=st.floats(1e-3, 0.5))
def test_the_isotropic_form_is_rounded_too(rounding: float):
    ramp = torch.linspace(0, 1, 11, dtype=torch.float64).expand(1, 1, 1, 4, 11)
    expected = ((0.1**2 + rounding**2) ** 0.5 - rounding) * 10 / 11
    rounded = total_variation(ramp, form="isotropic", rounding=rounding)
    assert rounded.tolist() == [pytest.approx(expected, rel=1e-9)]


def test_the_squared_form_wraps_around_and_sums_over_pixels():
    line = torch.zeros(1, 2, 1, 4, 5, dtype=torch.float64)
    line[0, 0, 0, :, 0] = 3  # the left border of the first image: its pair beyond the right border counts
    assert total_variation(line, form="squared").tolist() == [4 * (9 + 9) / 2]
    assert torch.equal(total_variation(line.roll(2, -1), form="squared"), total_variation(line, form="squared"))
    assert total_variation(checkerboard(8), form="squared").tolist() == [3 * 64 * 2]


@FORMS
def test_grey_pictures_in_colour_have_no_differences_between_the_colours(form: str):
    grey = noise()[:, :, :1].expand(-1, -1, 3, -1, -1)
    share = {"absolute": 2, "isotropic": 2, "squared": 1}[form]  # of six planes three are nothing; a sum stays
    assert torch.allclose(share * total_variation(grey, form=form, colours=True), total_variation(grey, form=form))


@FORMS
def test_colours_add_the_three_differences_as_planes(form: str):
    images = noise()
    red, green, blue = images.unbind(2)
    planes = torch.stack([red, green, blue, red - green, red - blue, green - blue], 2)
    assert torch.equal(total_variation(images, form=form, colours=True), total_variation(planes, form=form))


@FORMS
def test_one_colour_alone_has_no_differences_to_add(form: str):
    images = noise()[:, :, :1]
    assert torch.equal(total_variation(images, form=form, colours=True), total_variation(images, form=form))


def test_the_default_is_what_it_was_before_there_were_forms():
    images = noise()
    expected = images.diff(dim=-2).abs().mean((1, 2, 3, 4)) + images.diff(dim=-1).abs().mean((1, 2, 3, 4))
    assert torch.equal(TotalVariation().bind(scene().observation())(dummy(images)), expected)


def test_the_prior_takes_the_form_it_is_set_to():
    images = noise()
    for prior in (TotalVariation(form="squared", colours=True), TotalVariation(form="isotropic", rounding=0.2)):
        expected = total_variation(images, form=prior.form, colours=prior.colours, rounding=prior.rounding)
        assert torch.equal(prior.bind(scene().observation())(dummy(images)), expected)
