"""Photographs a visitor uploads: shrunk on arrival to a small PNG in text, everything else about them dropped."""

import base64
import binascii
import io

import numpy as np
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from leaklab.images.prepare import to_image
from leaklab.images.squares import opened, squared
from leaklab.settings import Refusal

MEGABYTES = 20  # the largest upload that is looked at


def shrink(raw: bytes, size: int = 64) -> str:
    """Return an uploaded photograph as base64 of a PNG: the middle square, at most `size` pixels a side.

    What may identify the visitor (EXIF, comments, colour profiles) is left behind.
    Raises: Refusal, when the upload is empty, too large, no picture, damaged or unpacks to too much.
    """
    if not raw:
        raise Refusal("This file is empty: choose a JPEG, PNG, GIF, WebP, BMP, TIFF or AVIF.")
    if len(raw) > MEGABYTES * 1_000_000:
        raise Refusal(
            f"This file has {len(raw) / 1e6:.0f} MB, and at most {MEGABYTES} MB are taken: choose a smaller copy of it."
        )
    image = opened(io.BytesIO(raw), 4 * size)
    small = squared(image, min(size, *image.size))
    return _written(small)


def decode(text: str, size: int, *, grey: bool = False) -> Float[Tensor, "c h w"]:
    """Return a photograph that `shrink` wrote, as numbers in [0, 1] at the size asked for.

    Raises: Refusal, when the text is not such a photograph.
    """
    what = "One of the uploaded photographs"
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refusal(f"{what} was changed on its way: upload it again.") from error
    return to_image(squared(opened(io.BytesIO(raw), what=what), size), grey=grey)


def placeholder(number: int, size: int, *, grey: bool = False) -> Float[Tensor, "c h w"]:
    """Return a drawn landscape that stands in for a photograph that is not here; each number's sun is elsewhere."""
    rows, columns = np.mgrid[0:64, 0:64] / 63.0
    hue = 0.5 + 0.5 * np.cos(2 * np.pi * (0.618 * number + np.array([0.62, 0.45, 0.3])))
    picture = (0.45 + 0.25 * hue) + 0.25 * rows[..., None]
    picture[(rows - 0.27) ** 2 + (columns - 0.2 - 0.6 * (0.618 * number % 1)) ** 2 < 0.12**2] = (1.0, 0.93, 0.6)
    picture[rows > 0.45 + 1.1 * abs(columns - 0.66)] = (0.42, 0.45, 0.5)
    picture[rows > 0.6 + 0.9 * abs(columns - 0.3)] = (0.25, 0.28, 0.33)
    return to_image(squared(Image.fromarray((picture.clip(0, 1) * 255).astype(np.uint8)), size), grey=grey)


def _written(image: Image.Image) -> str:
    # A fresh picture made of the pixels alone cannot carry any metadata along.
    bare, buffer = Image.fromarray(np.asarray(image)), io.BytesIO()
    bare.save(buffer, format="PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()
