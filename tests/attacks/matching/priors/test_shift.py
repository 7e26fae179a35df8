"""How far the copies of a generator have moved from their training."""

import dataclasses

import torch

from leaklab.attacks.matching.priors import Shift
from leaklab.attacks.matching.solver import GradientMatching
from tests.attacks.matching.priors import normed
from tests.attacks.matching.spaces.brought import LATENT, WEIGHTS, seen


def measured(shifts: torch.Tensor) -> torch.Tensor:
    dummy = normed.dummy(normed.guess(len(shifts)))
    return Shift(weight=1).bind(normed.observation())(dataclasses.replace(dummy, codes={"weights": shifts}))


def test_it_is_the_length_of_the_way_in_the_mean_over_the_images():
    shifts = torch.zeros(2, normed.IMAGES, 4, dtype=torch.float64)
    shifts[0, 0, :2] = torch.tensor([3.0, 4.0])
    shifts[0, 2, 3], shifts[1, 1, 0] = -1.0, 6.0
    assert torch.allclose(measured(shifts.flatten(1)), torch.tensor([2.0, 2.0], dtype=torch.float64))


def test_where_nothing_has_moved_there_is_no_loss_and_no_slope():
    shifts = torch.zeros(1, 12, dtype=torch.float64, requires_grad=True)
    [slope] = torch.autograd.grad(measured(shifts).sum(), shifts)
    assert measured(shifts) == 0 and not slope.any()


def test_it_is_for_a_space_that_searches_weights():
    assert GradientMatching(space=WEIGHTS, priors=(Shift(weight=1),)).missing(seen()) == []
    [said] = GradientMatching(space=LATENT, priors=(Shift(weight=1),)).missing(seen())
    assert "the space 'generator_latent' has none: choose the space 'generator_weights'" in said
