"""The range prior on images of which it is known how far they leave black and white."""

import torch

from leaklab.attacks.matching.priors import Range
from tests.attacks.matching.priors.normed import IMAGES, SIDE, dummy, guess, observation

PENALTY = Range(weight=2).bind(observation())
PIXELS = 2 * SIDE**2


def test_nothing_is_said_against_what_lies_between_black_and_white():
    images = guess().clamp(0, 1).requires_grad_()
    value = PENALTY(dummy(images))
    [slope] = torch.autograd.grad(value.sum(), images)
    assert value.tolist() == [0, 0] and slope.abs().max() == 0


def test_the_rest_is_summed_over_pixels_and_averaged_over_images():
    images = torch.full_like(guess(), 0.5)
    images[0, 1] = 1.5  # one of the images, all of it, by a half
    images[1, :, 0, 0, 0] = -3  # one pixel of each image
    expected = torch.tensor([0.25 * PIXELS / IMAGES, 9], dtype=torch.float64)
    assert torch.allclose(PENALTY(dummy(images)), expected, rtol=1e-12)


def test_the_slope_leads_back_to_the_nearest_end():
    images = guess().requires_grad_()
    [slope] = torch.autograd.grad(PENALTY(dummy(images)).sum(), images)
    assert torch.allclose(slope, 2 * (images - images.clamp(0, 1)) / IMAGES, rtol=1e-12)
