"""Pictures laid to a prior's size and colours, and back."""

import pytest
import torch

from leaklab.attacks.generative.fitting import Fit
from tests.scene import dice


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 8, 8), (3, 4, 4), (1, 4, 2)])
def test_what_is_laid_to_a_prior_comes_back_as_it_was(shape: tuple[int, int, int]):
    images, fit = torch.rand(2, *shape, generator=dice(0)), Fit(shape, side=8)
    laid = fit.into(images)
    assert laid.shape == (2, 3, 8, 8)
    assert torch.allclose(fit.back(laid), images, atol=1e-6)


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 7, 12), (1, 28, 28), (3, 6, 5)])
def test_other_sizes_keep_their_shape_and_their_tone(shape: tuple[int, int, int]):
    fit = Fit(shape, side=8)
    back = fit.back(fit.into(torch.full((2, *shape), 0.25)))
    assert back.shape == (2, *shape) and torch.allclose(back, torch.full_like(back, 0.25))


def test_only_what_is_resized_is_spoken_of():
    assert not Fit((3, 32, 32), 32).remark and not Fit((1, 32, 32), 32).remark
    assert "32 x 32 pixels: those of 28 x 28 were resized" in Fit((1, 28, 28), 32).remark


def test_a_grey_prior_cannot_draw_in_colour():
    [sentence] = Fit((3, 32, 32), 32, channels=1).missing
    assert "1 channel(s) and the photographs have 3" in sentence
    assert not Fit((1, 32, 32), 32).missing and not Fit((3, 32, 32), 32).missing
