"""Label recovery drawn, as ECharts options: the bars a gradient shows, and true against recovered counts by method.

Heights are square roots, so that one photograph can be seen beside a hundred; every number is written or in a tooltip.
"""

import math
from collections.abc import Sequence

from leaklab.experiments.frame import Frame
from leaklab.views.options import Option, chart, finite, rounded
from leaklab.views.palette import Ink, ink
from leaklab.views.readings import Reading, right, true_counts

MOST_CLASSES = 40  # drawn beside one another; more could not be told apart on a phone
MOST_BARS = 120

_APART = 0.09  # of an axis's length, at least, between two of its numbers


def shown(frame: Frame, most: int = MOST_CLASSES) -> list[int]:
    """Return the classes to draw: those that occur, the most frequent first, then those that are named wrongly.

    Where they are too many, the ones on which methods err are kept before the others.
    """
    true = true_counts(frame)
    named = [[int(count) for count in counts] for name, counts in frame.series.items() if name.startswith("counts.")]
    errors = [sum(abs(counts[label] - true[label]) for counts in named) for label in range(len(true))]
    there = [label for label in range(len(true)) if true[label] or errors[label]]
    return sorted(there, key=lambda label: (-true[label], -errors[label]))[:most]


def shown_note(frame: Frame, most: int = MOST_CLASSES) -> str:
    """Say that not all classes are drawn; empty when they are."""
    there = len(shown(frame, len(true_counts(frame))))
    return f"Drawn are {most} of the {there} classes that occur or are named, the most frequent first." * (there > most)


def signs(frame: Frame, *, dark: bool = False) -> Option:
    """Draw the last layer's gradient class by class, the lowest first; below zero in colour, true classes dotted."""
    colours, values, true = ink(dark), _seen(frame), true_counts(frame)
    order = _lowest(values)
    drawn = _bare(order, dark=dark) | {"grid": _grid(left=46, bottom=40)}
    heights = {label: _root(values[label]) for label in order}
    low, high = min(0.0, *heights.values()), max(0.0, *heights.values())
    pad = 0.1 * (high - low or 1.0)
    drawn["xAxis"] |= {"name": "classes, the lowest first", "nameLocation": "middle", "nameGap": 26}
    drawn["yAxis"] |= {"min": low - pad, "max": high + pad}
    groups = {"below zero": (colours.line(1), True), "above zero": (f"{colours.quiet}99", False)}
    for name, (colour, below) in groups.items():
        held = [_sign(label, values[label], true[label]) if (values[label] < 0) == below else None for label in order]
        drawn["series"].append(_bars(name, held) | {"itemStyle": {"color": colour}, "stack": "signs"})
    drawn["series"][0]["markLine"] = _numbers_beside(low, high, colours)
    drawn["series"].append(_dots([label for label in order if true[label]], values, true, colours))
    return drawn


def signs_alt(frame: Frame) -> str:
    """Say in a sentence how many classes lie below zero, and how many of the batch they give away."""
    values, true = _seen(frame), true_counts(frame)
    below = {label for label, value in enumerate(values) if value < 0}
    there = {label for label, count in enumerate(true) if count}
    seen = "each of them is a class" if len(below) > 1 else "this one is a class"
    betrayed = f"{len(below & there)} of them are classes" if below - there else seen
    hidden = f"; {len(there - below)} more of its classes hide above zero" if there - below else ""
    if not below:
        return f"No bar lies below zero: all {len(there)} classes of the batch hide."
    lie = "lies" if len(below) == 1 else "lie"
    return f"{len(below)} of {len(values)} bars {lie} below zero, and {betrayed} of the batch{hidden}."


def signs_of(frame: Frame) -> str:
    """Return what the bars are: the gradient of the bias, or of the weights where there is no bias."""
    return "the bias" if "bias" in frame.series else "each class's weights, summed (there is no bias)"


def signs_note(frame: Frame) -> str:
    """Say how to read the bars, and that not all are drawn where they are not."""
    drawn, all_ = len(_lowest(_seen(frame))), len(_seen(frame))
    lowest = f" Drawn are the {drawn} lowest of {all_:,}." if drawn < all_ else ""
    return f"Dots mark the classes that truly are in the batch; heights grow with the square root.{lowest}"


def counts(frame: Frame, key: str, *, dark: bool = False) -> Option:
    """Draw one method's counts over the true ones: outlines are the truth, filled bars what the method says."""
    colours, order, true = ink(dark), shown(frame), true_counts(frame)
    said = frame.series.get(f"counts.{key}")
    found = None if said is None else [int(count) for count in said]
    drawn = _bare(order, dark=dark) | {"grid": _grid(left=6, bottom=22)}
    everything = [max(held) for name, held in frame.series.items() if name == "true" or name.startswith("counts.")]
    drawn["yAxis"] |= {"min": 0, "max": 1.25 * math.sqrt(max(everything))}
    outline = {"color": "transparent", "borderColor": colours.quiet, "borderWidth": 1.5}
    truth = [_count(label, true, found, above=found is None or found[label] <= true[label]) for label in order]
    drawn["series"] = [
        _bars("truth", truth, dark=dark) | {"itemStyle": outline, "barWidth": "80%", "barMaxWidth": 40, "z": 3}
    ]
    if found is not None:
        filled = [_filled(label, true, found, colours) for label in order]
        drawn["series"].append(
            _bars("recovered", filled, dark=dark) | {"barGap": "-90%", "barWidth": "64%", "barMaxWidth": 32}
        )
    return drawn


def true_alt(frame: Frame) -> str:
    """Say in a sentence how the batch is made up."""
    true = true_counts(frame)
    there = sum(count > 0 for count in true)
    return f"{sum(true)} photographs of {there} of {len(true)} classes, the most frequent {max(true)} times."


