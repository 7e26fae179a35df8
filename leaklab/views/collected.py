"""Several runs to take home at once: one JSON, one table as CSV, one sheet of their last pictures as PNG."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from leaklab.experiments.frame import Frame
from leaklab.views import export, strips
from leaklab.views.gallery import Card

_TILE, _GAP = 96, 8  # pixels of the sheet: the least of a picture, and between two
_NOTHING = 200  # the grey of a picture that is not there


@dataclass(frozen=True)
class Taken:
    """One run as it goes out: its card, its settings without anything private, its numbers, its last pictures."""

    card: Card
    settings: Mapping[str, Any]
    frames: Sequence[Frame]
    truth: np.ndarray | None = None
    rebuilt: np.ndarray | None = None

    @property
    def caption(self) -> str:
        """What stands in this run's row of the sheet, in words."""
        if self.rebuilt is None:
            return "no picture was kept"
        by = f" by {self.card.facts.attack}" if self.card.facts.attack else ""
        left = "left grey, " if self.truth is None else "left the private photographs, "
        return f"{left}right what was rebuilt{by}: {self.card.verdict or self.card.status}"


def record(runs: Sequence[Taken], missing: Sequence[str]) -> str:
    """Return settings and numbers of several runs as one JSON, and a sentence for each that could not be had."""
    held = [_about(one.card) | json.loads(export.record(one.settings, one.frames)) for one in runs]
    return json.dumps({"runs": held, "missing": list(missing)}, indent=1, allow_nan=False)


def table(runs: Sequence[Taken]) -> str:
    """Return a table with a row a run as CSV; its last column says what the sheet shows in the same row."""
    written = io.StringIO()
    rows = [_about(one.card) | {"row of the sheet": row, "picture": one.caption} for row, one in enumerate(runs, 1)]
    heads = list(rows[0]) if rows else ["id"]
    writer = csv.DictWriter(written, heads)
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def sheet(runs: Sequence[Taken]) -> bytes:
    """Return the last pictures of several runs as one PNG, a row each: the private photographs, and what came back."""
    rows = [tuple(_board(picture) for picture in (one.truth, one.rebuilt)) for one in runs]
    widths = [max((row[side].shape[1] for row in rows), default=_TILE) for side in (0, 1)]
    heights = [max(board.shape[0] for board in row) for row in rows]
    page = np.full((sum(heights) + _GAP * (len(rows) + 1), sum(widths) + 3 * _GAP, 3), 255, np.uint8)
    top = _GAP
    for row, height in zip(rows, heights, strict=True):
        for board, left in zip(row, (_GAP, widths[0] + 2 * _GAP), strict=True):
            page[top : top + board.shape[0], left : left + board.shape[1]] = board
        top += height + _GAP
    return strips.png(page)


def _about(card: Card) -> dict[str, Any]:
    made = datetime.fromtimestamp(card.created, UTC).isoformat(timespec="seconds")
    return {
        "id": card.key, "title": card.title, "page": card.facts.page, "attack": card.facts.attack,
        "network": card.facts.network, "state": card.status, "psnr": card.psnr, "seconds": round(card.seconds, 2),
        "made": made, "verdict": card.verdict,
    }  # fmt: skip


def _board(picture: np.ndarray | None) -> np.ndarray:
    if picture is None:
        return np.full((_TILE, _TILE, 3), _NOTHING, np.uint8)
    factor = max(1, round(_TILE / picture.shape[0]))
    return strips.mosaic(picture, len(strips.squares(picture)), factor=factor, gap=factor)
