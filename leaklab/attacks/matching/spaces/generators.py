"""Generators as plain functions of their weights: batch norm sees the batch, unless averages are among the weights."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import prod, sqrt
from typing import Literal, NamedTuple, Protocol

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from leaklab.attacks.matching.spaces.spectral import spectral_norm
from leaklab.protocol.updates import Weights

SMALLEST, LARGEST = 4, 256  # pixels a side; a generator doubles the smallest until the image is full
_SLOPE = 0.1  # of CI-Net's leaky activations


class Part(NamedTuple):
    """One tensor of a generator's weights: it starts evenly between two bounds, as PyTorch's layers do."""

    name: str
    shape: tuple[int, ...]
    low: float
    high: float


class Architecture(Protocol):
    """What a space asks of a generator."""

    width: int
    latent: int  # numbers of noise an image
    layout: torch.memory_format  # in which its convolutions are fastest on a processor

    def parts(self) -> list[Part]: ...

    def maps(self) -> int: ...

    def __call__(self, weights: Weights, noise: Float[Tensor, "n z"]) -> Float[Tensor, "n c h w"]: ...


@dataclass(frozen=True)
class CINet:
    """Blocks of two convolutions at 4, 8, 16, ... pixels with interpolation between them.

    An image is the output itself, in (-1, 1). Source: Zhang et al. 2023, the published code.
    """

    width: int
    side: int
    channels: int
    upsampling: Literal["nearest", "bilinear"] = "nearest"
    spectral: bool = True

    latent = 128
    layout = torch.channels_last

    @property
    def widths(self) -> list[int]:
        """The channels of each block, from 4 pixels up: halved at 64 pixels and again at 128."""
        narrower = {64: 2, 128: 4, 256: 4}
        return [max(1, self.width // narrower.get(side, 1)) for side in sides(self.side)]

    def parts(self) -> list[Part]:
        """Return the tensors of its weights, in the order of a code."""
        whole = [*_layer("stem", (self.latent, self.width, 4, 4), 16 * self.width, biases=self.width)]
        whole += _norm("stem", self.width)
        for side, (before, after) in zip(sides(self.side), pairwise([self.width, *self.widths]), strict=True):
            for name, fed in ((f"{side}.first", before), (f"{side}.second", after)):
                whole += [*_layer(name, (after, fed, 3, 3), 9 * fed, biases=after), *_norm(name, after)]
        last = self.widths[-1]
        return [*whole, *_layer("head", (self.channels, last, 1, 1), last, biases=self.channels)]

    def maps(self) -> int:
        """Return how many numbers of one image a pass keeps for the gradient."""
        grown = sum(before * side**2 for before, side in zip(self.widths, sides(self.side)[1:], strict=False))
        return 3 * 16 * self.width + 5 * _points(self) + grown + (self.widths[-1] + self.channels) * self.side**2

    def __call__(self, weights: Weights, noise: Float[Tensor, "n z"]) -> Float[Tensor, "n c h w"]:
        """Return the images of some noise."""
        maps = _grown(noise, weights["stem"]) + weights["stem.bias"][:, None, None]
        maps = self._activated(maps, weights, "stem")
        for side in sides(self.side):
            if side > SMALLEST:
                maps = functional.interpolate(maps, scale_factor=2, mode=self.upsampling)
            for name in (f"{side}.first", f"{side}.second"):
                maps = functional.conv2d(maps, self._kernel(weights[name]), weights[f"{name}.bias"], padding=1)
                maps = self._activated(maps, weights, name)
        return functional.conv2d(maps, weights["head"], weights["head.bias"]).tanh()

    def _kernel(self, weight: Float[Tensor, "a b 3 3"]) -> Float[Tensor, "a b 3 3"]:
        return weight / spectral_norm(weight.flatten(1)) if self.spectral else weight

    def _activated(self, maps: Float[Tensor, "n c h w"], weights: Weights, name: str) -> Float[Tensor, "n c h w"]:
        return functional.leaky_relu(_normalised(maps, weights, name), _SLOPE)


@dataclass(frozen=True)
class DCGAN:
    """Transposed convolutions of stride two, without biases: a deep image prior of the usual shape.

    An image is (output + 1) / 2. A trained one has, beside its weights, the averages that it met while it learnt, as
    `{layer}.mean` and `{layer}.variance`. Source: Radford et al. 2016, in the size of the code of Jeon et al. 2021.
    """

    width: int
    side: int
    channels: int
    latent: int = 100

    layout = torch.contiguous_format

    @property
    def widths(self) -> list[int]:
        """The channels at 4, 8, 16, ... pixels: halved three times and then kept."""
        return [max(1, self.width >> min(level, 3)) for level in range(len(sides(self.side)))]

    def parts(self) -> list[Part]:
        """Return the tensors of its weights, in the order of a code."""
        whole: list[Part] = []
        for side, (before, after) in zip(sides(self.side), pairwise([self.latent, *self.widths]), strict=True):
            whole += [*_layer(f"{side}", (before, after, 4, 4), 16 * after), *_norm(f"{side}", after)]
        return [*whole, *_layer("head", (self.widths[-1], self.channels, 1, 1), self.channels)]

    def maps(self) -> int:
        """Return how many numbers of one image a pass keeps for the gradient."""
        return 2 * _points(self) + self.channels * self.side**2

    def __call__(self, weights: Weights, noise: Float[Tensor, "n z"]) -> Float[Tensor, "n c h w"]:
        """Return the images of some noise."""
        last = sides(self.side)[-1]
        maps = _normalised(self.before(weights, noise, len(sides(self.side)) - 1), weights, f"{last}").relu()
        return (functional.conv_transpose2d(maps, weights["head"]).tanh() + 1) / 2

    def before(self, weights: Weights, noise: Float[Tensor, "n z"], place: int) -> Float[Tensor, "n c h w"]:
        """Return what comes before the batch norm of one layer, the first of which is 0."""
        smallest, *larger = sides(self.side)[: place + 1]
        maps, before = _grown(noise, weights[f"{smallest}"]), smallest
        for side in larger:
            maps = _normalised(maps, weights, f"{before}").relu()
            maps, before = functional.conv_transpose2d(maps, weights[f"{side}"], stride=2, padding=1), side
        return maps


def sides(side: int) -> list[int]:
    """Return the sizes a generator passes through until its image is full."""
    return [SMALLEST << level for level in range((side // SMALLEST).bit_length())]


def measured(generator: DCGAN, weights: Weights, noise: Float[Tensor, "n z"]) -> Weights:
    """Return the averages that a generator's batch norms meet on some noise: those it would run with unlearnt."""
    met: Weights = {}
    for place, side in enumerate(sides(generator.side)):
        maps = generator.before(weights | met, noise, place)
        met[f"{side}.mean"], met[f"{side}.variance"] = maps.mean((0, 2, 3)), maps.var((0, 2, 3))
    return met


