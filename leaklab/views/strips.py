"""Pictures of a run in order: chosen, enlarged, set beside the private photograph, or packed into one atlas.

Pictures are uint8 `(h, n·w, 3)`, the n tiles of a batch side by side; every enlargement is by whole pixels, so what
is shown is what was scored.
"""

import base64
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import UInt8

from leaklab.experiments.frame import Frame

Picture = UInt8[np.ndarray, "_ _ 3"]
Decibels = tuple[float | None, ...]  # one an image; None where there is no finite number

_INK, _QUIET, _PAPER = (47, 45, 43), (104, 98, 85), 255
_LABEL_WIDTH = 48  # room for "private" and for an iteration of five digits
_ROW_LIMIT = 8192  # an atlas wider than this begins a new row: browsers refuse very wide images


@dataclass(frozen=True)
class Film:
    """The pictures of one run in order, with what is written under them and the private photographs beside them."""

    truth: Picture | None  # None when the photograph may not be shown
    pictures: tuple[Picture, ...]
    iterations: tuple[int, ...]
    psnr: tuple[Decibels, ...]
    tiles: int = 1

    def chosen(self, most: int) -> "Film":
        """Return at most so many of the moments, log-spaced, the first and the last among them."""
        kept = pick(len(self.pictures), most)
        pictures, iterations = (tuple(held[i] for i in kept) for held in (self.pictures, self.iterations))
        return replace(self, pictures=pictures, iterations=iterations, psnr=tuple(self.psnr[i] for i in kept))

    def mean_psnr(self, moment: int) -> float | None:
        """Return the mean PSNR over the images at one moment, None when none is finite."""
        finite = [value for value in self.psnr[moment] if value is not None]
        return sum(finite) / len(finite) if finite else None


def film(frames: Iterable[Frame]) -> Film:
    """Return the film of a run's frames: the last one of each iteration that has a picture."""
    frames = list(frames)
    truth = next((frame.pictures["truth"] for frame in frames if "truth" in frame.pictures), None)
    shown = list({_iteration(frame): frame for frame in frames if "reconstruction" in frame.pictures}.values())
    scored = next((frame.series["psnr"] for frame in frames if frame.series.get("psnr")), [0.0])
    return Film(
        truth=truth,
        pictures=tuple(frame.pictures["reconstruction"] for frame in shown),
        iterations=tuple(_iteration(frame) for frame in shown),
        psnr=tuple(tuple(map(_finite, frame.series.get("psnr", []))) for frame in shown),
        tiles=len(scored),
    )


def _iteration(frame: Frame) -> int:
    return int(frame.scalars.get("iteration", frame.index))


def pick(count: int, most: int) -> list[int]:
    """Return at most `most` of the indices below `count`, log-spaced and rising, the first and the last among them."""
    most = min(count, most)
    if most < 2:
        return [count - 1] * most
    kept: list[int] = []
    for wanted in np.geomspace(1, count, most).round().astype(int):
        kept.append(max(int(wanted) - 1, kept[-1] + 1) if kept else 0)
    return kept


