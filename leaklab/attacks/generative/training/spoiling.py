"""Spoil photographs as reconstructions are spoilt: enlarged from fewer pixels, blurred, noisy, blotched.

Every function takes dice of its own kind, so that the same seed spoils the same pictures in the same way.
"""

import torch
from jaxtyping import Float
from torch import Generator, Tensor
from torch.nn import functional

_REACH = 3  # pixels on either side that a blur looks at


def spoilt(images: Float[Tensor, "n c h w"], dice: Generator) -> Float[Tensor, "n c h w"]:
    """Return images with some of the faults of a reconstruction, each fault in most of them, in [0, 1]."""
    images = _some(images, coarse(images, dice), 0.6, dice)
    images = _some(images, blurred(images, 0.4 + 0.8 * _rand(images, dice)), 0.5, dice)
    images = _some(images, blotched(images, 0.3 * _rand(images, dice), dice), 0.5, dice)
    images = _some(images, noisy(images, 0.12 * _rand(images, dice), dice), 0.7, dice)
    return images.clamp(0, 1)


def coarse(images: Float[Tensor, "n c h w"], dice: Generator) -> Float[Tensor, "n c h w"]:
    """Return images as they come back from half as many pixels a side, enlarged in one of two ways."""
    smaller = functional.interpolate(images, scale_factor=0.5, mode="area")
    ways = [
        functional.interpolate(smaller, size=images.shape[2:], mode=mode, align_corners=False)
        for mode in ("bicubic", "bilinear")
    ]
    return _some(*ways, 0.5, dice)


def blurred(images: Float[Tensor, "n c h w"], widths: Float[Tensor, "n 1 1 1"]) -> Float[Tensor, "n c h w"]:
    """Return images seen through a Gaussian of some pixels, one for each image."""
    places = torch.arange(-_REACH, _REACH + 1, device=images.device)
    bells = (-(places**2) / (2 * widths.flatten()[:, None] ** 2)).exp()
    bells = (bells / bells.sum(1, keepdim=True)).repeat_interleave(images.shape[1], 0)[:, None]
    layers = functional.pad(images, (_REACH,) * 4, mode="replicate").flatten(0, 1)[None]
    for kernel in (bells[:, :, None], bells[..., None]):
        layers = functional.conv2d(layers, kernel.to(images), groups=len(bells))
    return layers[0].unflatten(0, images.shape[:2])


def noisy(
    images: Float[Tensor, "n c h w"], spreads: Float[Tensor, "n 1 1 1"], dice: Generator
) -> Float[Tensor, "n c h w"]:  # fmt: skip
    """Return images with Gaussian noise of some spread in every pixel, one spread for each image."""
    return images + spreads * torch.randn(images.shape, generator=dice).to(images)


def blotched(
    images: Float[Tensor, "n c h w"], spreads: Float[Tensor, "n 1 1 1"], dice: Generator
) -> Float[Tensor, "n c h w"]:  # fmt: skip
    """Return images with soft spots of wrong colour, a quarter of a picture wide at most."""
    count, channels, *size = images.shape
    places = [max(1, side // 4) for side in size]
    where = (torch.rand(count, 1, *places, generator=dice) < 0.3).float()
    spots = where * torch.randn(count, channels, *places, generator=dice)
    soft = functional.interpolate(spots, size=size, mode="bicubic", align_corners=False)
    return images + spreads * soft.to(images)


def _some(
    images: Float[Tensor, "n c h w"], changed: Float[Tensor, "n c h w"], share: float, dice: Generator
) -> Float[Tensor, "n c h w"]:  # fmt: skip
    chosen = torch.rand(len(images), 1, 1, 1, generator=dice) < share
    return changed.where(chosen.to(images.device), images)


def _rand(images: Float[Tensor, "n c h w"], dice: Generator) -> Float[Tensor, "n 1 1 1"]:
    return torch.rand(len(images), 1, 1, 1, generator=dice).to(images)