def count(generator: Architecture) -> int:
    """Return how many weights a generator has."""
    return sum(prod(part.shape) for part in generator.parts())


def drawn(generator: Architecture, dice: torch.Generator) -> Float[Tensor, "d"]:
    """Return fresh weights as one row of numbers."""
    return torch.cat(
        [torch.empty(prod(part.shape)).uniform_(part.low, part.high, generator=dice) for part in generator.parts()]
    )


def named(generator: Architecture, row: Float[Tensor, "d"]) -> Weights:
    """Return the weights that a row of numbers stands for."""
    parts = generator.parts()
    pieces = row.split([prod(part.shape) for part in parts])
    return {part.name: piece.unflatten(0, part.shape) for part, piece in zip(parts, pieces, strict=True)}


def _layer(name: str, shape: tuple[int, ...], fan_in: int, *, biases: int = 0) -> Iterator[Part]:
    bound = 1 / sqrt(fan_in)
    yield Part(name, shape, -bound, bound)
    if biases:
        yield Part(f"{name}.bias", (biases,), -bound, bound)


def _norm(name: str, channels: int) -> Iterator[Part]:
    yield Part(f"{name}.scale", (channels,), 1, 1)
    yield Part(f"{name}.shift", (channels,), 0, 0)


def _points(generator: CINet | DCGAN) -> int:
    return sum(width * side**2 for width, side in zip(generator.widths, sides(generator.side), strict=True))


def _grown(noise: Float[Tensor, "n z"], weight: Float[Tensor, "z c 4 4"]) -> Float[Tensor, "n c 4 4"]:
    # On a single point a transposed convolution is a matrix product.
    return (noise @ weight.flatten(1)).unflatten(1, weight.shape[1:])


def _normalised(maps: Float[Tensor, "n c h w"], weights: Weights, name: str) -> Float[Tensor, "n c h w"]:
    mean, variance = weights.get(f"{name}.mean"), weights.get(f"{name}.variance")
    return functional.batch_norm(
        maps, mean, variance, weights[f"{name}.scale"], weights[f"{name}.shift"], training=mean is None, eps=1e-5
    )
