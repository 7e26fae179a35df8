"""A sweep drawn: a heat map with the picture of each cell, curves with bands, and a sheet of all pictures.

The map's colours are those of cividis, which colour-blind eyes order as others do; every cell says its number too.
"""

from collections.abc import Mapping
from html import escape

from leaklab.experiments.sweep_cells import Named, Spread
from leaklab.views.options import Option, Stroke, axis, chart, finite, line, rounded
from leaklab.views.palette import DASHES, ink
from leaklab.views.sweep_grid import METRICS, Grid, Metric, Place, picture, span, told, written

_CIVIDIS = ("#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838")  # evenly apart, ever brighter
_MARKS = ("circle", "rect", "triangle", "diamond", "roundRect")  # told apart without colour
_LEAST: dict[Metric, float] = {"psnr": 5.0, "ssim": 0.2}  # the map spans at least this much: small differences stay so
_SMALL = 72  # pixels, how wide a cell of the sheet is
_TURN = 0.469  # share of the map from which on black words are easier to read than white ones
_NONE = "No cell of this sweep is finished yet."


def heat(grid: Grid, metric: Metric, *, dark: bool = False) -> Option:
    """Draw the median of every place as a colour and a number, and beside the cursor what came back there."""
    drawn, colours = chart(dark=dark), ink(dark)
    low, high = _bounds(grid, metric)
    drawn["grid"] |= {"top": 64, "bottom": 34, "left": 8}
    drawn["tooltip"] |= {"trigger": "item"}
    drawn["legend"]["show"] = False
    drawn["xAxis"] = _categories(grid.across, axis(grid.across.title, colours))
    down = grid.down or Named("", ("",))
    upright = {"inverse": True, "nameLocation": "start"}  # from above to below, as in the sheet
    drawn["yAxis"] = _categories(down, axis(down.title, colours, side="left")) | upright
    drawn["visualMap"] = {
        "min": low, "max": high, "calculable": False, "orient": "horizontal", "top": 0, "right": 4, "itemHeight": 110,
        "itemWidth": 12, "precision": 1 if metric == "psnr" else 2, "inRange": {"color": list(_CIVIDIS)},
        "text": [f"{written(high, metric)}", f"{METRICS[metric]} {written(low, metric)}"],
        "textStyle": {"color": colours.words, "fontSize": 12},
    }  # fmt: skip
    drawn["series"] = [{
        "type": "heatmap", "name": METRICS[metric], "selectedMode": "single",
        "label": {"show": True, "fontSize": 13}, "itemStyle": {"borderColor": colours.paper, "borderWidth": 2},
        "emphasis": {"itemStyle": {"borderColor": colours.words, "borderWidth": 2}},
        "select": {"itemStyle": {"borderColor": colours.words, "borderWidth": 3}},
        "data": [_square(grid, place, one, metric, (low, high)) for place, one in sorted(grid.spreads.items())],
    }]  # fmt: skip
    return drawn


def curves(grid: Grid, metric: Metric, *, dark: bool = False) -> Option:
    """Draw the median against the first knob, a line a value of the second, with a band from worst seed to best."""
    drawn, colours = chart(dark=dark), ink(dark)
    drawn["tooltip"] |= {"trigger": "item"}
    drawn["legend"] |= {"itemStyle": {"opacity": 1}, "data": []}
    drawn["grid"] |= {"top": 58 + 10 * bool(grid.down), "bottom": 34}
    drawn["xAxis"] = _categories(grid.across, axis(grid.across.title, colours)) | {"boundaryGap": False}
    drawn["yAxis"] = axis(METRICS[metric], colours, side="left") | {"scale": True}
    for number, value in enumerate(grid.rows):
        name = f"{grid.down.title} = {value}" if grid.down else METRICS[metric]
        held = {x: one for (x, y), one in sorted(grid.spreads.items()) if y == number}
        colour, mark = colours.line(number), _MARKS[number % len(_MARKS)]
        stroke = Stroke(colour, dash=colours.dash(number) if grid.down else DASHES[0])
        median = line(name, [], stroke) | {"symbol": mark, "symbolSize": 9, "selectedMode": "single"}
        median["data"] = [_dot(grid, (x, number), one, metric) for x, one in held.items()]
        drawn["series"] += [*_band(held, metric, colour, f"band {number}"), median]
        drawn["legend"]["data"].append({"name": name})
    drawn["legend"]["show"] = bool(grid.down)
    return drawn


