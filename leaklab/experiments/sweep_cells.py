"""The cells of a sweep: what each attack came to, what several seeds make of a cell, and what changed most."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from statistics import median, median_low

from leaklab.evaluation.verdict import RECOVERED
from leaklab.experiments.frame import Frame

_LOWEST, _MEDIAN = 0, 1  # where they stand in a spread
_LITTLE = 1.0  # dB; less than this is no change worth a sentence

_ONE_SEED = (
    "Each cell is one attack with one seed, and another seed moves it: with three seeds or more the spread is shown."
)


@dataclass(frozen=True)
class Cell:
    """One attack of the grid: at which values of the axes, with which seed, and what it came to."""

    x: int  # number of the first axis's value
    y: int  # number of the second one's; 0 where there is none
    seed: int  # number of the repeat
    psnr: float  # not a number where the attack could not be carried out
    ssim: float
    seconds: float
    truth: int  # number of the private photographs, which differ where their size or number does

    @property
    def picture(self) -> str:
        """The name of its reconstruction among a frame's pictures."""
        return f"cell.{self.x}.{self.y}.{self.seed}"


@dataclass(frozen=True)
class Spread:
    """What several seeds come to at one place of the grid: the middle attack, and how far the others are from it."""

    middle: Cell  # by its PSNR; of an even number the lower of both
    psnr: tuple[float, float, float]  # lowest, median, highest
    ssim: tuple[float, float, float]
    seeds: int
    seconds: float  # of all of them together


@dataclass(frozen=True)
class Named:
    """An axis in words."""

    title: str
    values: Sequence[str]


def series(found: Sequence[Cell]) -> dict[str, list[float]]:
    """Return cells as the series of a frame, one list a column."""
    return {field.name: [float(getattr(one, field.name)) for one in found] for field in fields(Cell)}


def cells(frame: Frame) -> list[Cell]:
    """Return the cells a frame holds."""
    columns = (frame.series.get(field.name, []) for field in fields(Cell))
    rows = zip(*columns, strict=True)
    return [Cell(int(x), int(y), int(seed), *scores, int(truth)) for x, y, seed, *scores, truth in rows]


def spreads(found: Sequence[Cell]) -> dict[tuple[int, int], Spread]:
    """Return what the seeds of every place of the grid came to, where any could be attacked."""
    places: dict[tuple[int, int], list[Cell]] = {}
    for one in found:
        if math.isfinite(one.psnr):
            places.setdefault((one.x, one.y), []).append(one)
    return {place: _spread(held) for place, held in places.items()}


def order(width: int, height: int, seeds: int) -> Iterator[tuple[int, int, int]]:
    """Yield (x, y, seed) of every attack: the corners first, then ever finer between them, seed after seed."""
    across, down = _ranks(width), _ranks(height)
    places = [(x, y) for y in range(height) for x in range(width)]
    places.sort(key=lambda place: (max(across[place[0]], down[place[1]]), across[place[0]] + down[place[1]]))
    for seed in range(seeds):
        yield from ((x, y, seed) for x, y in places)


def verdict(axes: Sequence[Named], found: Sequence[Cell], *, seeds: int) -> str:
    """Say in one sentence which axis changed most and how much, and beneath it what to make of a single seed."""
    held = spreads(found)
    if not held:
        return "No attack of this sweep could be carried out."
    if seeds > 1 and all(len(axis.values) == 1 for axis in axes):
        return _luck([one.psnr for one in found if math.isfinite(one.psnr)])
    swings, lowest = (
        sorted((_swing(axis, number, held, end) for number, axis in enumerate(axes)), key=lambda one: -one.size)
        for end in (_MEDIAN, _LOWEST)
    )
    apart = median(high - low for low, _, high in (one.psnr for one in held.values()))
    told = _told(swings, lowest[0], apart, seeds)
    best = max(held.values(), key=lambda one: one.psnr[1]).middle
    where = " and ".join(_at(axis, (best.x, best.y)[number]) for number, axis in enumerate(axes))
    told += f"; best is {where} with {best.psnr:.1f} dB." if len(axes) > 1 else "."
    return told if seeds > 1 else f"{told}\n{_ONE_SEED}"


