"""Masks: one masked update is noise, all of them add up to the truth, and what does not fit is refused."""

import pytest
import torch

from leaklab.federation import masks
from leaklab.protocol import updates
from leaklab.protocol.updates import Update, flatten
from leaklab.settings import Refusal
from tests.scene import dice

COUNTS = (1, 4, 7)


def update(seed: int, dtype: torch.dtype = torch.float64) -> Update:
    generator = dice(seed)
    return {
        "weight": torch.randn(30, 40, generator=generator, dtype=dtype),
        "bias": 50 * torch.randn(30, generator=generator, dtype=dtype),
        "scale": torch.randn((), generator=generator, dtype=dtype),
    }


SENT = [update(seed) for seed in range(3)]


def test_masks_cancel_to_the_last_bit():
    hidden = masks.masked(SENT, COUNTS, dice())
    for name in SENT[0]:
        bare = [masks.masked([one], [count], dice())[0][name] for one, count in zip(SENT, COUNTS, strict=True)]
        assert torch.equal(sum(one[name] for one in hidden), sum(bare))
        assert not any(torch.equal(one[name], other) for one, other in zip(hidden, bare, strict=True))


def test_the_mean_is_the_weighted_mean():
    found = masks.mean(masks.masked(SENT, COUNTS, dice()), COUNTS, like=SENT[0])
    expected = updates.mean(SENT, COUNTS)
    assert list(found) == list(expected)
    for name, tensor in expected.items():
        assert found[name].shape == tensor.shape and (found[name] - tensor).abs().max() < 1e-11


def test_the_sum_is_noise_until_the_last_client_has_sent():
    hidden = masks.masked(SENT, COUNTS, dice())
    found = masks.mean(hidden[:2], COUNTS[:2], like=SENT[0])
    assert _correlation(found, updates.mean(SENT[:2], COUNTS[:2])) < _by_chance()


@pytest.mark.parametrize("seed", range(3))
def test_one_masked_update_is_uncorrelated_with_the_true_one_and_with_the_others(seed: int):
    seen = masks.seen(masks.masked(SENT, COUNTS, dice(seed)), COUNTS, like=SENT[0])
    for one, true in zip(seen, SENT, strict=True):
        assert _correlation(one, true) < _by_chance()
    assert _correlation(seen[0], seen[1]) < _by_chance()


def test_masks_are_uniform_over_all_whole_numbers():
    silent = {"weight": torch.zeros(100_000)}
    [one, other] = (one["weight"] for one in masks.masked([silent, silent], (1, 1), dice()))
    assert torch.equal(one, -other)
    shares = torch.bincount((one >> 60) + 8, minlength=16) / len(one)
    assert (shares - 1 / 16).abs().max() < 0.004  # five standard deviations
    assert (one & 1).double().mean().sub(0.5).abs() < 0.008


def test_the_generator_alone_decides():
    before = torch.get_rng_state()
    one, again, other = (masks.masked(SENT, COUNTS, dice(seed))[0]["weight"] for seed in (1, 1, 2))
    assert torch.equal(one, again) and not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_client_alone_has_nothing_to_hide_behind():
    [seen] = masks.seen(masks.masked(SENT[:1], (5,), dice()), (5,), like=SENT[0])
    assert all((seen[name] - tensor).abs().max() < 1e-12 for name, tensor in SENT[0].items())


def test_what_comes_back_has_the_type_of_the_updates_and_they_stay_as_they_were():
    sent = [update(seed, torch.float32) for seed in (1, 2)]
    hidden = masks.masked(sent, (1, 1), dice())
    assert hidden[0]["weight"].dtype == torch.int64
    found = masks.mean(hidden, (1, 1), like=sent[0])
    assert torch.equal(flatten(sent[0]), flatten(update(1, torch.float32)))
    for name, tensor in updates.mean(sent, (1, 1)).items():
        torch.testing.assert_close(found[name], tensor)


def test_the_largest_sum_still_fits():
    edge = [{"weight": torch.full((3,), value, dtype=torch.float64)} for value in (2.0**21, 2.0**21)]
    for sign in (1, -1):
        sent = [updates.scaled(one, sign) for one in edge]
        found = masks.mean(masks.masked(sent, (1, 1), dice()), (1, 1), like=sent[0])
        assert torch.equal(found["weight"], sent[0]["weight"])


@pytest.mark.parametrize("value", [2.0**21, -1e12, float("inf"), float("nan")])
def test_what_does_not_fit_is_refused(value: float):
    large = {"weight": torch.tensor([1.0, value])}
    words = "hold sums of up to 4,194,304, and .* lower the local learning rate or take .* turn secure aggregation off"
    with pytest.raises(Refusal, match=words):
        masks.masked([large, large], (1, 2), dice())


def _correlation(one: Update, other: Update) -> float:
    return float(torch.corrcoef(torch.stack([flatten(one), flatten(other)]))[0, 1].abs())


def _by_chance() -> float:
    return 4 / flatten(SENT[0]).numel() ** 0.5
