"""Several attacks on one observation, aligned by evaluations: which picture each had, and what it was worth.

An evaluation is one look at the loss and its gradient, the only coin that all attacks pay in.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from leaklab.experiments.frame import Frame
from leaklab.views import strips
from leaklab.views.enhance import heated
from leaklab.views.strips import Picture

_LADDERS = ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,))  # the finest that is not too long is taken
_SCORES = {"psnr": ("PSNR", "{:+.1f} dB"), "ssim": ("SSIM", "{:+.3f}")}
_TABLE = {
    "PSNR": ("psnr", "{:.1f} dB"), "SSIM": ("ssim", "{:.3f}"), "loss": ("loss", "{:.2e}"),
    "evaluations": ("evaluations", "{:.0f}"),
}  # fmt: skip
_RESTARTS = re.compile(r"(\d+ of \d+) restarts? recovered")
_OUTCOME = re.compile(r"^(.*?) (?:in|after) [\d.]+ (?:s|min)\b")


@dataclass(frozen=True)
class Row:
    """One attack as far as it has come: its title, and its frames, which need no pictures."""

    title: str
    frames: Sequence[Frame]
    stopped: bool = False  # whether nothing more will come although it has not ended

    @property
    def begun(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.frames)

    @property
    def over(self) -> bool:
        """Whether the attack has ended."""
        return self.begun and self.frames[-1].final

    @property
    def end(self) -> int:
        """How many evaluations it has taken."""
        return spent(self.frames[-1]) if self.frames else 0

    def place(self, mark: int) -> int:
        """Return the number of the frame that was the newest at so many evaluations; before the first, the first."""
        return max((n for n, frame in enumerate(self.frames) if spent(frame) <= mark), default=0)

    def at(self, mark: int) -> Frame:
        """Return the frame that was the newest at so many evaluations."""
        return self.frames[self.place(mark)]


def spent(frame: Frame) -> int:
    """Return how many evaluations an attack had taken at a frame."""
    return int(frame.scalars.get("evaluations", 0))


def marks(rows: Sequence[Row], most: int) -> tuple[int, ...]:
    """Return the evaluations at which all rows are shown: log-spaced, at most so many, the last end among them."""
    end = max((row.end for row in rows), default=0)
    for ladder in _LADDERS:
        found = sorted({*(rung for rung in _rungs(ladder, end) if rung < 0.9 * end), end})
        if len(found) <= most:
            return tuple(found)
    return tuple(found[n] for n in strips.pick(len(found), most))


def caption(row: Row, mark: int) -> str:
    """Say what a row shows at so many evaluations: how many its picture took, and what it is worth."""
    if not row.begun:
        return "nothing yet"
    frame, psnr = row.at(mark), row.at(mark).scalars.get("psnr")
    taken = f"{spent(frame):,} evaluation{'s' * (spent(frame) != 1)}"
    if mark > row.end:
        taken = f"{'ended after' if row.over or row.stopped else 'so far'} {taken}"
    return f"{taken} · {_decibels(psnr)}"


def alt(row: Row, mark: int) -> str:
    """Say in words what the picture of a row is."""
    return f"Reconstruction by {row.title}: {caption(row, mark)}"


def difference(one: Picture, other: Picture) -> Picture:
    """Return a heat map of how far two pictures are from each other: black where they are the same."""
    far = np.abs(one.astype(np.int16) - other).mean(-1, keepdims=True)
    return heated(far.round().astype(np.uint8))


def deltas(one: Row, other: Row, mark: int) -> str:
    """Say by how much the second of two rows is above the first at so many evaluations."""
    first, second = one.at(mark).scalars, other.at(mark).scalars
    said = [
        f"{title} {form.format(second[key] - first[key])}".replace("-", "−")
        for key, (title, form) in _SCORES.items()
        if _known(first.get(key)) and _known(second.get(key))
    ]
    losses = first.get("loss"), second.get("loss")
    if all(map(_known, losses)) and losses[0] > 0:
        said.append(f"loss × {losses[1] / losses[0]:.2g}")
    return " · ".join(said)


def table(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Return what every attack came to, a column each: there are few of them, so that it fits on a telephone."""
    return {"": [*_TABLE, "seconds", "evaluations a second", "starts recovered", "verdict"]} | {
        row.title: _column(row) for row in rows
    }


def outcome(row: Row) -> str:
    """Return what an attack came to, in a word or a few; empty before it has ended."""
    found = _OUTCOME.match(row.frames[-1].note) if row.over else None
    return found[1] if found else ""


def won(row: Row) -> bool:
    """Return whether an attack has recovered every photograph."""
    return outcome(row).startswith(("Recovered", "All"))


def headline(rows: Sequence[Row], seed: int) -> str:
    """Say in a sentence which of the attacks succeeded; empty before all have ended."""
    if not rows or not all(row.over for row in rows):
        return ""
    successes = [row for row in rows if won(row)]
    first = min(successes, key=lambda row: row.end, default=None)
    told = f"{len(successes)} of {len(rows)} attacks recovered everything"
    if first is not None:
        told += f"; the fewest evaluations took {first.title}: {first.end:,}"
    return f"{told}. One seed ({seed}) proves little: press New seed and see whether it stays so."


def record(rows: Sequence[Row], settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings and every number of all attacks as plain values; what is not finite is None."""
    attacks = [
        {
            "title": row.title, "outcome": outcome(row), "note": row.frames[-1].note if row.begun else "",
            "moments": [
                {"seconds": frame.seconds} | {name: v if _known(v) else None for name, v in frame.scalars.items()}
                for frame in row.frames
            ],
        }
        for row in rows
    ]  # fmt: skip
    return {"settings": settings, "attacks": attacks}


def _rungs(ladder: Sequence[float], end: int) -> Iterator[int]:
    for power in count():
        for step in ladder:
            if (rung := step * 10**power) > end:
                return
            yield int(rung)


def _decibels(psnr: float | None) -> str:
    return f"{psnr:.1f} dB" if _known(psnr) else "– dB"


def _written(row: Row, key: str, form: str) -> str:
    value = row.frames[-1].scalars.get(key)
    return form.format(value) if _known(value) else "–"


def _column(row: Row) -> list[str]:
    if not row.begun:
        return ["–"] * (len(_TABLE) + 4)
    seconds = row.frames[-1].seconds
    pace = f"{row.end / seconds:.0f}" if seconds > 0 else "–"
    scores = [_written(row, key, form) for key, form in _TABLE.values()]
    return [
        *scores,
        f"{seconds:.1f}",
        pace,
        _starts(row),
        outcome(row) or ("ended early" if row.stopped else "going on"),
    ]


def _starts(row: Row) -> str:
    """Return how many of an attack's independent starts recovered the photographs."""
    if not row.over:
        return "–"
    several = _RESTARTS.search(row.frames[-1].note)
    return several[1] if several else f"{int(won(row))} of 1"


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
