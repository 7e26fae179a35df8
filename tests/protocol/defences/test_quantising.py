"""Fewer bits: QSGD is right in the mean and on its grid, rounding is off by half a step, signs are signs."""

import math

import pytest
import torch
from torch.func import grad, vmap

from leaklab.protocol.defences import QSGD, Defence, Sign, Uniform
from leaklab.protocol.updates import Update, norm
from leaklab.settings import Refusal
from tests.scene import dice

ROW = torch.tensor([0.9, -0.31, 0.05, 0.0, -1.7, 0.6], dtype=torch.float64)
SCALES = pytest.mark.parametrize("scale", ["norm", "max"])


def sent(defence: Defence, row: torch.Tensor = ROW, seed: int = 0) -> torch.Tensor:
    return defence.protect({"row": row}, dice(seed))["row"]


def longest(scale: str, row: torch.Tensor = ROW) -> float:
    return math.sqrt(float(row.square().sum())) if scale == "norm" else float(row.abs().max())


# QSGD


@SCALES
@pytest.mark.parametrize("levels", [1, 4, 100])
def test_dice_are_right_in_the_mean(scale: str, levels: int):
    generator, draws = dice(), 3000
    rows = [QSGD(levels=levels, scale=scale).protect({"row": ROW}, generator)["row"] for _ in range(draws)]
    away = torch.stack(rows).mean(0) - ROW
    assert away.abs().max() < 5 * longest(scale) / levels / 2 / math.sqrt(draws)  # five times a die's spread, at most


@SCALES
@pytest.mark.parametrize("levels", [1, 3, 16])
def test_values_lie_on_the_grid_next_to_where_they_were(scale: str, levels: int):
    for seed in range(20):
        row = sent(QSGD(levels=levels, scale=scale), seed=seed)
        steps = row * levels / longest(scale)
        assert (steps - steps.round()).abs().max() < 1e-12 and steps.abs().max() <= levels
        assert (row - ROW).abs().max() < longest(scale) / levels
        assert ((row == 0) | (row.sign() == ROW.sign())).all()


def test_measured_by_the_largest_number_that_one_stays():
    assert all(sent(QSGD(levels=3, scale="max"), seed=seed)[4] == pytest.approx(-1.7) for seed in range(20))


@SCALES
def test_a_number_by_itself_stays_but_for_rounding_and_never_goes_a_level_beyond(scale: str):
    numbers = {str(place): number for place, number in enumerate(torch.rand(4000, generator=dice(1)).split(1))}
    found = QSGD(levels=65_535, scale=scale).protect(numbers, dice())
    levels = torch.cat([65_535 * found[name].double() / numbers[name].double() for name in numbers])
    assert levels.min() > 65_534 - 0.1 and levels.max() < 65_535 + 0.1


@SCALES
def test_zeros_stay_zeros(scale: str):
    assert torch.equal(sent(QSGD(scale=scale), torch.zeros(3)), torch.zeros(3))


def test_every_tensor_has_a_scale_of_its_own():
    update = {"small": torch.full((4,), 1e-6), "large": torch.full((4,), 1e3)}
    found = QSGD(levels=1, scale="max").protect(update, dice())
    assert all(torch.allclose(found[name], update[name]) for name in update)


# Rounding


@pytest.mark.parametrize("bits", [2, 3, 8, 16])
def test_rounded_numbers_lie_on_the_grid_and_are_off_by_half_a_step_at_most(bits: int):
    step = 1.7 / (2 ** (bits - 1) - 1)
    row = sent(Uniform(bits=bits))
    assert (row / step - (row / step).round()).abs().max() < 1e-9
    assert (row - ROW).abs().max() <= step / 2 + 1e-12 and row[4] == pytest.approx(-1.7)
    assert len((row / step).round().unique()) <= 2**bits - 1
    assert torch.allclose(sent(Uniform(bits=bits), row), row, rtol=1e-12)  # what is rounded stays


def test_two_bits_are_three_values():
    assert sent(Uniform(bits=2)).tolist() == pytest.approx([1.7, 0, 0, 0, -1.7, 0])
    assert torch.equal(sent(Uniform(bits=2), torch.zeros(3)), torch.zeros(3))


