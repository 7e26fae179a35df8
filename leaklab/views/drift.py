"""A drift drawn, as ECharts options: the divergence against learning rate and steps; and as lines for a terminal.

What Lemma 1 says is drawn beside it, thin and dashed. Each drawing has a sentence, for those who do not see it.
"""

import math
from collections.abc import Callable, Iterator, Sequence

from leaklab.experiments.drift_cells import Cell, cells
from leaklab.experiments.frame import Frame
from leaklab.views.options import Option, Stroke, axis, chart, finite, line, positive
from leaklab.views.outcome import table
from leaklab.views.palette import Ink, ink

_LEMMA = "Lemma 1"
_MARKS = ("circle", "rect", "triangle", "diamond")  # told apart without colour
_HEADS = ("clients", "steps", "learning rate", "images", "divergence", "spread", "Lemma 1", "τ(τ-1)η²(K-1)/N")
_NONE = "No divergence has been measured yet."


def rates(frame: Frame) -> list[float]:
    """Return the learning rates a frame has measured, the smallest first."""
    return sorted({one.lr for one in cells(frame)})


def crowds(frame: Frame) -> list[int]:
    """Return the numbers of clients a frame has measured, the smallest first."""
    return sorted({one.clients for one in cells(frame)})


def against_rate(frame: Frame, *, clients: int | None = None, dark: bool = False) -> Option:
    """Draw the divergence of some clients, by default the most, against the learning rate: a line a number of steps.

    Both axes count in powers of ten, so that a power of the learning rate is a straight line and its slope the power.
    """
    colours, held = ink(dark), _of_clients(frame, clients)
    drawn = _bare(colours, dark=dark)
    lengths = [length for one in held for length in (one.divergence, one.lemma) if one.steps > 1]
    drawn["xAxis"] = _decades(axis("learning rate η", colours), [one.lr for one in held])
    drawn["xAxis"]["axisLine"] |= {"onZero": False}  # there a divergence of 1 is
    drawn["yAxis"] = _decades(axis("divergence ‖δ‖", colours, side="left"), lengths)
    for steps in sorted({one.steps for one in held if one.steps > 1}):
        its = sorted((one for one in held if one.steps == steps), key=lambda one: one.lr)
        _add(drawn, f"τ = {steps}", its, colours, place=lambda one, y: (math.log10(one.lr), _log(y)))
    return drawn


def against_rate_alt(frame: Frame, *, clients: int | None = None) -> str:
    """Say in a sentence how the divergence of some clients grows with the learning rate."""
    held = [one for one in _of_clients(frame, clients) if positive(one.divergence) is not None and one.steps > 1]
    if not held:
        return _NONE if not cells(frame) else "One client, or one step, and there is no divergence."
    steps = max(one.steps for one in held)
    its = sorted((one for one in held if one.steps == steps), key=lambda one: one.lr)
    first, last = its[0], its[-1]
    who = f"{_many(first.clients, 'client')} after {_many(steps, 'step')}"
    if len(its) == 1:
        return (
            f"{who}: divergence {first.divergence:.2g} at learning rate {first.lr:g}, Lemma 1 says {first.lemma:.2g}."
        )
    slope = math.log(last.divergence / first.divergence) / math.log(last.lr / first.lr)
    return (
        f"{who}: divergence {first.divergence:.2g} at learning rate {first.lr:g} and {last.divergence:.2g} at "
        f"{last.lr:g}, a slope of {slope:.2f}; Lemma 1 says {first.lemma:.2g} and {last.lemma:.2g}, a slope of 2."
    )


def against_steps(frame: Frame, *, lr: float | None = None, dark: bool = False) -> Option:
    """Draw the divergence at a learning rate, by default the smallest, against the steps: a line a number of clients.

    The axis counts in a power of ten that its name says, since the lengths are tiny.
    """
    colours, held = ink(dark), _at_rate(frame, lr)
    power = _power(held)
    drawn = _bare(colours, dark=dark)
    whole = {"min": min((one.steps for one in held), default=1), "minInterval": 1}
    drawn["xAxis"] = axis("local steps τ", colours) | whole
    drawn["yAxis"] = axis(f"divergence ‖δ‖, in 1e{power:d}", colours, side="left") | {"min": 0}
    for clients in sorted({one.clients for one in held}):
        its = sorted((one for one in held if one.clients == clients), key=lambda one: one.steps)
        _add(drawn, f"K = {clients}", its, colours, place=lambda one, y: (one.steps, _scaled(y, power)))
    return drawn


