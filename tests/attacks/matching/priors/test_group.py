"""Group consistency: the plain mean of the restarts, and each one's way to it."""

import pytest
import torch

from leaklab.attacks.matching.priors import GroupConsistency
from tests.attacks.matching.priors.normed import dummy, guess, observation

PENALTY = GroupConsistency(weight=3).bind(observation())


def test_it_is_the_distance_from_the_pixel_mean_of_all_restarts():
    images = guess(3)
    expected = (images - images.mean(0)).flatten(1).norm(dim=1)
    assert torch.allclose(PENALTY(dummy(images)), expected, rtol=1e-12)


def test_two_restarts_are_each_half_their_distance_from_the_mean():
    images = guess(2)
    half = (images[0] - images[1]).norm() / 2
    assert torch.allclose(PENALTY(dummy(images)), half.expand(2), rtol=1e-12)


@pytest.mark.parametrize("rows", [1, 2])
def test_where_all_agree_there_is_nothing_and_no_slope(rows: int):
    images = guess(1).repeat(rows, 1, 1, 1, 1).requires_grad_()
    value = PENALTY(dummy(images))
    [slope] = torch.autograd.grad(value.sum(), images)
    assert value.tolist() == [0] * rows and slope.abs().max() == 0


def test_going_down_brings_restarts_together():
    images = guess(4).requires_grad_()
    value = PENALTY(dummy(images))
    [slope] = torch.autograd.grad(value.sum(), images)
    nearer = PENALTY(dummy(images - 0.1 * slope))
    assert nearer.sum() < value.sum()
    assert slope.sum(0).abs().max() < 1e-12, "the mean itself must not wander"


def test_a_diverged_restart_counts_for_nothing():
    images = guess(3)
    alone = PENALTY(dummy(images[:2]))
    images[2, 0, 0, 0, 0] = torch.inf
    together = PENALTY(dummy(images))
    assert together[2].isnan() and torch.equal(together[:2], alone)
