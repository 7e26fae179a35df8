"""The cells of a drift: what was measured for each number of clients, of steps and each learning rate, and its laws."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from statistics import fmean, linear_regression, stdev
from typing import Any

from leaklab.experiments.frame import Frame

_FITTED = 3  # learning rates, the smallest ones, through which the exponent is laid

_STILL = (
    "With one client, or after one step, nobody drifts: choose two clients or more and two steps or more to see it."
)
_LENGTHS = (
    "The lemma's factor (K-1)/N is that of the mean over many draws, in which such differences partly cancel; their "
    "lengths follow it only roughly."
)


@dataclass(frozen=True)
class Cell:
    """How far averaged clients end up from the super-client, and what Lemma 1 says of it."""

    clients: int
    steps: int
    lr: float
    images: int  # of all clients together
    divergence: float  # ‖W_fed - W_single‖, its mean over the repeats
    lemma: float  # the lemma's leading term for these very images, its length's mean over the repeats
    law: float  # τ(τ-1) η² (K-1)/N, the scaling the lemma prints: not a length, but what a length is proportional to
    spread: float  # standard deviation of the divergence over the repeats


def cell(clients: int, steps: int, lr: float, *, images: int, found: Sequence[float], second: Sequence[float]) -> Cell:
    """Return the cell of some repeats: the divergence of each, and the length of each second-order bracket.

    Source: Wilson et al. 2025, Lemma 1 and equation 31.
    """
    growth = steps * (steps - 1) * lr**2
    return Cell(
        clients, steps, lr, images, divergence=fmean(found), lemma=growth / 2 * fmean(second),
        law=growth * (clients - 1) / images, spread=_spread(found),
    )  # fmt: skip


def series(found: Sequence[Cell]) -> dict[str, list[float]]:
    """Return cells as the series of a frame, one list a column."""
    return {field.name: [float(getattr(one, field.name)) for one in found] for field in fields(Cell)}


def cells(frame: Frame) -> list[Cell]:
    """Return the cells a frame holds."""
    columns = (frame.series.get(field.name, []) for field in fields(Cell))
    return [
        Cell(int(clients), int(steps), lr, int(images), *rest)
        for clients, steps, lr, images, *rest in zip(*columns, strict=True)
    ]


def outcomes(frame: Frame) -> list[dict[str, Any]]:
    """Return the cells of a frame for JSON, where what is not finite is None."""
    return [{name: _finite(value) for name, value in asdict(one).items()} for one in cells(frame)]


def exponent(found: Sequence[Cell]) -> float:
    """Return the power of the learning rate with which the divergence grows, from the smallest rates measured.

    It is the slope of a straight line in logarithms, its mean over all numbers of clients and steps; not a number
    where fewer than two learning rates say anything.
    """
    small = sorted({one.lr for one in found})[:_FITTED]
    lines: dict[tuple[int, int], dict[float, float]] = {}
    for one in _moving(found):
        if one.lr in small:
            lines.setdefault((one.clients, one.steps), {})[math.log(one.lr)] = math.log(one.divergence)
    slopes = [linear_regression(list(line), list(line.values())).slope for line in lines.values() if len(line) > 1]
    return fmean(slopes) if slopes else math.nan


def ratio(found: Sequence[Cell]) -> float:
    """Return δ(3)/δ(2) at the smallest learning rate, its mean over all numbers of clients.

    It is not a number where these steps were not both taken.
    """
    smallest = min(one.lr for one in found)
    at = {(one.clients, one.steps): one.divergence for one in _moving(found) if one.lr == smallest}
    pairs = [at[clients, 3] / far for (clients, steps), far in at.items() if steps == 2 and (clients, 3) in at]
    return fmean(pairs) if pairs else math.nan


def nearness(found: Sequence[Cell]) -> float:
    """Return divergence / lemma at the smallest learning rate, its mean; not a number where nothing moves."""
    moving = [one for one in _moving(found) if one.lr == min(other.lr for other in found) and one.lemma > 0]
    return fmean(one.divergence / one.lemma for one in moving) if moving else math.nan


def laws(found: Sequence[Cell]) -> dict[str, float]:
    """Return as scalars what could be measured of the laws so far."""
    measured = {"exponent": exponent(found), "ratio": ratio(found), "nearness": nearness(found)}
    return {name: value for name, value in measured.items() if math.isfinite(value)}


def remark(found: Sequence[Cell]) -> str:
    """Return what was measured in a few sentences."""
    crowds = {one.clients for one in _moving(found)}
    told = [*_sentences(laws(found)), *([_LENGTHS] if len(crowds) > 1 else [])]
    return " ".join(told) or _STILL


def _sentences(measured: dict[str, float]) -> Iterator[str]:
    if "exponent" in measured:
        yield f"The divergence grows with the learning rate to the power {measured['exponent']:.2f}; Lemma 1 says 2."
    if "ratio" in measured:
        yield f"After three steps it is {measured['ratio']:.2f} times what it is after two; Lemma 1 says 3."
    if "nearness" in measured:
        yield f"At the smallest learning rate it is {measured['nearness']:.3g} times the lemma's leading term."


def _moving(found: Sequence[Cell]) -> list[Cell]:
    """Return the cells that can drift at all and did, by a finite distance."""
    return [
        one for one in found
        if one.clients > 1 and one.steps > 1 and one.divergence > 0 and math.isfinite(one.divergence)
    ]  # fmt: skip


def _spread(found: Sequence[float]) -> float:
    if not all(map(math.isfinite, found)):
        return math.nan
    return stdev(found) if len(found) > 1 else 0.0


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
