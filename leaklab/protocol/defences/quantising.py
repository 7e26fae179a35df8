"""Fewer bits for every number: QSGD's dice, plain rounding, and the bare sign."""

import math
from typing import ClassVar, Literal

import torch
from torch import Tensor

from leaklab.protocol.defences.contract import Hooks
from leaklab.protocol.defences.noise import uniform_like
from leaklab.protocol.defences.parcel import Parcel
from leaklab.protocol.updates import Update, norm
from leaklab.settings import knob

_SCALE = 32  # bits of the one number that each tensor is measured by


class QSGD(Hooks):
    """Each number as a whole number of steps of a common length, rounded up or down by dice: right in the mean.

    Source: Alistarh et al. 2017, equation 3 and lemma 3.1, a tensor being a bucket; by the largest number instead of
    the length as in the published code of Yue et al. 2023 (ROG).
    """

    strength: ClassVar[str] = "levels"
    kind: Literal["qsgd"] = "qsgd"
    levels: int = knob(
        16, low=1, high=65_535, log=True, title="Quantisation levels", symbol="s: ‖v‖·sign(vᵢ)·ξᵢ, ξᵢ ∈ {0, 1/s, …, 1}",
        help="How many steps there are between nothing and the largest a number can be; fewer are coarser.",
    )  # fmt: skip
    scale: Literal["norm", "max"] = knob(
        "norm", title="Measured by", level="advanced", symbol="‖v‖₂, or max |vᵢ|",
        help="Whether the longest step is a tensor's Euclidean length, as published, or its largest number.",
    )  # fmt: skip

    def protect(self, update: Update, generator: torch.Generator) -> Update:
        """Return the update on the grid of each tensor."""
        return {name: self._rounded(tensor, generator) for name, tensor in update.items()}

    def packed(self, parcel: Parcel, update: Update) -> Parcel:
        """Return a sign and a level for each number, and a scale for each tensor."""
        bits = 1 + math.ceil(math.log2(self.levels + 1))
        return Parcel(parcel.numbers, bits, parcel.side + _SCALE * len(update))

    def _rounded(self, tensor: Tensor, generator: torch.Generator) -> Tensor:
        longest = tensor.norm() if self.scale == "norm" else tensor.abs().max()
        if longest == 0:
            return tensor.clone()
        steps = self.levels * tensor.abs() / longest
        up = uniform_like(tensor, generator) < steps - steps.floor()
        # A number by itself is as long as its tensor but for rounding, and no step goes beyond that.
        return longest / self.levels * tensor.sign() * (steps.floor() + up).clamp(max=self.levels)


class Uniform(Hooks):
    """Each number rounded to the nearest of 2ᵇ − 1 places between the largest one and its opposite."""

    strength: ClassVar[str] = "bits"
    kind: Literal["uniform"] = "uniform"
    bits: int = knob(
        8, low=2, high=16, title="Bits a number", symbol="b: round(L·v/max|v|)·max|v|/L, L = 2ᵇ⁻¹ − 1",
        help="How many bits each number is sent with; few bits make small numbers zero.",
    )  # fmt: skip

    def protect(self, update: Update, generator: torch.Generator) -> Update:
        """Return the update on the grid of each tensor."""
        return {name: self._rounded(tensor) for name, tensor in update.items()}

    def packed(self, parcel: Parcel, update: Update) -> Parcel:
        """Return so many bits for each number, and a scale for each tensor."""
        return Parcel(parcel.numbers, self.bits, parcel.side + _SCALE * len(update))

    def imitate(self, dummy: Update, seen: Update) -> Update:
        """Return what was seen wherever the dummy would be rounded to it, and the others as far off as they are."""
        return {name: seen[name] + _beyond(tensor - seen[name], self._step(seen[name]) / 2)
                for name, tensor in dummy.items()}  # fmt: skip

    def _rounded(self, tensor: Tensor) -> Tensor:
        step = self._step(tensor)
        return tensor.clone() if step == 0 else (tensor / step).round() * step

    def _step(self, tensor: Tensor) -> Tensor:
        return tensor.abs().max() / (2 ** (self.bits - 1) - 1)


class Sign(Hooks):
    """Only whether each number is negative or not, as −1 and +1 or as the mean size of its tensor.

    Source: Bernstein et al. 2018 (signSGD), Algorithm 1, with sign(0) = +1; Karimireddy et al. 2019 for the mean size.
    """

    strength: ClassVar[str] = "scale"
    kind: Literal["sign"] = "sign"
    scale: Literal["one", "mean"] = knob(
        "mean", title="Signs sent as", symbol="±1, or ±mean |v|",
        help="Whether every number becomes one of ±1, or of plus and minus the mean size of its layer.",
    )  # fmt: skip

    def protect(self, update: Update, generator: torch.Generator) -> Update:
        """Return the signs of the update."""
        return {name: self._size(tensor) * _signs(tensor) for name, tensor in update.items()}

    def packed(self, parcel: Parcel, update: Update) -> Parcel:
        """Return a bit for each number, and a scale for each tensor where there is one."""
        return Parcel(parcel.numbers, 1, parcel.side + (_SCALE * len(update) if self.scale == "mean" else 0))

    def imitate(self, dummy: Update, seen: Update) -> Update:
        """Return what was seen, but for the numbers whose sign is wrong: these are off by how wrong they are.

        The squared distance is then Σ max(0, −sᵢgᵢ)²/‖g‖² in units of what was seen: zero as soon as all signs are
        right, whatever the sizes are.
        """
        longest, length = norm(seen), norm(dummy)
        scale = longest / length.clamp_min(torch.finfo(length.dtype).tiny)
        return {name: seen[name] + scale * _wrong(tensor, seen[name]) for name, tensor in dummy.items()}

    def _size(self, tensor: Tensor) -> Tensor | float:
        return tensor.abs().mean() if self.scale == "mean" else 1.0


def _signs(tensor: Tensor) -> Tensor:
    signs = torch.where(tensor < 0, -torch.ones_like(tensor), torch.ones_like(tensor))
    return signs.where(tensor == tensor, tensor)  # what is no number stays none: training that ran away must show


def _wrong(dummy: Tensor, seen: Tensor) -> Tensor:
    """Return the numbers of a dummy tensor whose sign is not the one that was seen, and zero for all others."""
    return dummy.where(dummy * seen < 0, torch.zeros_like(dummy))


def _beyond(apart: Tensor, bound: Tensor) -> Tensor:
    """Return how far differences go beyond a bound, and zero for all that do not."""
    return apart.sign() * (apart.abs() - bound).clamp_min(0)
