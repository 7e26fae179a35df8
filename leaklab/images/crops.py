"""Crops of the album: many pictures out of few, each somewhere else in its photograph."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from leaklab.images.photos import picture
from leaklab.images.squares import squared

LOOKS = 48  # of one picture that `look` tells apart
_LEAST = 0.5  # of a photograph's side; less shows no more of its subject
_SIDE = 128  # pixels a side that are cut from: one size for all small images, so that each file is read once

Square = UInt8[np.ndarray, "side side 3"]


def crops(keys: Sequence[str], size: int, drawn: Float[Tensor, "n 3"]) -> list[Square]:
    """Return a square out of each photograph of the album that is named, half its side or more.

    What is drawn, from 0 to 1, says how large each square is and where it lies across and down.
    Raises: Refusal, when there is no such photograph or its package is not there.
    """
    side = max(_SIDE, 2 * size)
    return [_crop(picture(key, side), size, *shares) for key, shares in zip(keys, drawn.tolist(), strict=True)]


def look(square: Square, number: int) -> Square:
    """Return one of 48 looks of a picture: itself, mirrored, turned, its colours exchanged, light and dark swapped."""
    mirrored = square[:, ::-1] if number % 2 else square
    coloured = np.roll(np.rot90(mirrored, number // 2 % 4), number // 8 % 3, axis=2)
    return 255 - coloured if number // 24 % 2 else coloured


def _crop(whole: UInt8[np.ndarray, "whole whole 3"], size: int, share: float, across: float, down: float) -> Square:
    side = round(len(whole) * (_LEAST + (1 - _LEAST) * share))
    room = len(whole) - side
    return np.array(squared(Image.fromarray(whole), size, box=(round(room * across), round(room * down), side)))