def alt(grid: Grid, metric: Metric) -> str:
    """Say in a sentence where a sweep came nearest to the photographs, and where it stayed farthest from them."""
    if not grid.spreads:
        return _NONE
    ranked = sorted(grid.spreads, key=lambda place: getattr(grid.spreads[place], metric)[1])
    ends = [f"{span(grid.spreads[place], metric)} at {grid.label(place)}" for place in (ranked[-1], ranked[0])]
    done = len(ranked)
    return f"{METRICS[metric]} of {done} cell{'s' * (done > 1)}: best {ends[0]}; worst {ends[1]}."


def sheet(grid: Grid, metric: Metric) -> str:
    """Return HTML with what came back at every place: a column a value of the first knob, a row one of the second."""
    if not grid.spreads:
        return ""
    down = f" {grid.down.title} ↓" if grid.down else ""
    heads = "".join(f"<th scope='col'>{escape(value)}</th>" for value in grid.across.values)
    table = f"<tr><th>{escape(grid.across.title)} →{escape(down)}</th>{heads}</tr>"
    for y, value in enumerate(grid.rows):
        shown = "".join(_cell(grid, (x, y), metric) for x in range(len(grid.across.values)))
        table += f"<tr><th scope='row'>{escape(value)}</th>{shown}</tr>"
    return (
        '<div class="leaklab-sheet" tabindex="0" role="region" aria-label="Every cell as a picture">'
        f"<table>{table}</table></div>"
    )


def _categories(named: Named, bare: Option) -> Option:
    """Return an axis of values as they were given, each as wide as the next."""
    shown = {"axisLine": {"show": False}, "axisTick": {"show": False}, "splitLine": {"show": False}}
    labels = bare["axisLabel"] | {"interval": 0, "hideOverlap": False}
    return bare | shown | {"type": "category", "data": list(named.values), "axisLabel": labels}


def _bounds(grid: Grid, metric: Metric) -> tuple[float, float]:
    known = [value for one in grid.spreads.values() if (value := finite(getattr(one, metric)[1])) is not None]
    low, high = (min(known), max(known)) if known else (0.0, _LEAST[metric])
    lacking = max(0.0, _LEAST[metric] - (high - low)) / 2
    return rounded(low - lacking), rounded(high + lacking)


def _square(grid: Grid, place: Place, one: Spread, metric: Metric, bounds: tuple[float, float]) -> Option:
    value = getattr(one, metric)[1]
    share = (value - bounds[0]) / (bounds[1] - bounds[0])
    colour = "#ffffff" if share < _TURN else "#000000"  # 4.5:1 on its own ground
    return {
        "value": [*place, rounded(value)], "name": grid.label(place),
        "label": {"formatter": written(value, metric), "color": colour},
        "tooltip": {"formatter": told(grid, place, one)},
    }  # fmt: skip


def _dot(grid: Grid, place: Place, one: Spread, metric: Metric) -> Option:
    value = [place[0], rounded(finite(getattr(one, metric)[1]))]
    return {"value": value, "name": grid.label(place), "tooltip": {"formatter": told(grid, place, one)}}


def _band(held: Mapping[int, Spread], metric: Metric, colour: str, name: str) -> list[Option]:
    """Return two lines that nobody sees and the area between them: from the worst of several seeds to the best."""
    if not any(one.seeds > 1 for one in held.values()):
        return []
    bare = {
        "type": "line", "name": name, "stack": name, "stackStrategy": "all", "symbol": "none", "silent": True,
        "lineStyle": {"opacity": 0}, "tooltip": {"show": False}, "z": 1, "color": colour,
    }  # fmt: skip
    ends = {x: getattr(one, metric) for x, one in held.items()}
    under = bare | {"data": [[x, rounded(low)] for x, (low, _, _) in ends.items()]}
    over = bare | {"data": [[x, rounded(high - low)] for x, (low, _, high) in ends.items()]}
    return [under, over | {"areaStyle": {"color": colour, "opacity": 0.18}}]


def _cell(grid: Grid, place: Place, metric: Metric) -> str:
    one = grid.spreads.get(place)
    if one is None:
        return "<td>–</td>"
    said = f"what came back at {grid.label(place)}, {METRICS[metric]} {span(one, metric)}"
    return f"<td>{picture(grid, one.middle.picture, said, wide=_SMALL)}<br>{span(one, metric)}</td>"
