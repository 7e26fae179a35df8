"""Guesses: what is assumed is what the attack then works with, and only the attacker's own photographs judge it."""

from dataclasses import replace

import pytest
import torch

from leaklab.attacks.guesses import candidates, own_images, own_score
from leaklab.protocol.observation import Observation, Own, ThreatModel
from leaklab.protocol.training import Schedule
from leaklab.protocol.updates import flatten
from leaklab.settings import Refusal
from tests.scene import dice, scene

RATE = 0.25
STEPS = Schedule(epochs=2, learning_rate=RATE)
OWN = 2  # of the three photographs behind the update


def seen(threat: ThreatModel = ThreatModel(learning_rate=False, labels=True)) -> Observation:  # noqa: B008
    three = scene(3, schedule=STEPS)
    return replace(three.observation(threat, clients=2), own=Own(three.images[:OWN], three.labels[:OWN]))


def off(images: torch.Tensor, error: float) -> torch.Tensor:
    """Return images that are wrong by the same error everywhere, and stay between 0 and 1."""
    return torch.where(images < 0.5, images + error, images - error)


def test_the_true_learning_rate_makes_of_the_change_what_is_seen_where_it_is_told():
    told = seen(ThreatModel(labels=True))
    half, true, twice = candidates(seen(), (RATE / 2, RATE, 2 * RATE), ())
    assert torch.allclose(flatten(true.update), flatten(told.update), rtol=1e-12, atol=0)
    assert torch.allclose(flatten(half.update), 2 * flatten(told.update), rtol=1e-12, atol=0)
    assert torch.allclose(flatten(twice.update), flatten(told.update) / 2, rtol=1e-12, atol=0)
    assert true.schedule == told.schedule == STEPS and twice.schedule.learning_rate == 2 * RATE


def test_every_rate_is_tried_with_every_number():
    unknown = seen(ThreatModel(learning_rate=False, number=False))
    found = [(one.learning_rate, one.num_images) for one in candidates(unknown, (0.1, 0.2), (3, 4))]
    assert found == [(0.1, 3), (0.1, 4), (0.2, 3), (0.2, 4)]


def test_what_is_told_is_not_guessed():
    [one] = candidates(seen(ThreatModel()), (0.1, 0.2), (5, 6))
    assert (one.learning_rate, one.num_images) == (RATE, 3)
    assert torch.equal(flatten(one.update), flatten(seen(ThreatModel()).update))


def test_what_is_told_of_each_photograph_is_dropped_where_the_number_does_not_fit():
    told = replace(
        seen(ThreatModel(labels=True, number=False)), counts=(2, 1), order=(((0, 1), (1, 0)), ((2,), (2,)))
    )  # fmt: skip
    fits, more = candidates(told, (), (3, 4))
    assert fits.labels.tolist() == [0, 1, 2] and fits.counts == (2, 1) and fits.order == told.order
    assert more.labels is None and more.counts is None and more.order is None


@pytest.mark.parametrize(("threat", "rates", "numbers", "words"), [
    (ThreatModel(learning_rate=False), (), (), "there must be learning rates to try: .* tick 'Learning rate is told'"),
    (ThreatModel(number=False), (), (), "there must be numbers to try: .* tick 'Number of photographs is told'"),
    (ThreatModel(number=False), (), (4, 1), "1 photographs cannot be .* holds 2 of them itself. Try 2 or more"),
])  # fmt: skip
def test_guesses_that_cannot_be_are_refused(threat: ThreatModel, rates: tuple, numbers: tuple, words: str):
    with pytest.raises(Refusal, match=words):
        candidates(seen(threat), rates, numbers)


def test_the_score_is_the_mean_psnr_of_the_own_photographs_wherever_they_stand():
    observation = seen()
    first, second = observation.own.images
    other = torch.rand(3, *first.shape, dtype=first.dtype, generator=dice(8))
    guess = torch.stack([other[0], off(second, 0.01), other[1], off(first, 0.1), other[2]])
    assert own_score(observation, guess) == pytest.approx((20 + 40) / 2)
    assert torch.equal(own_images(observation, guess), guess[[3, 1]])
    assert own_score(observation, torch.stack([second, first])) == 100


def test_the_other_photographs_count_for_nothing():
    observation = seen()
    guess = torch.cat([off(observation.own.images, 0.1), torch.zeros_like(observation.own.images[:1])])
    truth = scene(3).images[2:]
    assert own_score(observation, guess) == own_score(observation, torch.cat([guess[:2], truth]))


def test_what_is_out_of_range_counts_as_it_is_shown():
    observation = seen()
    white = replace(observation, own=Own(torch.ones_like(observation.own.images), observation.own.labels))
    assert own_score(white, 7 * torch.ones(2, 1, 16, 16, dtype=torch.float64)) == 100


@pytest.mark.parametrize("broken", [torch.nan, torch.inf, -torch.inf])
def test_a_guess_that_is_not_finite_is_the_worst_there_is(broken: float):
    observation = seen()
    guess = off(observation.own.images, 0.1)
    guess[1, 0, 0, 0] = broken
    assert own_score(observation, guess) == pytest.approx((20 + 0) / 2)
    assert own_score(observation, torch.full_like(guess, broken)) == 0


def test_without_photographs_of_its_own_or_with_more_than_were_guessed_nothing_can_be_judged():
    observation = seen()
    with pytest.raises(Refusal, match="it has none: let a client look"):
        own_score(replace(observation, own=None), observation.own.images)
    with pytest.raises(Refusal, match="holds 2 of them itself"):
        own_images(observation, observation.own.images[:1])
