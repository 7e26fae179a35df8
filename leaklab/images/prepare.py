"""From pictures to images as the networks see them, and from images back to bytes that can be shown."""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor


def to_image(picture: Image.Image | np.ndarray, *, grey: bool = False) -> Float[Tensor, "c h w"]:
    """Return an RGB picture as numbers in [0, 1]: three channels, or one when grey is asked for."""
    picture = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    array = np.asarray(picture.convert("L" if grey else "RGB"), dtype=np.float32) / 255
    return torch.from_numpy(array[None].copy() if grey else array.transpose(2, 0, 1).copy())


def to_uint8(images: Float[Tensor, "n c h w"]) -> UInt8[np.ndarray, "n h w 3"]:
    """Return images as RGB bytes, clipped to [0, 1]; what is not a number turns black."""
    finite = images.detach().float().nan_to_num(nan=0.0, posinf=1.0, neginf=0.0)
    array = (finite.clamp(0, 1) * 255).round().to(torch.uint8).cpu()
    return array.expand(-1, 3, -1, -1).permute(0, 2, 3, 1).contiguous().numpy()


def side_by_side(images: Float[Tensor, "n c h w"]) -> UInt8[np.ndarray, "h nw 3"]:
    """Return images as one wide picture in RGB bytes, in their order from left to right."""
    return np.concatenate(list(to_uint8(images)), axis=1)
