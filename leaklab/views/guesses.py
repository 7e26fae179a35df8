"""Guesses of a client drawn: how well its own photographs come back under each, beside what only the referee knows."""

import math
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from leaklab.experiments.frame import Frame
from leaklab.views import strips
from leaklab.views.options import Option, Stroke, axis, chart, finite, line
from leaklab.views.palette import ink

_OWN, _ALL = "the client's own photographs", "everybody's, which it cannot know"
_SIDE = 64  # pixels of a picture on the screen


def against_guess(frame: Frame, *, dark: bool = False) -> Option:
    """Draw the PSNR of the client's own photographs against what it has guessed; at the end its choice and the truth.

    Learning rates stand on a logarithmic axis.
    """
    colours, (guessed, name) = ink(dark), _axis(frame)
    drawn = chart(dark=dark)
    # Points are few: their marks are shown, in the legend too.
    drawn["legend"] |= {"itemStyle": {"opacity": 1}}
    drawn["xAxis"] = axis(name, colours, log=_rates(frame)) | {"scale": True, "minInterval": 0 if _rates(frame) else 1}
    drawn["yAxis"] = axis("PSNR (dB)", colours, side="left") | {"scale": True}
    for index, (title, key, mark) in enumerate(((_OWN, "own", "circle"), (_ALL, "all", "rect"))):
        points = [(x, finite(y)) for x, y in zip(guessed, frame.series[key], strict=True)]
        stroke = Stroke(colours.line(index), colours.dash(index), width=1.5 if index else 2.5)
        drawn["series"].append(line(title, points, stroke) | {"symbol": mark, "symbolSize": 7 if index else 10})
    if frame.final:
        drawn["series"] += _outcome(frame, guessed, colours.words)
    return drawn


def alt(frame: Frame) -> str:
    """Say in a sentence how the guesses compare."""
    told = [
        f"{guess:g}: {value:.1f} dB"
        for guess, value in zip(_axis(frame)[0], frame.series["own"], strict=True) if math.isfinite(value)
    ]  # fmt: skip
    return f"The client's own photographs, by its guess. {'; '.join(told)}." if told else "No guess has been tried yet."


def sheet(pictures: Mapping[str, np.ndarray], frame: Frame) -> str:
    """Return HTML that shows the client's first photograph, and what it became under each guess."""
    cells, guessed = [_cell(pictures["own"], "its own", "a photograph of the client's own")], _axis(frame)[0]
    for number, (guess, value) in enumerate(zip(guessed, frame.series["own"], strict=True)):
        if (picture := pictures.get(f"own.guess.{number}")) is not None:
            said = f"{guess:g}: {value:.0f} dB"
            cells.append(_cell(picture, said, f"the same under the guess {said}"))
    return f'<div class="leaklab-board narrow">{"".join(cells)}</div>'


def _rates(frame: Frame) -> bool:
    """Return whether learning rates are guessed, and not numbers of photographs alone."""
    return len(set(frame.series["guess.lr"])) > 1 or len(set(frame.series["guess.images"])) < 2


def _axis(frame: Frame) -> tuple[list[float], str]:
    if _rates(frame):
        return frame.series["guess.lr"], "guessed learning rate (log scale)"
    return frame.series["guess.images"], "guessed number of photographs"


def _outcome(frame: Frame, guessed: Sequence[float], words: str) -> list[Option]:
    """Return the marks of what is true and of what was chosen."""
    chosen, truth = int(frame.scalars["chosen"]), frame.scalars["true.lr" if _rates(frame) else "true.images"]
    found = [value for key in ("own", "all") for value in frame.series[key] if math.isfinite(value)]
    upright = line("the truth", [(truth, min(found)), (truth, max(found))], Stroke(words, "dotted", width=2))
    ring = line("its choice", [(guessed[chosen], finite(frame.series["own"][chosen]))], Stroke(words))
    # An empty circle would be filled with white, on dark ground too.
    bare = {"color": "transparent", "borderColor": words, "borderWidth": 2}
    return [upright, ring | {"symbol": "circle", "symbolSize": 24, "itemStyle": bare}]


def _cell(picture: np.ndarray, said: str, alt: str) -> str:
    first = picture[:, : picture.shape[0]]
    return (
        f'<figure><div><img src="{strips.uri(strips.png(first))}" alt="{escape(alt)}" width="{_SIDE}"></div>'
        f"<figcaption>{escape(said)}</figcaption></figure>"
    )
