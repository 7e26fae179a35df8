"""Several attacks as one picture to keep: a row each, a column for each number of evaluations, with their names."""

from collections.abc import Sequence

import numpy as np

from leaklab.views import strips
from leaklab.views.strips import Picture, Word

_TILE, _GAP = 64, 4  # pixels: a picture's side, about, and what is between two
_LEFT, _FOOT = 170, 34  # room for the titles, and for the evaluations
_LETTERS = 21  # of a title; more would run into the pictures


def sheet(
    truth: Picture, rows: Sequence[tuple[str, Sequence[Picture]]], at: Sequence[int], *, tiles: int = 1
) -> Picture:
    """Return a labelled sheet: the private photographs, then a row an attack, a column a number of evaluations."""
    native = strips.mosaic(truth, tiles)
    factor = max(1, _TILE // native.shape[0])
    high, wide = native.shape[0] * factor, max(native.shape[1] * factor, 48)
    whole = np.full(
        ((len(rows) + 1) * (high + _GAP) + _GAP + _FOOT, _LEFT + len(at) * (wide + _GAP) + _GAP, 3), 255, np.uint8
    )
    words = [
        Word(_LEFT + n * (wide + _GAP) + wide // 2, len(whole) - _FOOT + 8, f"{mark}") for n, mark in enumerate(at)
    ]
    words.append(Word((_LEFT + whole.shape[1]) // 2, len(whole) - 9, "evaluations", size=12, quiet=True))
    for line, (title, pictures) in enumerate([("private", [truth]), *rows]):
        top = _GAP + line * (high + _GAP)
        words.append(
            Word(_LEFT // 2, top + high // 2, title if len(title) <= _LETTERS else f"{title[: _LETTERS - 1]}…")
        )
        for column, picture in enumerate(pictures):
            board = strips.mosaic(picture, tiles, factor=factor, gap=1)[:high, :wide]
            left = _LEFT + column * (wide + _GAP)
            whole[top : top + board.shape[0], left : left + board.shape[1]] = board
    return strips.lettered(whole, words)
