"""Privacy in numbers: the epsilon that opacus's accountants make of so much noise, drawn so often."""

import contextlib
import math
import warnings
from functools import lru_cache
from typing import Literal

from leaklab.settings import Refusal

Accountant = Literal["rdp", "prv", "gdp"]

_LEAST, _MOST = 1e-3, 1e3  # noise: below, epsilon is beyond 100,000; above, the series of the accountants no longer end
_SMALLEST = 1e-12  # delta; below, the sums of the PRV accountant drown in rounding
_POINTS = 4e6  # of the grid on which the PRV accountant adds up: some 100 MB, and two seconds
_ERROR = 0.01  # of epsilon, on that grid
_WIDEST = 300.0  # epsilon; towards 700 its exponential is more than a number can be, and the grid says too little

_DELTA = (
    "δ = {:g} is not allowed: it is the chance that the promise does not hold, more than 0 and less than 1; choose one "
    "far below 1/n, such as 1e-5."
)
_NOISE = "A noise multiplier of {:g} is not allowed: choose 0, for no noise, or more."
_RATE = "A sample rate of {:g} is not allowed: it is the share of the data in one step, from 0 to 1."
_STEPS = "{:g} steps are not allowed: choose a whole number, 0 or more."


def epsilon(
    *, noise_multiplier: float, sample_rate: float, steps: int, delta: float, accountant: Accountant = "rdp"
) -> float:
    """Return the ε at a δ of so many steps, each with normal noise on a share drawn at random; infinite without noise.

    Where another accountant has no answer, the bound of Rényi differential privacy stands, which always holds; that
    of Gaussian differential privacy is an approximation and may be too good. More noise than 1,000 counts as 1,000.
    Raises: Refusal, when δ is not between 0 and 1, or another number makes no sense.
    Source: Mironov et al. 2019 (rdp), Gopi et al. 2021 (prv), Dong et al. 2019 (gdp), as implemented in opacus.
    """
    _check(noise_multiplier, sample_rate, steps, delta)
    if steps == 0 or sample_rate == 0:
        return 0.0
    if noise_multiplier < _LEAST:
        return math.inf
    noise = min(float(noise_multiplier), _MOST)
    bound = _renyi(noise, float(sample_rate), steps, delta)
    if accountant == "rdp" or (accountant == "prv" and not _fits(noise, float(sample_rate), steps, delta)):
        return bound
    with _silence(), contextlib.suppress(ValueError, ArithmeticError, RuntimeError):
        found = _other(accountant, (noise, float(sample_rate), steps), delta)
        if math.isfinite(found):
            return max(0.0, found)
    return bound


def loose(delta: float, units: int) -> bool:
    """Return whether a δ is no promise: at 1/n or more, one unit of n may be laid open altogether."""
    return delta * units >= 1


def _check(noise: float, rate: float, steps: float, delta: float) -> None:
    if not 0 < delta < 1:
        raise Refusal(_DELTA.format(delta))
    if not noise >= 0:
        raise Refusal(_NOISE.format(noise))
    if not 0 <= rate <= 1:
        raise Refusal(_RATE.format(rate))
    if not steps >= 0:
        raise Refusal(_STEPS.format(steps))


def _renyi(noise: float, rate: float, steps: int, delta: float) -> float:
    """Return what opacus's RDP accountant says, whose curve in all orders costs more than the rest."""
    from opacus.accountants.analysis.rdp import get_privacy_spent

    orders, curve = zip(*_curve(noise, rate), strict=True)
    with _silence():
        found, _ = get_privacy_spent(orders=list(orders), rdp=[steps * each for each in curve], delta=delta)
    return max(0.0, float(found))


@lru_cache(maxsize=64)
def _curve(noise: float, rate: float) -> tuple[tuple[float, float], ...]:
    """Return the Rényi divergence of one step in every order in which it can be computed; each is a bound by itself."""
    from opacus.accountants import RDPAccountant
    from opacus.accountants.analysis.rdp import compute_rdp

    found = []
    for order in RDPAccountant.DEFAULT_ALPHAS:
        with _silence(), contextlib.suppress(ValueError, ArithmeticError):
            found.append((order, float(compute_rdp(q=rate, noise_multiplier=noise, steps=1, orders=[order])[0])))
    return tuple(found)


def _other(accountant: Accountant, history: tuple[float, float, int], delta: float) -> float:
    from opacus.accountants import GaussianAccountant, PRVAccountant

    ledger = PRVAccountant() if accountant == "prv" else GaussianAccountant()
    ledger.history = [history]  # what `step` called so often would have left there
    return float(ledger.get_epsilon(delta))


def _fits(noise: float, rate: float, steps: int, delta: float) -> bool:
    """Return whether the grid of the PRV accountant fits into memory and into the range of numbers."""
    width = _renyi(noise, rate, steps, delta / 1000)
    points = 2 * width / _ERROR * math.sqrt(steps * math.log(12_000 / delta) / 2)
    return delta >= _SMALLEST and width <= _WIDEST and points <= _POINTS


@contextlib.contextmanager
def _silence():
    """Keep to ourselves what opacus and numpy remark on extreme orders and tiny numbers."""
    import numpy as np

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