def _luck(scores: Sequence[float]) -> str:
    """Say how many seeds of one setting came through, and how far apart they are."""
    through, spread = sum(score >= RECOVERED for score in scores), f"{min(scores):.1f} to {max(scores):.1f} dB"
    return f"{through} of {len(scores)} seeds recovered: PSNR {spread}, {median_low(scores):.1f} dB in the middle."


@dataclass(frozen=True)
class _Swing:
    """How much an axis changes: between which of its values, by the median over everything else."""

    axis: Named
    size: float
    low: tuple[int, float]
    high: tuple[int, float]

    @property
    def told(self) -> str:
        ends = sorted((self.low, self.high))  # as they stand on the axis
        return " to ".join(f"{value:.1f} dB at {self.axis.values[at]}" for at, value in ends)


def _told(swings: Sequence[_Swing], worst: _Swing, apart: float, seeds: int) -> str:
    first = swings[0]
    if max(first.size, worst.size) < _LITTLE:
        names = " and ".join(swing.axis.title for swing in swings)
        return f"{names} changed next to nothing: at most {first.size:.1f} dB of PSNR"
    if seeds > 1 and worst.size > max(first.size, apart):
        return (
            f"{worst.axis.title} changed the worst of {seeds} seeds most: from {worst.told}, while medians differ by "
            f"at most {first.size:.1f} dB"
        )
    if seeds > 1 and first.size <= apart:
        return (
            f"{first.axis.title} changed PSNR by {first.size:.1f} dB, from {first.told}, which is no more than seeds "
            f"of one setting differ ({apart:.1f} dB)"
        )
    others = "".join(f", against {swing.size:.1f} dB for {_small(swing.axis.title)}" for swing in swings[1:])
    most = "changed most" if len(swings) > 1 else "changed PSNR"
    among = f", while seeds of one setting differ by {apart:.1f} dB" if seeds > 1 else ""
    return f"{first.axis.title} {most}: from {first.told}{others}{among}"


def _swing(axis: Named, number: int, held: dict[tuple[int, int], Spread], end: int) -> _Swing:
    lines: dict[int, list[float]] = {}
    for place, one in held.items():
        lines.setdefault(place[number], []).append(one.psnr[end])
    medians = sorted(((at, median(values)) for at, values in lines.items()), key=lambda one: one[1])
    return _Swing(axis, medians[-1][1] - medians[0][1], medians[0], medians[-1])


def _spread(held: Sequence[Cell]) -> Spread:
    middle = median_low(one.psnr for one in held)
    chosen = next(one for one in held if one.psnr == middle)
    psnr, ssim = ([getattr(one, name) for one in held] for name in ("psnr", "ssim"))
    return Spread(
        chosen, (min(psnr), middle, max(psnr)), (min(ssim), median_low(ssim), max(ssim)), len(held),
        sum(one.seconds for one in held),
    )  # fmt: skip


def _ranks(count: int) -> list[int]:
    """Return for each of some values in which round it comes: the ends first, then what halves the gaps."""
    ranks = {0: 0, count - 1: 0}
    gaps, round_ = [(0, count - 1)], 1
    while gaps:
        middles = [((low + high) // 2, low, high) for low, high in gaps if high - low > 1]
        ranks |= {middle: round_ for middle, _, _ in middles}
        gaps, round_ = [gap for middle, low, high in middles for gap in ((low, middle), (middle, high))], round_ + 1
    return [ranks[number] for number in range(count)]


def _at(axis: Named, number: int) -> str:
    return f"{_small(axis.title)} = {axis.values[number]}"


def _small(title: str) -> str:
    return title[0].lower() + title[1:] if title[1:2].islower() else title