def counts_alt(frame: Frame, reading: Reading) -> str:
    """Say in a sentence how many labels a method got right, and where it erred most."""
    true, name = true_counts(frame), reading.words["name"]
    if reading.counts is None:
        return f"{name}: no counts."
    errors = {label: found - true[label] for label, found in enumerate(reading.counts) if found != true[label]}
    if not errors:
        return f"{name}: all {sum(true)} labels right."
    worst = max(errors, key=lambda label: abs(errors[label]))
    said = f"class {worst} is named {reading.counts[worst]} times and occurs {true[worst]} times"
    return f"{name}: {right(reading, sum(true))}; {said}."


def _seen(frame: Frame) -> list[float]:
    held = frame.series.get("bias", frame.series.get("rows", ()))
    return [value if finite(value) is not None else 0.0 for value in held]


def _lowest(values: Sequence[float]) -> list[int]:
    return sorted(range(len(values)), key=lambda label: values[label])[:MOST_BARS]


def _root(value: float) -> float:
    return math.copysign(math.sqrt(abs(value)), value)


def _bare(order: Sequence[int], *, dark: bool) -> Option:
    """Return a drawing with a class on each place of its horizontal axis, and no upright axis."""
    colours = ink(dark)
    drawn = chart(dark=dark) | {"legend": {"show": False}}
    drawn["tooltip"]["trigger"] = "item"
    words = {"color": colours.quiet, "fontSize": 12}
    drawn["xAxis"] = {
        "type": "category", "data": [str(label) for label in order], "axisTick": {"show": False},
        "axisLabel": words, "nameTextStyle": words,
        "axisLine": {"onZero": False, "lineStyle": {"color": colours.quiet}},
    }  # fmt: skip
    drawn["yAxis"] = {"type": "value", "show": False}
    return drawn


def _grid(*, left: int, bottom: int) -> Option:
    # ECharts would shrink the panel once more for words that have their room already.
    return {"left": left, "right": 8, "top": 8, "bottom": bottom, "outerBoundsMode": "none"}


def _bars(name: str, data: list[Option | None], *, dark: bool = False) -> Option:
    colours = ink(dark)
    words = {
        "color": colours.words, "fontSize": 12, "position": "top", "distance": 3,
        "textBorderColor": colours.paper, "textBorderWidth": 2,
    }  # fmt: skip
    return {
        "type": "bar", "name": name, "data": data, "barCategoryGap": "15%", "label": words,
        "labelLayout": {"hideOverlap": True}, "emphasis": {"disabled": True},
    }  # fmt: skip


def _sign(label: int, value: float, true: int) -> Option:
    there = f"{true:,} photograph{'s' * (true != 1)} of it" if true else "not in the batch"
    told = f"Class {label}: {value:.3g}<br>{there}"
    return {"value": rounded(_root(value)), "tooltip": {"formatter": told.replace("-", "−")}}


def _dots(there: Sequence[int], values: Sequence[float], true: Sequence[int], colours: Ink) -> Option:
    """Return a dot at the zero line for each class of the batch, on the side its bar leaves free."""
    return {
        "type": "scatter", "name": "truly in the batch", "symbolSize": 7, "itemStyle": {"color": colours.line(0)},
        "emphasis": {"disabled": True}, "z": 4,
        "data": [
            _sign(label, values[label], true[label])
            | {"value": [str(label), 0], "symbolOffset": [0, -7 if values[label] < 0 else 7]}
            for label in there
        ],
    }  # fmt: skip


def _numbers_beside(low: float, high: float, colours: Ink) -> Option:
    """Return lines at zero and at a few round values, written as the values themselves and not as their roots."""
    values = [0.0]
    for end in (low, high):
        for share in (1.0, 0.1, 0.01):
            value = math.copysign(_round_below(end * end * share), end)
            if all(abs(_root(value) - _root(other)) > _APART * (high - low) for other in values):
                values.append(value)
    return {
        "silent": True, "symbol": "none", "lineStyle": {"color": colours.hairline, "type": "solid", "width": 1},
        "data": [
            {
                "yAxis": _root(value), "label": _written(value, colours),
                "lineStyle": {"color": colours.quiet if value == 0 else colours.hairline},
            }
            for value in values
        ],
    }  # fmt: skip


def _written(value: float, colours: Ink) -> Option:
    text = f"{value:g}".replace("-", "−")
    return {"position": "start", "distance": 4, "formatter": text, "color": colours.quiet, "fontSize": 12}


def _round_below(value: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is not beyond a positive value; zero for zero."""
    if value <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(value))
    return max(step * power for step in (1, 2, 5) if step * power <= value * (1 + 1e-9))


def _count(label: int, true: Sequence[int], found: Sequence[int] | None, *, above: bool) -> Option:
    written = true[label] if found is None else found[label]
    return {
        "value": rounded(math.sqrt(true[label])) if true[label] else None,
        "tooltip": {"formatter": _told(label, true, found)},
        "label": {"show": above and bool(written or true[label]), "formatter": f"{written:,}"},
    }  # fmt: skip


def _filled(label: int, true: Sequence[int], found: Sequence[int], colours: Ink) -> Option:
    right = found[label] == true[label]
    return {
        "value": rounded(math.sqrt(found[label])), "tooltip": {"formatter": _told(label, true, found)},
        "itemStyle": {"color": colours.line(0 if right else 1)},
        "label": {"show": found[label] > true[label], "formatter": f"{found[label]:,}"},
    }  # fmt: skip


def _told(label: int, true: Sequence[int], found: Sequence[int] | None) -> str:
    said = "" if found is None else f"<br>recovered: {found[label]:,}"
    return f"Class {label}<br>in the batch: {true[label]:,}{said}"
