"""All pictures of a source in memory as bytes, and the batches that are drawn from them."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from leaklab.images.source import Cifar10, Cifar100, Ffhq, Folder, ImageNet, Mnist, Source, TinyImageNet
from leaklab.settings import Refusal

_CROPS = 2048  # pictures of a source that makes them up one by one
_MOST = 4 << 30  # bytes of pictures
_CHANGING = 0x9E3779B97F4A7C15  # spreads the steps of one seed over all seeds

Collected = Cifar10 | Cifar100 | Mnist | TinyImageNet | ImageNet | Ffhq | Folder


@dataclass(frozen=True)
class Pool:
    """Pictures with their labels, a byte a pixel."""

    images: UInt8[Tensor, "n c s s"]
    labels: Int[Tensor, "n"]
    class_names: tuple[str, ...]
    title: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of a picture."""
        channels, high, wide = self.images.shape[1:]
        return channels, high, wide

    def batch(
        self, seed: int, step: int, count: int, *, flips: bool
    ) -> tuple[Float[Tensor, "count c s s"], Int[Tensor, "count"]]:  # fmt: skip
        """Return the batch of a step, some mirrored: the same for the same seed and step, whatever came before."""
        dice = torch.Generator().manual_seed((seed * _CHANGING + step) % (1 << 63))
        chosen = torch.randint(len(self.images), (count,), generator=dice)
        images = self.images[chosen].float() / 255
        if flips:
            mirrored = torch.rand(count, generator=dice) < 0.5
            images = images.flip(-1).where(mirrored[:, None, None, None], images)
        return images, self.labels[chosen]


@lru_cache(maxsize=1)
def pool(source: Source, size: int, seed: int) -> Pool:
    """Return all pictures of a source as squares of `size` pixels; of one that makes them up, two thousand.

    Raises: Refusal, when they are missing, damaged or too many.
    """
    if not isinstance(source, Collected):
        return _made_up(source, size, seed)
    have = source.collection()
    channels = 1 if source.grey else 3
    if have.count * channels * size**2 > _MOST:
        raise Refusal(
            f"{have.title} has {have.count} pictures, which take more than {_MOST >> 30} GiB at {size} x {size} "
            "pixels: choose a smaller image size or fewer classes."
        )
    mode = "L" if source.grey else "RGB"
    pictures = torch.empty(have.count, channels, size, size, dtype=torch.uint8)
    for index in range(have.count):
        picture = np.asarray(have.square(index, size).convert(mode)).reshape(size, size, channels)
        pictures[index] = torch.from_numpy(picture.copy()).movedim(-1, 0)
    labels = torch.tensor([have.label(index) for index in range(have.count)])
    return Pool(pictures, labels, have.class_names, have.title)


def _made_up(source: Source, size: int, seed: int) -> Pool:
    dice = torch.Generator().manual_seed(seed)
    labels = torch.randint(min(source.num_classes, source.labelled_classes), (_CROPS,), generator=dice)
    found = source.labelled(labels, size, dice)
    pictures = (found.images * 255).round().to(torch.uint8)
    return Pool(pictures, found.labels, found.class_names, f"{_CROPS} pictures of {source.kind}")
