"""From any picture file to an upright square of RGB: the one door through which photographs come in.

Imports no torch, so that a page can show photographs before torch is loaded.
"""

from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from leaklab.settings import Refusal

MEGAPIXELS = 50  # the most a picture may unpack to
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF")  # no EPS or the like: those run programs

Box = tuple[int, int, int]  # left, top and side of a square, in pixels of the upright picture


def read_square(file: IO[bytes] | Path, size: int, *, box: Box | None = None, what: str = "This file") -> Image.Image:
    """Return one square of a picture file, upright, as RGB of the size asked for.

    Raises: Refusal, when the file is no picture, damaged or too big to unpack.
    """
    margin = None if box else 4 * size
    return squared(opened(file, margin, what=what), size, box=box)


def opened(file: IO[bytes] | Path, needed: int | None = None, *, what: str = "This file") -> Image.Image:
    """Return a picture file decoded and upright: the first frame of an animation.

    When only `needed` pixels a side are wanted, a large JPEG is decoded at a fraction of its size.
    Raises: Refusal, when the file is no picture, damaged or too big to unpack.
    """
    try:
        image = Image.open(file, formats=FORMATS)
    except FileNotFoundError as error:
        raise Refusal(f"{what} is no longer there.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refusal(_too_big(what)) from error
    except Exception as error:  # a hostile header can make a decoder raise anything
        reason = "is not a picture leaklab can read" if isinstance(error, UnidentifiedImageError) else "is damaged"
        raise Refusal(f"{what} {reason}: choose a JPEG, PNG, GIF, WebP, BMP, TIFF or AVIF.") from error
    if image.width * image.height > MEGAPIXELS * 1_000_000:
        raise Refusal(_too_big(what, image))
    try:
        if needed:
            image.draft(image.mode, (needed, needed))
        image.load()
        return _resizable(ImageOps.exif_transpose(image))
    except Exception as error:  # so can hostile or missing pixels
        raise Refusal(f"{what} is cut off or damaged and cannot be decoded: choose another copy of it.") from error


def squared(image: Image.Image, size: int, *, box: Box | None = None) -> Image.Image:
    """Return the square at a box, or the largest one in the middle, resized with antialiasing and made RGB.

    A picture that already is a square of that size keeps every pixel.
    """
    left, top, side = box or _middle(image)
    square = (left, top, left + side, top + side)
    return _flattened(image.resize((size, size), Image.Resampling.LANCZOS, box=square))


def _middle(image: Image.Image) -> tuple[float, float, int]:
    side = min(image.size)
    return (image.width - side) / 2, (image.height - side) / 2, side


def _resizable(image: Image.Image) -> Image.Image:
    """Return a picture as eight bits of grey or RGB, with alpha where it has any: modes that can be averaged."""
    if image.mode.startswith(("I", "F")):
        values = np.nan_to_num(np.asarray(image, dtype=np.float64)).clip(0)
        top = max(65535.0 if image.mode.startswith("I") else 1.0, values.max())
        return Image.fromarray((values * (255 / top)).round().astype(np.uint8))
    if image.mode in ("L", "LA", "RGB", "RGBA"):
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _flattened(image: Image.Image) -> Image.Image:
    """Return a picture as RGB, what is transparent laid on white."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _too_big(what: str, image: Image.Image | None = None) -> str:
    pixels = f"{image.width} x {image.height}" if image else f"more than {MEGAPIXELS} million"
    mend = f"choose a smaller copy of it (at most {MEGAPIXELS} million pixels are taken)."
    return f"{what} would unpack to {pixels} pixels: {mend}"
