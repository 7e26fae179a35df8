"""The norm prior on images whose mean square is known."""

import torch

from leaklab.attacks.matching.priors import Norm
from tests.attacks.matching.priors.normed import dummy, guess, observation

PENALTY = Norm(weight=0.5).bind(observation())


def test_it_is_the_mean_square_whatever_the_weight():
    images = torch.stack([torch.full_like(guess()[0], tone) for tone in (0, 0.5, -2)])
    assert PENALTY(dummy(images)).tolist() == [0, 0.25, 4]


def test_its_slope_is_twice_the_pixels_over_their_number():
    images = guess().requires_grad_()
    [slope] = torch.autograd.grad(PENALTY(dummy(images)).sum(), images)
    assert torch.allclose(slope, 2 * images / images[0].numel(), rtol=1e-12)
