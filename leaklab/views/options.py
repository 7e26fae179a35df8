"""What every ECharts option of ours has in common: ground, axes, lines, and several panels in one drawing.

Options are plain dicts, the JSON that ECharts reads; nothing here needs ECharts or a browser.
"""

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from leaklab.views.palette import Ink, ink

Option = dict[str, Any]
Point = tuple[float, float | None]
Side = Literal["bottom", "left", "right"]

_MOST_POINTS = 300  # a screen shows no more along a line, and a live page sends it anew several times a second


@dataclass(frozen=True)
class Stroke:
    """How a line is drawn; a quiet one is thin and kept out of the tooltip."""

    colour: str
    dash: str = "solid"
    width: float = 2.5
    opacity: float = 1.0
    quiet: bool = False
    right: bool = False  # measured on the right-hand axis


def chart(*, dark: bool) -> Option:
    """Return an empty drawing: its ground, its legend, its tooltip."""
    colours = ink(dark)
    words = {"color": colours.words, "fontSize": 13}
    return {
        "animation": False,
        "backgroundColor": "transparent",
        "textStyle": {"color": colours.words},
        "grid": {"left": 4, "right": 16, "top": 58, "bottom": 26, "containLabel": True},
        "legend": {
            "top": 0, "left": 0, "type": "scroll", "textStyle": words, "itemWidth": 30, "itemStyle": {"opacity": 0},
        },
        "tooltip": {
            "trigger": "axis", "confine": True, "textStyle": words,
            "backgroundColor": colours.paper, "borderColor": colours.quiet,
        },
        "series": [],
    }  # fmt: skip


def axis(name: str, colours: Ink, *, side: Side = "bottom", log: bool = False) -> Option:
    """Return a labelled axis of numbers; the name of an upright one stands level above it, easiest to read there."""
    upright = side != "bottom"
    words = {"color": colours.words, "fontSize": 13} | ({"align": side} if upright else {})
    return {
        "type": "log" if log else "value",
        "name": name,
        "nameLocation": "end" if upright else "middle",
        "nameGap": 14 if upright else 26,
        "nameTextStyle": words,
        "position": side,
        "axisLabel": {"color": colours.quiet, "fontSize": 12, "hideOverlap": True},
        "axisLine": {"show": not upright, "lineStyle": {"color": colours.quiet}},
        "axisTick": {"show": not upright},
        "splitLine": {"show": side == "left", "lineStyle": {"color": colours.hairline}},
    }


def line(name: str, points: Sequence[Point], stroke: Stroke) -> Option:
    """Return a line through some points; a point without a value is a gap."""
    drawn = {"color": stroke.colour, "type": stroke.dash, "width": stroke.width, "opacity": stroke.opacity}
    return {
        "type": "line",
        "name": name,
        "data": [[x, rounded(y)] for x, y in thinned(points)],
        # A mark at every point would hide the line and make every legend entry look alike; one lonely point needs it.
        "symbol": "circle" if len(points) == 1 else "none",
        "symbolSize": 8,
        "color": stroke.colour,
        "lineStyle": drawn,
        "emphasis": {"disabled": True},
        "tooltip": {"show": not stroke.quiet},
        "yAxisIndex": int(stroke.right),
        "z": 2 if stroke.quiet else 3,
    }


def panels(drawings: Mapping[str, Option], *, columns: int, dark: bool) -> Option:
    """Return several drawings as small multiples in one: a titled panel each, one legend, one tooltip."""
    whole = chart(dark=dark) | {"grid": [], "xAxis": [], "yAxis": [], "title": []}
    rows = math.ceil(len(drawings) / columns)
    for index, (title, drawing) in enumerate(drawings.items()):
        row, column = divmod(index, columns)
        # Percentages, since an option cannot know how large it will be drawn.
        left, top = column * 100 / columns, 10 + row * 90 / rows
        place = {"left": f"{left + 2:.4g}%", "top": f"{top + 16 / rows:.4g}%"}
        size = {"width": f"{100 / columns - 4:.4g}%", "height": f"{64 / rows:.4g}%"}
        whole["grid"].append(place | size | {"containLabel": True})
        words = {"color": ink(dark).words, "fontSize": 14}
        whole["title"].append({"text": title, "left": place["left"], "top": f"{top + 2:.4g}%", "textStyle": words})
        _move_in(whole, copy.deepcopy(drawing), index)
    return whole


def _move_in(whole: Option, drawing: Option, index: int) -> None:
    first_y = len(whole["yAxis"])
    for name in ("xAxis", "yAxis"):
        found = drawing[name] if isinstance(drawing[name], list) else [drawing[name]]
        whole[name] += [held | {"gridIndex": index} for held in found]
    for series in drawing["series"]:
        series |= {"xAxisIndex": index, "yAxisIndex": first_y + series.get("yAxisIndex", 0)}
        whole["series"].append(series)


def positive(value: float | None) -> float | None:
    """Return a value a log axis can show, else None: a gap."""
    return value if value is not None and math.isfinite(value) and value > 0 else None


def finite(value: float | None) -> float | None:
    """Return a finite value, else None: a gap."""
    return value if value is not None and math.isfinite(value) else None


def rounded(value: float | None) -> float | None:
    """Return a value to five digits: enough for any screen, and half the bytes."""
    return None if value is None else float(f"{value:.5g}")


def thinned(points: Sequence[Point]) -> Sequence[Point]:
    """Return at most 300 of the points, evenly chosen, the newest always among them."""
    step = math.ceil(len(points) / _MOST_POINTS)
    return points if step <= 1 else [*points[:-1][::step], points[-1]]
