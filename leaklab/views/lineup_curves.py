"""Curves of several attacks against what they have cost: likeness and loss, over evaluations or over seconds."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Literal

from leaklab.experiments.frame import Frame
from leaklab.views.lineup import Row, spent
from leaklab.views.options import Option, Point, Stroke, axis, chart, finite, line, positive
from leaklab.views.palette import DASHES, ink

Against = Literal["evaluations", "seconds"]

_PATTERNS = (*DASHES, "dashdot")  # one for each attack: four lines cannot be told apart by three
_UNITS = {"psnr": "PSNR (dB)", "ssim": "SSIM", "loss": "loss (log scale)"}
_GRID = 240  # places at which all lines are read


def stroke(number: int, *, dark: bool) -> Stroke:
    """Return how an attack's line is drawn, in every drawing."""
    return Stroke(ink(dark).line(number), _PATTERNS[number % len(_PATTERNS)], width=3)


def curves(rows: Sequence[Row], key: str, against: Against, *, dark: bool = False) -> Option:
    """Draw one score or the loss of all attacks, a line each, which ends where the attack does."""
    colours = ink(dark)
    drawn = chart(dark=dark)
    drawn["xAxis"] = axis(against, colours)
    drawn["yAxis"] = axis(_UNITS[key], colours, side="left", log=key == "loss")
    places = _grid(rows, against)
    for number, row in enumerate(rows):
        drawn["series"].append(line(row.title, _points(row, key, against, places), stroke(number, dark=dark)))
    return drawn


def curves_alt(rows: Sequence[Row], key: str, against: Against) -> str:
    """Say in a sentence where every line ends, the best first."""
    told = [
        (
            value if key == "loss" else -value,
            f"{row.title} {value:.3g} after {_cost(row.frames[-1], against):g} {against}",
        )
        for row in rows
        if row.begun and (value := finite(row.frames[-1].scalars.get(key))) is not None
    ]
    name = _UNITS[key].partition(" ")[0]
    return f"{name} at the end, best first: {'; '.join(said for _, said in sorted(told))}." if told else "Nothing yet."


def _grid(rows: Sequence[Row], against: Against) -> list[float]:
    """Return the places at which some attack had something new, thinned, every end among them."""
    found = sorted({_cost(frame, against) for row in rows for frame in row.frames})
    step = -(-len(found) // _GRID) or 1
    return sorted({*found[::step], *(_cost(row.frames[-1], against) for row in rows if row.begun)})


def _points(row: Row, key: str, against: Against, places: Sequence[float]) -> list[Point]:
    """Return what an attack had at each place between its first frame and its last."""
    if not row.begun:
        return []
    shown: Callable[[float | None], float | None] = positive if key == "loss" else finite
    costs = [_cost(frame, against) for frame in row.frames]
    inside = [place for place in places if costs[0] <= place <= costs[-1]]
    return [(x, shown(row.frames[bisect_right(costs, x) - 1].scalars.get(key))) for x in inside]


def _cost(frame: Frame, against: Against) -> float:
    return spent(frame) if against == "evaluations" else round(frame.seconds, 2)
