"""Epsilon against opacus run directly, closed forms, and everything of which opacus complains."""

import math
import warnings

import pytest
from opacus.accountants import GaussianAccountant, PRVAccountant, RDPAccountant
from opacus.accountants.accountant import IAccountant
from scipy.optimize import brentq
from scipy.stats import norm

from leaklab.evaluation.privacy import Accountant, epsilon, loose
from leaklab.settings import Refusal

ACCOUNTANTS: dict[Accountant, type[IAccountant]] = {
    "rdp": RDPAccountant, "prv": PRVAccountant, "gdp": GaussianAccountant,
}  # fmt: skip
EVERY = pytest.mark.parametrize("accountant", ACCOUNTANTS)


def spent(noise: float = 1.0, rate: float = 1.0, steps: int = 1, delta: float = 1e-5, by: Accountant = "rdp") -> float:
    return epsilon(noise_multiplier=noise, sample_rate=rate, steps=steps, delta=delta, accountant=by)


def directly(noise: float, rate: float, steps: int, delta: float, by: Accountant) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        accountant = ACCOUNTANTS[by]()
        for _ in range(steps):
            accountant.step(noise_multiplier=noise, sample_rate=rate)
        return float(accountant.get_epsilon(delta))


def exact(noise: float, delta: float) -> float:
    """Return the epsilon of one normal mechanism on everybody (Balle and Wang 2018, theorem 8)."""

    def missing(found: float) -> float:
        near, far = 0.5 / noise - found * noise, -0.5 / noise - found * noise
        return norm.cdf(near) - math.exp(found) * norm.cdf(far) - delta

    return brentq(missing, 0, 100)


@EVERY
@pytest.mark.parametrize(
    ("noise", "rate", "steps", "delta"),
    [(1.0, 1.0, 1, 1e-5), (1.1, 0.02, 50, 1e-5), (2.0, 0.5, 20, 1e-3), (5.0, 0.1, 7, 1e-6)],
)
def test_it_is_what_opacus_says(accountant: Accountant, noise: float, rate: float, steps: int, delta: float):
    found = spent(noise, rate, steps, delta, accountant)
    assert found == pytest.approx(directly(noise, rate, steps, delta, accountant), rel=1e-12) and found > 0


def test_no_accountant_promises_more_than_is_true_of_a_single_step():
    truth = exact(2.0, 1e-5)
    for accountant in ("rdp", "prv"):
        assert truth <= spent(2.0, by=accountant) <= 1.2 * truth
    assert spent(2.0, by="prv") < spent(2.0)


@EVERY
def test_more_noise_fewer_steps_and_smaller_shares_promise_more(accountant: Accountant):
    middle = spent(1.0, 0.1, 20, by=accountant)
    for noise, rate, steps in ((2.0, 0.1, 20), (1.0, 0.1, 10), (1.0, 0.05, 20)):
        assert spent(noise, rate, steps, by=accountant) < middle < spent(1.0, 0.1, 20, 1e-6, accountant)


@EVERY
def test_without_noise_there_is_no_promise_and_without_a_step_nothing_to_promise(accountant: Accountant):
    assert spent(0.0, by=accountant) == math.inf
    assert spent(0.0, steps=0, by=accountant) == 0 == spent(1.0, rate=0.0, by=accountant)


@EVERY
@pytest.mark.parametrize("noise", [1e-300, 1e-6, 0.02, 500.0, 1e12, math.inf])
@pytest.mark.parametrize(("rate", "steps"), [(1e-6, 1), (0.01, 3000), (1.0, 1)])
def test_nothing_that_opacus_complains_of_comes_through(accountant: Accountant, noise: float, rate: float, steps: int):
    found = spent(noise, rate, steps, by=accountant)  # warnings are errors here
    assert found >= 0 and found == spent(noise, rate, steps, by=accountant)
    assert found <= spent(noise, rate, steps) + 0.011  # the bound of the first accountant always holds


def test_where_the_others_have_no_answer_the_first_stands():
    with pytest.raises(ValueError, match="different signs"):
        directly(0.1, 0.5, 200, 1e-5, "gdp")
    assert spent(0.01, 0.01, by="prv") == spent(0.01, 0.01) > 5000  # where the grid's exponentials run over
    assert spent(0.1, 0.5, 200, by="gdp") == spent(0.1, 0.5, 200, by="prv") == spent(0.1, 0.5, 200) > 300


def test_noise_too_small_for_numbers_is_none_and_too_large_counts_as_a_thousand():
    assert math.isinf(spent(9e-4)) and math.isfinite(spent(2e-3))
    assert spent(1e7) == spent(math.inf) == spent(1e3)


@pytest.mark.parametrize("delta", [0.0, 1.0, -1e-5, 2.0, math.nan, math.inf])
def test_a_delta_that_is_no_chance_is_refused(delta: float):
    with pytest.raises(Refusal, match="δ = .* is not allowed: .* more than 0 and less than 1; choose one far below"):
        spent(delta=delta)


@pytest.mark.parametrize(
    ("noise", "rate", "steps", "sentence"),
    [
        (-1.0, 1.0, 1, "noise multiplier of -1 "), (math.nan, 1.0, 1, "noise multiplier of nan "),
        (1.0, 1.5, 1, "sample rate of 1.5 "), (1.0, math.nan, 1, "sample rate of nan "), (1.0, 1.0, -1, "-1 steps "),
    ],
)  # fmt: skip
def test_numbers_that_make_no_sense_are_refused(noise: float, rate: float, steps: int, sentence: str):
    with pytest.raises(Refusal, match=sentence):
        spent(noise, rate, steps)


def test_a_delta_is_loose_from_one_in_n_on():
    assert loose(0.1, 10) and loose(0.5, 3) and not loose(0.09, 10) and not loose(1e-5, 60_000)
    assert loose(1e-5, 100_000)