def against_steps_alt(frame: Frame, *, lr: float | None = None) -> str:
    """Say in a sentence how far each number of clients drifts at a learning rate."""
    held = [one for one in _at_rate(frame, lr) if finite(one.divergence) is not None]
    if not held:
        return _NONE
    last = {one.clients: one for one in sorted(held, key=lambda one: one.steps)}
    told = [
        f"{_many(one.clients, 'client')} {one.divergence:.2g} after {_many(one.steps, 'step')}"
        for _, one in sorted(last.items())
    ]
    return f"Divergence at learning rate {held[0].lr:g}: {'; '.join(told)}."


def summary(title: str, final: Frame) -> Iterator[str]:
    """Yield the lines a person reads in a terminal: a row a cell, and beneath what was measured of the laws."""
    yield title
    yield ""
    yield from table([_HEADS, *map(_row, cells(final))])
    yield ""
    verdict, *others = final.note.split("\n")
    yield verdict
    yield from (f"Note: {line}" for line in others)


def _of_clients(frame: Frame, clients: int | None) -> list[Cell]:
    wanted = max(crowds(frame), default=0) if clients is None else clients
    return [one for one in cells(frame) if one.clients == wanted]


def _at_rate(frame: Frame, lr: float | None) -> list[Cell]:
    wanted = min(rates(frame), default=0.0) if lr is None else lr
    return [one for one in cells(frame) if one.lr == wanted]


def _power(held: Sequence[Cell]) -> int:
    longest = max((one.divergence for one in held if finite(one.divergence) is not None), default=0.0)
    return math.floor(math.log10(longest)) if longest > 0 else 0


def _scaled(value: float, power: int) -> float | None:
    return None if finite(value) is None else value * 10.0**-power


def _log(value: float) -> float | None:
    return None if positive(value) is None else math.log10(value)


def _decades(bare: Option, values: Sequence[float]) -> Option:
    """Return an axis of logarithms that reaches over some values and is marked at whole powers of ten.

    ECharts' own logarithmic axis would write 0.00000001 for 1e-8.
    """
    logs = [log for value in values if (log := _log(value)) is not None]
    bounds = {"min": math.floor(min(logs)), "max": math.ceil(max(logs))} if logs else {}
    return bare | bounds | {"minInterval": 1, "axisLabel": bare["axisLabel"] | {"formatter": "1e{value}"}}


def _bare(colours: Ink, *, dark: bool) -> Option:
    drawn = chart(dark=dark)
    drawn["tooltip"]["trigger"] = "item"
    # Points are few and measured one by one: their marks are shown, in the legend too.
    drawn["legend"] |= {"itemStyle": {"opacity": 1}, "data": []}
    return drawn


def _add(
    drawn: Option, name: str, its: Sequence[Cell], colours: Ink,
    *, place: Callable[[Cell, float], tuple[float, float | None]],
) -> None:  # fmt: skip
    """Add what was measured as a broad pale line with marks, and on it what Lemma 1 says, thin and dashed."""
    index = len(drawn["series"]) // 2
    broad = Stroke(colours.line(index), width=5, opacity=0.35)
    measured = line(name, [place(one, one.divergence) for one in its], broad)
    measured |= {"symbol": _MARKS[index % len(_MARKS)], "symbolSize": 9}
    measured["data"] = [
        {"value": point, "tooltip": {"formatter": _told(one)}}
        for one, point in zip(its, measured["data"], strict=True)
    ]  # fmt: skip
    thin = Stroke(colours.line(index), dash="dashed", width=1.5, quiet=True)
    lemma = line(_LEMMA, [place(one, one.lemma) for one in its], thin) | {"symbol": "none", "z": 4}
    drawn["series"] += [measured, lemma]
    plain = {"name": _LEMMA, "itemStyle": {"opacity": 0}, "lineStyle": {"color": colours.words}}
    drawn["legend"]["data"] = [*drawn["legend"]["data"][:index], {"name": name}, plain]


def _told(one: Cell) -> str:
    lengths = f"divergence {_written(one.divergence)} ± {_written(one.spread)}<br>Lemma 1: {_written(one.lemma)}"
    return f"K = {one.clients}, τ = {one.steps}, η = {one.lr:g}<br>{lengths}"


def _row(one: Cell) -> tuple[str, ...]:
    lengths = (_written(value) for value in (one.divergence, one.spread, one.lemma, one.law))
    return str(one.clients), str(one.steps), f"{one.lr:g}", str(one.images), *lengths


def _written(value: float) -> str:
    return "–" if finite(value) is None else f"{value:.3g}"


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
