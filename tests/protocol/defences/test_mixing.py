"""Mixing: coefficients as published, the own photograph among them, labels likewise, and signs on top."""

import math

import pytest
import torch
from torch import Tensor

from leaklab.protocol.defences import InstaHide, Mixup
from leaklab.settings import Refusal
from tests.scene import dice

COUNT = 5
UNITS = torch.eye(COUNT, dtype=torch.float64)  # as images of five pixels: a mixture is its own coefficients
TARGETS = UNITS.roll(1, 1)
BOTH = pytest.mark.parametrize("kind", [Mixup, InstaHide])


def coefficients(mixed: int, seed: int = 0, count: int = COUNT) -> tuple[Tensor, Tensor]:
    images = UNITS[:count].reshape(count, 1, 1, COUNT)
    found, targets = Mixup(mixed=mixed).prepare(images, TARGETS[:count], dice(seed))
    return found.flatten(1), targets


@pytest.mark.parametrize("mixed", [2, 3, 4, 5])
def test_each_photograph_is_mixed_with_others_and_none_weighs_too_much(mixed: int):
    for seed in range(20):
        shares, _ = coefficients(mixed, seed)
        assert torch.allclose(shares.sum(1), torch.ones(COUNT).double(), rtol=1e-6)
        assert (shares > 0).sum(1).tolist() == [mixed] * COUNT and 0 < shares.max() <= 0.65
        assert (shares.diagonal() > 0).all()


def test_the_own_photograph_weighs_most_in_the_mean_as_the_distribution_says():
    rows = torch.cat([coefficients(4, seed)[0] for seed in range(400)])
    own = rows.reshape(400, COUNT, COUNT).diagonal(dim1=1, dim2=2).flatten()
    # Dirichlet(3, 1, 1, 1) with every coefficient at most 0.65, drawn by the library instead.
    drawn = torch.distributions.Dirichlet(torch.tensor([3.0, 1, 1, 1])).sample((20_000,))
    expected = drawn[drawn.max(1).values <= 0.65][:, 0]
    assert float(own.mean()) == pytest.approx(float(expected.mean()), abs=0.012)
    assert float(own.std()) == pytest.approx(float(expected.std()), abs=0.012)


def test_labels_are_mixed_alike():
    shares, targets = coefficients(3)
    assert torch.allclose(targets, shares @ TARGETS, rtol=0, atol=1e-12)


def test_of_fewer_photographs_than_asked_for_all_are_mixed():
    shares, _ = coefficients(8)
    assert (shares > 0).all()
    shares, _ = coefficients(4, count=2)
    assert ((shares > 0).sum(1) == 2).all() and shares.max() <= 0.65


def test_mixup_is_a_weighted_mean_of_pixels():
    images = torch.rand(COUNT, 3, 4, 4, generator=dice(1), dtype=torch.float64)
    shares, _ = coefficients(3)
    mixed, _ = Mixup(mixed=3).prepare(images, TARGETS, dice())
    assert torch.allclose(mixed.flatten(1), shares @ images.flatten(1), rtol=0, atol=1e-12)


def test_instahide_turns_about_half_of_the_pixels_around_middle_grey():
    images = torch.rand(COUNT, 3, 16, 16, generator=dice(1), dtype=torch.float64)
    mixed, soft = Mixup(mixed=3).prepare(images, TARGETS, dice())
    hidden, same = InstaHide(mixed=3).prepare(images, TARGETS, dice())
    turned = (hidden - (1 - mixed)).abs() < 1e-12
    assert torch.equal(~turned, (hidden - mixed).abs() < 1e-12) and torch.equal(soft, same)
    assert abs(turned.double().mean() - 0.5) < 5 * 0.5 / math.sqrt(turned.numel())
    assert not torch.equal(turned[0], turned[1])


@BOTH
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_pixels_stay_between_nothing_and_one(kind: type[Mixup], value: float):
    for seed in range(20):
        mixed, _ = kind().prepare(torch.full((6, 1, 4, 4), value), torch.eye(6), dice(seed))
        assert mixed.min() >= 0 and mixed.max() <= 1 and mixed.dtype == torch.float32


@BOTH
def test_the_dice_decide_and_nothing_given_is_changed(kind: type[Mixup]):
    images = torch.rand(COUNT, 1, 4, 4, generator=dice(1), dtype=torch.float64)
    before = images.clone()
    (one, _), (again, _), (other, _) = (kind().prepare(images, TARGETS, dice(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, again) and not torch.equal(one, other) and torch.equal(images, before)


def test_a_mixture_of_one_is_the_photograph():
    images = torch.rand(1, 1, 4, 4, generator=dice(1))
    assert torch.equal(Mixup(mixed=1).prepare(images, torch.eye(1), dice())[0], images)
    hidden, _ = InstaHide(mixed=1).prepare(images, torch.eye(1), dice())
    assert torch.allclose((hidden - 0.5).abs(), (images - 0.5).abs(), atol=1e-6) and not torch.equal(hidden, images)


@BOTH
def test_a_single_photograph_is_refused(kind: type[Mixup]):
    with pytest.raises(Refusal, match="Mixing needs two photographs or more, and a client has 1: give each"):
        kind().prepare(torch.zeros(1, 1, 4, 4), torch.eye(1), dice())


@BOTH
def test_whether_there_is_something_to_mix_is_known_beforehand(kind: type[Mixup]):
    assert kind().lacking(2) == [] == kind(mixed=1).lacking(1)
    assert "a client has 1:" in kind().lacking(1)[0]


@BOTH
@pytest.mark.parametrize("mixed", [0, -1, 9, math.nan])
def test_a_number_that_cannot_be_is_refused(kind: type[Mixup], mixed: float):
    with pytest.raises(Refusal, match=f"mixed: Input should be .* .got {mixed}"):
        kind.read({"mixed": mixed})
