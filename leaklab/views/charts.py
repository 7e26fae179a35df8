"""Charts of a verdict, as ECharts options: how close the reconstruction is beside what needs no attack at all."""

from collections.abc import Mapping

from leaklab.views.options import Option, axis, chart, finite, rounded
from leaklab.views.palette import ink


def bars(values: Mapping[str, float | None], *, unit: str, emphasised: str, dark: bool = False) -> Option:
    """Draw a horizontal bar a name, in the order given from the top; the emphasised one in colour and bold.

    A value that is missing or not finite keeps its row and has no bar.
    """
    colours = ink(dark)
    drawn = chart(dark=dark) | {"legend": {"show": False}, "grid": _grid()}
    # "category" counts from the bottom up.
    drawn["xAxis"] = axis(unit, colours) | {"splitLine": {"show": True, "lineStyle": {"color": colours.hairline}}}
    words = {"color": colours.words, "fontSize": 13}
    drawn["yAxis"] = {
        "type": "category",
        "inverse": True,
        "data": list(values),
        "axisLabel": words,
        "axisTick": {"show": False},
    }
    drawn["tooltip"]["trigger"] = "item"
    drawn["series"] = [
        {
            "type": "bar",
            "barMaxWidth": 26,
            "label": {"show": True, "position": "right", "color": colours.words, "fontSize": 13},
            "data": [_bar(name, value, name == emphasised, dark) for name, value in values.items()],
        }
    ]
    return drawn


def bars_alt(values: Mapping[str, float | None], *, unit: str, emphasised: str) -> str:
    """Say in a sentence where the emphasised value stands among the others."""
    value = finite(values.get(emphasised))
    others = {
        name: number for name, held in values.items() if name != emphasised and (number := finite(held)) is not None
    }
    if value is None:
        return f"{emphasised}: no finite value."
    if not others:
        return f"{emphasised}: {value:.3g} {unit}."
    nearest = max(others, key=lambda name: others[name])
    way = "above" if value > others[nearest] else "not above"
    return f"{emphasised}: {value:.3g} {unit}, {way} the best of the others ({nearest}, {others[nearest]:.3g} {unit})."


def _grid() -> Option:
    return {"left": 8, "right": 48, "top": 8, "bottom": 26, "containLabel": True}


def _bar(name: str, value: float | None, emphasised: bool, dark: bool) -> Option:
    colours = ink(dark)
    shown = finite(value)
    return {
        "name": name,
        "value": rounded(shown),
        "itemStyle": {"color": colours.line(0) if emphasised else f"{colours.quiet}99"},
        "label": {"fontWeight": "bold" if emphasised else "normal"},
    }
