"""One attack in several ways drawn: every way's loss, how far it is from the reference's, the pictures, the numbers."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from leaklab.experiments.frame import Frame
from leaklab.experiments.machines import names
from leaklab.experiments.ways import PARTED, REFERENCE
from leaklab.views import strips
from leaklab.views.options import Option, Point, Stroke, axis, chart, line, positive
from leaklab.views.palette import ink

Table = dict[str, list[str]]

_MEASURES = {  # each with its name in a frame and its form; a parting is said in words
    "PSNR (dB)": ("psnr", "{:.1f}"), "parted at iteration": ("parted", None), "iterations": ("iteration", "{:.0f}"),
    "loss": ("loss", "{:.2e}"), "evaluations": ("evaluations", "{:.0f}"), "seconds": ("seconds", "{:.1f}"),
}  # fmt: skip
_LIMIT = f"{PARTED:.0%}: parted"


def losses(frames: Sequence[Frame], *, dark: bool = False) -> Option:
    """Draw the loss on a log scale, a line a way."""
    colours = ink(dark)
    drawn = _empty("loss (log scale)", dark=dark)
    for index, name in enumerate(_names(frames)):
        points = [(frame.scalars["iteration"], positive(frame.scalars[f"loss.{name}"])) for frame in frames]
        # The reference is wide and lies beneath: who still follows it is seen on top of it.
        width = 6 if name == REFERENCE.name else 2
        drawn["series"].append(line(name, points, Stroke(colours.line(index), colours.dash(index), width=width)))
    return drawn


def losses_alt(frames: Sequence[Frame]) -> str:
    """Say in a sentence where every way's loss stands."""
    told = [f"{name} {frames[-1].scalars[f'loss.{name}']:.3g}" for name in _names(frames)]
    return f"Loss at the newest iteration: {'; '.join(told)}." if told else "No loss has been recorded yet."


def apart(frames: Sequence[Frame], *, dark: bool = False) -> Option:
    """Draw how far each way's loss is from the reference's, as a share of it, on a log scale; equal ones are a gap."""
    colours, found = ink(dark), _names(frames)
    drawn = _empty(f"distance from {REFERENCE.name} (log scale)", dark=dark)
    for index, name in enumerate(found):
        if name != REFERENCE.name:
            points = _distances(frames, name)
            drawn["series"].append(line(name, points, Stroke(colours.line(index), colours.dash(index))))
    if frames:
        ends = [(frame.scalars["iteration"], PARTED) for frame in (frames[0], frames[-1])]
        drawn["series"].append(line(_LIMIT, ends, Stroke(colours.quiet, "dotted", width=1.5)))
    return drawn


def apart_alt(frames: Sequence[Frame]) -> str:
    """Say in a sentence how far each way is from the reference, and when it parted."""
    told = []
    for name in _names(frames):
        known = [share for _, share in _distances(frames, name) if share is not None]
        if name != REFERENCE.name:
            how = f"from {known[0]:.0e} to {known[-1]:.0e}" if known else "none"
            told.append(f"{name} {how}, {_parted(frames[-1].scalars, name, over=frames[-1].final)}")
    return f"Distance from {REFERENCE.name}: {'; '.join(told)}." if told else "There is nothing to compare yet."


def table(frame: Frame) -> Table:
    """Return the numbers of all ways, a column a way: there are few of them, so that it fits on a telephone."""
    return {"": list(_MEASURES)} | {name: _column(frame, name) for name in names(frame.scalars)}


def sheet(pictures: Mapping[str, np.ndarray], frame: Frame) -> str:
    """Return HTML that shows the private photographs, and what every way makes of them."""
    cells = [_cell(pictures["truth"], "private", "the private photographs")]
    for name in names(frame.scalars):
        said = f"{name}: {frame.scalars[f'psnr.{name}']:.1f} dB"
        cells.append(_cell(pictures[f"reconstruction.{name}"], said, f"the reconstruction of {said}"))
    return f'<div class="leaklab-board ways">{"".join(cells)}</div>'


def recorded(record: Mapping[str, Any]) -> Table:
    """Return the numbers of a record by column: a row a seed, and for each way where it parted and how it ended."""
    runs = record["runs"]
    found = names(runs[0]["scalars"])
    columns = {"seed": [str(run["seed"]) for run in runs]}
    for name in found:
        columns[f"{name} (dB)"] = [f"{run['scalars'][f'psnr.{name}']:.1f}" for run in runs]
    for name in found:
        if name != REFERENCE.name:
            columns[f"{name} parted"] = [_parted(run["scalars"], name, over=True) for run in runs]
    return columns


def recorded_on(record: Mapping[str, Any]) -> str:
    """Say what was recorded, and on which machine."""
    where = " and ".join(filter(None, (record["processor"], record["gpu"])))
    many = len(record["runs"])
    return f"**Recorded:** *{record['title']}* with {many} seeds, {where}, PyTorch {record['torch']}, {record['when']}."


def has_gpu(record: Mapping[str, Any]) -> bool:
    """Return whether a record has ways of a GPU."""
    return any(name.startswith("cuda") for run in record["runs"] for name in names(run["scalars"]))


def _empty(title: str, *, dark: bool) -> Option:
    drawn, colours = chart(dark=dark), ink(dark)
    drawn["xAxis"] = axis("iteration", colours)
    drawn["yAxis"] = axis(title, colours, side="left", log=True)
    return drawn


def _names(frames: Sequence[Frame]) -> list[str]:
    return names(frames[-1].scalars) if frames else []


def _distances(frames: Sequence[Frame], name: str) -> list[Point]:
    found = [(frame.scalars, frame.scalars[f"loss.{REFERENCE.name}"]) for frame in frames]
    return [(scalars["iteration"], _share(scalars[f"loss.{name}"], reference)) for scalars, reference in found]


def _share(loss: float, reference: float) -> float | None:
    """Return how far apart two losses are, as a share of the larger; None where that is nothing or has no number."""
    larger = max(abs(loss), abs(reference))
    return positive(abs(loss - reference) / larger) if larger and math.isfinite(larger) else None


def _column(frame: Frame, name: str) -> list[str]:
    parted = _parted(frame.scalars, name, over=frame.final)
    return [parted if form is None else form.format(frame.scalars[f"{key}.{name}"]) for key, form in _MEASURES.values()]


def _parted(scalars: Mapping[str, float], name: str, *, over: bool) -> str:
    if name == REFERENCE.name:
        return "–"
    left = scalars.get(f"parted.{name}")
    return f"{left:.0f}" if left is not None else "never" if over else "not yet"


def _cell(picture: np.ndarray, said: str, alt: str) -> str:
    shown = strips.mosaic(picture, len(strips.squares(picture)))
    return (
        f'<figure><div><img src="{strips.uri(strips.png(shown))}" alt="{escape(alt)}"></div>'
        f"<figcaption>{escape(said)}</figcaption></figure>"
    )
