"""The weights' paths in a plane, as ECharts options: the client's in ink, each simulation of it in a colour of its own.

`names` are the words for each attack by its name in the frames, in the order in which they are drawn. A frame holds
all paths as they were at its moment, and the axes are those of the whole run, so that nothing jumps while it plays.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from leaklab.experiments.frame import Frame
from leaklab.views.options import Option, Point, Stroke, axis, chart, finite, line, rounded
from leaklab.views.palette import ink

Range = tuple[float, float]
Place = tuple[float | None, float | None]
Measure = Literal["straightness", "apart", "psnr"]

_CLIENT = "client"
_SYMBOLS = ("rect", "emptyRect", "diamond", "emptyDiamond")  # told apart without colour; the client's is a circle
_STEP, _END = 6, 13  # pixels of the mark at a step, and at the end of an epoch
_NICE = (1, 2, 3, 5, 10, 20, 50, 100)  # by which the second axis may be drawn larger
_MARGIN = 1.12  # of the drawing beyond its outermost marks
_FLAT = 1e-3  # of the first axis: what is flatter is not drawn any larger
_MEASURES: dict[Measure, str] = {
    "straightness": "1 − cos to the chord", "apart": "distance from the client (chords)", "psnr": "PSNR (dB)",
}  # fmt: skip


def plane(
    frames: Sequence[Frame], names: Mapping[str, str], *, moment: int = -1, aspect: float = 2.0, dark: bool = False
) -> Option:
    """Draw the paths at one moment of a run: dots at steps, larger ones at the ends of epochs, the chord dashed.

    `aspect` is how many times wider than high it will be shown; by it the second axis is enlarged by a round number.
    """
    colours, frame = ink(dark), frames[moment]
    across, up, enlarged = _ranges(frames, aspect)
    drawn = chart(dark=dark)
    # The chord needs no entry: a legend would draw a mark on it, and it is named below.
    entries = ["client", *(words for name, words in names.items() if f"path.{name}.x" in frame.series)]
    drawn["legend"] |= {"itemStyle": {"opacity": 1}, "itemWidth": 24, "itemGap": 8, "data": entries}
    drawn["tooltip"] |= {"trigger": "item", "formatter": "{a}<br/>{b}"}
    much = f", drawn about {enlarged:g} times larger" if enlarged > 1 else ""
    drawn["xAxis"] = _reaching(across, axis("along the chord (dashed), in its lengths", colours))
    drawn["yAxis"] = _reaching(up, axis(f"across the chord{much}", colours, side="left"))
    drawn["series"].append(line("chord", [(0, 0), (1, 0)], Stroke(colours.quiet, "dashed", 1.5, quiet=True)))
    drawn["series"].append(_path(frame, _CLIENT, "client", Stroke(colours.words, width=3.5), "circle"))
    for index, (name, words) in enumerate(names.items()):
        if words in entries:
            stroke = Stroke(colours.line(index), colours.dash(index), width=2)
            drawn["series"].append(_path(frame, name, words, stroke, _SYMBOLS[index % len(_SYMBOLS)]))
    return drawn


def plane_alt(frames: Sequence[Frame], names: Mapping[str, str], *, moment: int = -1) -> str:
    """Say in a sentence how far the client strays from the chord, and who is how far from the client."""
    frame = frames[moment]
    strays = max(abs(y) for _, y in _places(frame, _CLIENT))
    told = f"The client's path leaves the chord by at most {strays:.2g} of its length in this plane."
    away = {words: finite(frame.scalars.get(f"apart.{name}")) for name, words in names.items()}
    known = sorted((value, words) for words, value in away.items() if value is not None)
    if not known:
        return f"{told} No attack has made a guess yet."
    others = ", ".join(f"{value:.2f} for {words}" for value, words in known)
    when = f"After {frame.scalars['iteration']:.0f} iterations"
    return f"{told} {when} the mean distance from it, in all directions, is {others}."


def curve(frames: Sequence[Frame], names: Mapping[str, str], measure: Measure, *, dark: bool = False) -> Option:
    """Draw one measure of every path over the iterations, and beside them that of the client where it has one."""
    colours, drawn = ink(dark), chart(dark=dark)
    drawn["xAxis"] = axis("iteration", colours)
    drawn["yAxis"] = axis(_MEASURES[measure], colours, side="left")
    strokes = {name: Stroke(colours.line(index), colours.dash(index)) for index, name in enumerate(names)}
    if measure == "straightness":
        strokes = {_CLIENT: Stroke(colours.words, width=3.5)} | strokes
    for name, stroke in strokes.items():
        points = _over(frames, f"{measure}.{name}")
        if points:
            drawn["series"].append(line(names.get(name, name), points, stroke))
    return drawn


def curve_alt(frames: Sequence[Frame], names: Mapping[str, str], measure: Measure) -> str:
    """Say in a sentence where the measure of every path ended."""
    shown = {_CLIENT: _CLIENT} | dict(names)
    last = {words: _over(frames, f"{measure}.{name}")[-1:] for name, words in shown.items()}
    told = [f"{words} {points[0][1]:.3g}" for words, points in last.items() if points and points[0][1] is not None]
    return f"{_MEASURES[measure]}: {', '.join(told)}." if told else "Nothing has been measured yet."


def _path(frame: Frame, name: str, words: str, stroke: Stroke, symbol: str) -> Option:
    drawn, epochs = line(words, [], stroke), 0
    for number, (place, end) in enumerate(zip(_places(frame, name), frame.series[f"ends.{name}"], strict=True)):
        epochs += bool(end)
        what = f"end of epoch {epochs}" if end else f"after step {number}" if number else "the weights sent out"
        mark = {"value": [rounded(value) for value in place], "name": what, "symbolSize": _END if end else _STEP}
        drawn["data"].append(mark)
    return drawn | {"symbol": symbol, "showAllSymbol": True, "itemStyle": {"color": stroke.colour}}


def _places(frame: Frame, name: str) -> list[Place]:
    """Return the places of a path; one that has run away to infinity is none."""
    along, across = (frame.series.get(f"path.{name}.{side}", ()) for side in "xy")
    return [(finite(x), finite(y)) for x, y in zip(along, across, strict=True)]


def _ranges(frames: Sequence[Frame], aspect: float) -> tuple[Range, Range, float]:
    """Return what both axes reach over in the whole run, and how much larger the second is drawn."""
    names = {key.removeprefix("path.").removesuffix(".x") for frame in frames for key in frame.series if _leads(key)}
    found = [place for frame in frames for name in names for place in _places(frame, name) if None not in place]
    (left, wide), (low, high) = (_widened([place[side] for place in found]) for side in (0, 1))
    largest = wide / (aspect * max(high, _FLAT * wide))
    if largest < 1:
        wider = high * aspect
        return _around(left + wide / 2, wider), _around(low + high / 2, high), 1
    enlarged = max(nice for nice in _NICE if nice <= largest)
    return (left, left + wide), _around(low + high / 2, wide / aspect / enlarged), enlarged


def _reaching(ends: Range, drawn: Option) -> Option:
    """Return an axis that reaches just so far; where it ends is no round number, and gets no label."""
    drawn["axisLabel"] |= {"showMinLabel": False, "showMaxLabel": False}
    drawn["axisLine"] |= {"onZero": False}  # there is the chord
    return drawn | {"min": rounded(ends[0]), "max": rounded(ends[1])}


def _leads(key: str) -> bool:
    return key.startswith("path.") and key.endswith(".x")


def _widened(values: Sequence[float]) -> tuple[float, float]:
    """Return where an axis over some values begins and how long it is, with a margin on both sides."""
    low, high = min(values), max(values)
    length = _MARGIN * (high - low)
    return (low + high - length) / 2, length


def _around(middle: float, length: float) -> Range:
    return middle - length / 2, middle + length / 2


def _over(frames: Sequence[Frame], key: str) -> list[Point]:
    return [(frame.scalars["iteration"], finite(frame.scalars[key])) for frame in frames if key in frame.scalars]