def test_a_dummy_that_would_be_rounded_to_what_was_seen_is_not_told_from_it():
    defence = Uniform(bits=4)
    seen, step = sent(defence), 1.7 / 7
    for seed in range(20):
        dummy = ROW + step * torch.randn(6, generator=dice(seed), dtype=torch.float64)
        found = defence.imitate({"row": dummy}, {"row": seen})["row"]
        right = (dummy / step).round() == (seen / step).round()
        assert torch.equal(right, (found - seen).abs() < 1e-12) and (seed > 5 or not right.all())
        beyond = (dummy - seen).abs() - step / 2
        assert torch.allclose((found - seen).abs()[~right], beyond[~right], rtol=1e-9)
        assert torch.equal((found - seen).sign()[~right], (dummy - seen).sign()[~right])


def test_the_slope_through_the_dead_zone_is_nothing_inside_and_one_outside():
    seen = {"row": torch.tensor([1.0, 0.0, 0.0])}
    slope = grad(lambda row: Uniform(bits=2).imitate({"row": row}, seen)["row"].sum())(torch.tensor([1.2, -0.4, 0.7]))
    assert slope.tolist() == [0, 0, 1]


# Signs


def test_signs_are_one_or_minus_one_and_nothing_counts_as_one():
    assert sent(Sign(scale="one")).tolist() == [1, -1, 1, 1, -1, 1]
    assert sent(Sign(scale="one"), torch.tensor([-0.0, 0.0])).tolist() == [1, 1]


def test_signs_may_carry_the_mean_size_of_their_tensor():
    update = {"row": ROW, "other": torch.tensor([2.0, -4.0])}
    found = Sign(scale="mean").protect(update, dice())
    assert torch.allclose(found["row"], sent(Sign(scale="one")) * ROW.abs().mean())
    assert found["other"].tolist() == [3, -3]


@pytest.mark.parametrize("scale", ["one", "mean"])
def test_training_that_ran_away_does_not_hide_behind_signs(scale: str):
    assert sent(Sign(scale=scale), torch.tensor([1.0, math.nan]))[1].isnan()


def away(defence: Sign, dummy: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    """Return the squared distance between what was seen and the dummy as it would have been sent."""
    return (defence.imitate({"row": dummy}, {"row": seen})["row"] - seen).square().sum()


@pytest.mark.parametrize("scale", ["one", "mean"])
def test_a_dummy_is_at_no_distance_exactly_where_all_its_signs_are_right(scale: str):
    defence = Sign(scale=scale)
    seen = sent(defence)
    assert away(defence, ROW, seen) == 0 == away(defence, seen * torch.arange(1, 7), seen)
    for place in range(6):
        wrong = seen * torch.ones(6).index_fill(0, torch.tensor([place]), -0.1)
        share = 0.1**2 / (5 + 0.1**2)  # of the dummy's squared length, in the wrong direction
        assert float(away(defence, wrong, seen)) == pytest.approx(share * float(seen.square().sum()))


def test_the_size_of_a_dummy_does_not_matter():
    defence, dummy = Sign(), -ROW.roll(1)
    assert float(away(defence, dummy, sent(defence))) == pytest.approx(float(away(defence, 1e6 * dummy, sent(defence))))


def test_downhill_leads_towards_the_signs_that_were_seen():
    defence, seen = Sign(), sent(Sign())
    dummies = torch.stack([seen, seen * torch.tensor([1, -0.1, 1, 1, 1, -0.2])])
    slopes = vmap(grad(lambda dummy: away(defence, dummy, seen)))(dummies)
    assert not slopes[0].any() and (slopes[1] * seen < 0).all()
    assert slopes[1][[1, 5]].abs().min() > slopes[1][[0, 2, 3, 4]].abs().max()  # most where they are wrong


def test_a_dummy_of_nothing_has_no_wrong_signs_and_finite_slopes():
    update: Update = {"row": torch.zeros(6, dtype=torch.float64)}
    assert float(norm(update)) == 0 == float(away(Sign(), update["row"], sent(Sign())))
    assert grad(lambda dummy: away(Sign(), dummy, sent(Sign())))(update["row"]).isfinite().all()


@pytest.mark.parametrize(
    ("kind", "knob", "value"),
    [(QSGD, "levels", 0), (QSGD, "levels", -4), (QSGD, "levels", math.nan), (QSGD, "scale", "mean"),
     (Uniform, "bits", 1), (Uniform, "bits", 17), (Uniform, "bits", math.nan), (Sign, "scale", "max")],
)  # fmt: skip
def test_what_cannot_be_is_refused(kind: type[Defence], knob: str, value: object):
    with pytest.raises(Refusal, match=f"{knob}: Input should be .* .got {value!r}"):
        kind.read({knob: value})
