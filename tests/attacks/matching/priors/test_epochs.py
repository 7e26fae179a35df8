"""Epoch consistency: nothing for the same images in another order, and values worked out by hand."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from leaklab.attacks.matching.priors import EpochConsistency
from leaklab.attacks.snapshot import Dummy
from tests.scene import dice, scene

SEEN = scene(2, side=8).observation()
EACH = pytest.mark.parametrize("prior", [
    EpochConsistency(statistic=statistic, distance=distance, convolved=convolved)
    for statistic in ("mean", "max") for distance in ("l1", "l2") for convolved in (False, True)
], ids=lambda prior: f"{prior.distance}_{prior.statistic}{'_conv' if prior.convolved else ''}")  # fmt: skip


def of(prior: EpochConsistency, images: Tensor) -> Tensor:
    return prior.bind(SEEN)(Dummy(images, torch.ones(*images.shape[:2], 1), images.flatten(1), ()))


def drawn(rows: int = 1, images: int = 2, seed: int = 1) -> Tensor:
    return torch.rand(rows, images, 1, 8, 8, dtype=torch.float64, generator=dice(seed))


@EACH
def test_the_same_images_in_another_order_cost_nothing(prior: EpochConsistency):
    once = drawn(2)
    assert of(prior, torch.cat([once, once.flip(1), once], 1)).abs().max() < 1e-15


@EACH
def test_one_set_of_images_is_consistent_in_itself(prior: EpochConsistency):
    assert of(prior, drawn(3)).tolist() == [0, 0, 0]


@EACH
def test_epochs_of_other_images_cost_something(prior: EpochConsistency):
    assert (of(prior, drawn(3, 4)) > 1e-4).all()


@pytest.mark.parametrize(("statistic", "distance", "expected"), [
    # Of the epochs (1, 3) and (2, 6) means are 2 and 4, largest 3 and 6; two of four ordered pairs differ.
    ("mean", "l1", 2 / 2), ("mean", "l2", 4 / 2), ("max", "l1", 3 / 2), ("max", "l2", 9 / 2),
])  # fmt: skip
def test_values_by_hand(statistic: str, distance: str, expected: float):
    tones = torch.tensor([1.0, 3.0, 2.0, 6.0], dtype=torch.float64)
    images = tones[None, :, None, None, None].expand(1, 4, 1, 8, 8)
    prior = EpochConsistency(statistic=statistic, distance=distance, convolved=False)
    assert of(prior, images).tolist() == pytest.approx([expected], rel=1e-14)


def test_it_is_the_mean_over_all_ordered_pairs_of_epochs():
    images = drawn(1, 6)
    means = images.unflatten(1, (3, 2)).mean(2)[0]
    expected = sum((one - other).square().mean() for one in means for other in means) / 9
    prior = EpochConsistency(statistic="mean", convolved=False)
    assert torch.allclose(of(prior, images)[0], expected, rtol=1e-12)


def test_pixels_are_compared_where_they_are():
    images = drawn(1, 4)
    images[:, 2:] = images[:, :2].roll(1, -1)
    assert float(of(EpochConsistency(statistic="mean", distance="l1", convolved=False), images)) > 0.01


def test_behind_the_convolution_edges_are_compared_and_the_filters_are_always_the_same():
    one, again = (of(EpochConsistency(statistic="mean"), drawn(1, 4)) for _ in range(2))
    assert torch.equal(one, again)
    filters = torch.randn(96, 1, 3, 3, generator=dice(0)).double() / 3
    seen = functional.conv2d(drawn(1, 4)[0], filters, padding=1).unflatten(0, (2, 2)).mean(1)
    expected = (seen[0] - seen[1]).square().mean() / 2
    assert torch.allclose(one[0], expected, rtol=1e-6)


@EACH
def test_restarts_do_not_know_of_each_other(prior: EpochConsistency):
    images = drawn(3, 4)
    together = of(prior, images)
    assert torch.allclose(together, torch.cat([of(prior, row[None]) for row in images]), rtol=1e-12)


@EACH
def test_going_down_brings_epochs_together(prior: EpochConsistency):
    images = drawn(2, 4).requires_grad_()
    value = of(prior, images)
    [slope] = torch.autograd.grad(value.sum(), images)
    nearer = of(prior, images - 1e-3 * slope / slope.norm())
    assert slope.isfinite().all() and (nearer < value).all()


def test_it_needs_nothing():
    assert EpochConsistency(weight=1).missing(SEEN) == []