def affordable(picture: Picture, pixels: int = 160_000) -> int:
    """Return how many such pictures fit into a budget of pixels, at least two: noise packs at three bytes a pixel."""
    height, width = picture.shape[:2]
    return max(2, pixels // (height * width))


def png(picture: Picture) -> bytes:
    """Return a picture as PNG, which loses nothing (JPEG shows noise 12 dB off)."""
    from PIL import Image

    written = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(written, "PNG", compress_level=3)
    return written.getvalue()


def uri(data: bytes) -> str:
    """Return a PNG as an address that carries it."""
    return "data:image/png;base64," + base64.b64encode(data).decode()


def atlas(pictures: Sequence[Picture]) -> bytes:
    """Return pictures of one size as one PNG at native size: side by side, in rows once a row would be too wide."""
    height, width = pictures[0].shape[:2]
    columns = min(len(pictures), max(1, _ROW_LIMIT // width))
    sheet = np.zeros((math.ceil(len(pictures) / columns) * height, columns * width, 3), np.uint8)
    for index, picture in enumerate(pictures):
        row, column = divmod(index, columns)
        _paste(sheet, picture, row * height, column * width)
    return png(sheet)


def enlarge(picture: Picture, factor: int) -> Picture:
    """Return a picture with every pixel as a square of `factor` pixels."""
    return picture.repeat(factor, axis=0).repeat(factor, axis=1)


def split(picture: Picture, tiles: int) -> list[Picture]:
    """Return the tiles of a picture, left to right."""
    return np.split(picture, tiles, axis=1)


def squares(picture: Picture) -> list[Picture]:
    """Return the tiles of a picture whose tiles are as wide as they are high."""
    return split(picture, picture.shape[1] // picture.shape[0])


def mosaic(picture: Picture, tiles: int, *, factor: int = 1, gap: int = 1) -> Picture:
    """Return the tiles of a picture as a near-square grid, each enlarged, with a gap of white between them."""
    parts = [enlarge(part, factor) for part in split(picture, tiles)]
    height, width = parts[0].shape[:2]
    columns = grid_columns(tiles)
    rows = math.ceil(tiles / columns)
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), _PAPER, np.uint8)
    for index, part in enumerate(parts):
        row, column = divmod(index, columns)
        _paste(sheet, part, row * (height + gap), column * (width + gap))
    return sheet


def grid_columns(tiles: int) -> int:
    """Return in how many columns a batch is shown: as near a square as a full rectangle allows."""
    least = math.ceil(math.sqrt(tiles))
    return next((columns for columns in range(least, 2 * least) if tiles % columns == 0), least)


def strip(shown: Film, *, most: int = 10, tile: int = 96) -> Picture:
    """Return a labelled strip: the private photographs, then each image over the iterations, an image a row."""
    shown = shown.chosen(most)
    columns = [] if shown.truth is None else [(shown.truth, "private")]
    columns += [(picture, f"{number}") for picture, number in zip(shown.pictures, shown.iterations, strict=True)]
    height, width = columns[0][0].shape[0], columns[0][0].shape[1] // shown.tiles
    factor = max(1, tile // max(height, width))
    cell_h, cell_w, gap = height * factor, max(width * factor, _LABEL_WIDTH), 4
    aside = 0 if shown.truth is None else 16  # sets the private column apart
    lefts = [gap + index * (cell_w + gap) + (aside if index else 0) for index in range(len(columns))]
    sheet = np.full((shown.tiles * (cell_h + gap) + gap + 40, lefts[-1] + cell_w + gap, 3), _PAPER, np.uint8)
    for left, (picture, _) in zip(lefts, columns, strict=True):
        for row, part in enumerate(split(picture, shown.tiles)):
            _paste(sheet, enlarge(part, factor), gap + row * (cell_h + gap), left)
    below, middles = len(sheet) - 40, [left + width * factor // 2 for left in lefts]
    words = [Word(x, below + 12, label) for x, (_, label) in zip(middles, columns, strict=True)]
    numbered = middles[1:] if aside else middles
    words.append(Word((numbered[0] + numbered[-1]) // 2, below + 30, "iteration", size=12, quiet=True))
    return lettered(sheet, words)


@dataclass(frozen=True)
class Word:
    """A few words on a picture, centred on a point."""

    x: int
    y: int
    text: str
    size: int = 14
    quiet: bool = False


def lettered(sheet: Picture, words: Iterable[Word]) -> Picture:
    """Return a copy of a picture with words written on it."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.fromarray(sheet)
    draw = ImageDraw.Draw(image)
    for word in words:
        font = ImageFont.load_default(word.size)
        draw.text((word.x, word.y), word.text, fill=_QUIET if word.quiet else _INK, font=font, anchor="mm")
    return np.asarray(image)


def _paste(sheet: Picture, picture: Picture, top: int, left: int) -> None:
    sheet[top : top + picture.shape[0], left : left + picture.shape[1]] = picture


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
