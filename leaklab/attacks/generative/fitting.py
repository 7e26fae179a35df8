"""Lay pictures of any size and colour to the size and colours of what an attacker brings along, and back again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional


class Drawing(Protocol):
    """What is asked of a prior: what its pictures are like."""

    side: int
    channels: int


@dataclass(frozen=True)
class Fit:
    """Pictures of one shape beside those of a prior: where both agree, nothing is touched."""

    shape: tuple[int, int, int]  # of the pictures: channels, height, width
    side: int  # of the prior's pictures, which are square
    channels: int = 3

    @classmethod
    def beside(cls, prior: Drawing, shape: Sequence[int]) -> Self:
        """Return how pictures of a shape (channels, height, width) are laid to those of a prior."""
        return cls(tuple(shape), prior.side, prior.channels)

    def into(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d s s"]:
        """Return pictures as the prior knows them; a grey one has its tone in every colour."""
        coloured = images.expand(-1, self.channels, -1, -1) if images.shape[1] < self.channels else images
        return _resized(coloured, (self.side, self.side))

    def back(self, images: Float[Tensor, "n d s s"]) -> Float[Tensor, "n c h w"]:
        """Return the prior's pictures in the shape asked for; grey is the mean of the colours."""
        wanted = images.mean(1, keepdim=True) if self.shape[0] < self.channels else images
        return _resized(wanted, self.shape[1:])

    @property
    def missing(self) -> list[str]:
        """Return why pictures cannot be laid to the prior, as sentences."""
        if self.shape[0] in {1, self.channels}:
            return []
        return [
            f"The prior draws pictures of {self.channels} channel(s) and the photographs have {self.shape[0]}: "
            "choose a prior in colour, or grey photographs."
        ]

    @property
    def remark(self) -> str:
        """What is to be said of it: that pictures were resized; empty where sizes agree."""
        high, wide = self.shape[1:]
        if high == wide == self.side:
            return ""
        return (
            f"The prior knows pictures of {self.side} x {self.side} pixels: those of {high} x {wide} were resized "
            "to it, and its answer back."
        )


def _resized(images: Tensor, size: tuple[int, int]) -> Tensor:
    high, wide = images.shape[-2:]
    if (high, wide) == tuple(size):
        return images
    if high >= size[0] and wide >= size[1]:
        return functional.interpolate(images, size=size, mode="area")
    if size[0] % high == 0 and size[1] % wide == 0:
        # Each pixel becomes a block of its own tone, so that shrinking again gives the pixel back.
        return images.repeat_interleave(size[0] // high, -2).repeat_interleave(size[1] // wide, -1)
    return functional.interpolate(images, size=size, mode="bilinear", align_corners=False)
