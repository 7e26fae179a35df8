"""Noise on every number of the update: what DLG's authors tried first. Without a clip it promises nothing."""

import math
from typing import ClassVar, Literal

import torch

from leaklab.protocol.defences.contract import Hooks
from leaklab.protocol.defences.parcel import Parcel
from leaklab.protocol.updates import Update
from leaklab.settings import knob


class GaussianNoise(Hooks):
    """Independent normal noise on every number of the update: g + N(0, σ²I).

    Source: Zhu et al. 2019, section 5.1. Without clipping and accounting this is not differential privacy.
    """

    strength: ClassVar[str] = "sigma"
    kind: Literal["gaussian_noise"] = "gaussian_noise"
    sigma: float = knob(
        0.0, low=0, high=10, log=True, title="Defence noise", symbol="σ: g + N(0, σ²I)",
        help="Random noise each client adds to every number it sends; enough of it hides the photograph.",
    )  # fmt: skip

    def protect(self, update: Update, generator: torch.Generator) -> Update:
        """Return the update with fresh noise added; an exact copy when the noise is zero."""
        if self.sigma == 0:
            return dict(update)
        return {name: tensor + self.sigma * normal_like(tensor, generator) for name, tensor in update.items()}

    def packed(self, parcel: Parcel, update: Update) -> Parcel:
        """Return all of the update: nothing that was shortened before stays so under noise."""
        return Parcel.of(update) if self.sigma else parcel


class LaplaceNoise(Hooks):
    """Independent Laplace noise of a given standard deviation on every number: b = σ/√2.

    By its deviation rather than its b it is as strong as normal noise of the same σ, the comparison of the source.
    Source: Zhu et al. 2019, section 5.1.
    """

    strength: ClassVar[str] = "sigma"
    kind: Literal["laplace_noise"] = "laplace_noise"
    sigma: float = knob(
        0.01, low=0, high=10, log=True, title="Laplace noise", symbol="σ = b·√2: g + Lap(b)",
        help="Random noise with more very small and more very large numbers than the normal kind of the same spread.",
    )  # fmt: skip

    def protect(self, update: Update, generator: torch.Generator) -> Update:
        """Return the update with fresh noise added; an exact copy when the noise is zero."""
        if self.sigma == 0:
            return dict(update)
        scale = self.sigma / math.sqrt(2)
        return {name: tensor + scale * _laplace_like(tensor, generator) for name, tensor in update.items()}

    def packed(self, parcel: Parcel, update: Update) -> Parcel:
        """Return all of the update: nothing that was shortened before stays so under noise."""
        return Parcel.of(update) if self.sigma else parcel


def normal_like(tensor: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return standard normal numbers in a tensor's shape, precision and place."""
    # Drawn on the CPU, where the generator lives, so that a GPU run meets the same noise.
    return torch.randn(tensor.shape, generator=generator, dtype=torch.float64).to(tensor)


def uniform_like(tensor: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return numbers between 0 and 1 in a tensor's shape, precision and place."""
    return torch.rand(tensor.shape, generator=generator, dtype=torch.float64).to(tensor)


def _laplace_like(tensor: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    # The difference of two exponential numbers of mean 1 is a Laplace number of scale 1.
    one, other = torch.empty(2, *tensor.shape, dtype=torch.float64).exponential_(generator=generator)
    return (one - other).to(tensor)
