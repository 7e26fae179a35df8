"""Sending only some of the numbers: the largest, or any. What is left out arrives as zero, which says where it was."""

import math
from typing import ClassVar, Literal

import torch
from torch import Tensor

from leaklab.protocol.defences.contract import Hooks
from leaklab.protocol.defences.parcel import Parcel
from leaklab.protocol.updates import Update
from leaklab.settings import knob

_SEED = 64  # bits; from it the server knows which numbers are meant


class _Pruned(Hooks):
    """What both have in common: a number that is kept in each tensor, and zeros that give the others away."""

    strength: ClassVar[str] = "left_out"

    def kept(self, numbers: int) -> int:
        """Return how many of so many numbers of a tensor are sent."""
        # The product may end a hair above a whole number, and a whole number it should be.
        return math.ceil(round((1 - self.left_out) * numbers, 6))

    def imitate(self, dummy: Update, seen: Update) -> Update:
        """Return the dummy update where something arrived."""
        return sent_only(dummy, seen)

    def _fewer(self, parcel: Parcel, update: Update, side: float) -> Parcel:
        if self.left_out == 0:
            return parcel
        numbers = sum(self.kept(tensor.numel()) for tensor in update.values())
        return Parcel(min(parcel.numbers, numbers), parcel.bits, parcel.side + side)


class TopK(_Pruned):
    """Of each tensor the numbers that are largest in size: k = ⌈(1 − s)·n⌉ of n, exactly.

    Source: Aji and Heafield 2017; Lin et al. 2018 (as a defence: Zhu et al. 2019, section 5.2), without the errors
    that are fed back in the next round.
    """

    kind: Literal["top_k"] = "top_k"
    left_out: float = knob(
        0.9, low=0, high=1, title="Left out", symbol="s: keep the ⌈(1 − s)·n⌉ largest",
        help="The share of each layer's numbers that is not sent, the smallest ones; left out, they arrive as zero.",
    )  # fmt: skip

    def protect(self, update: Update, generator: torch.Generator) -> Update:
        """Return the update with exactly so many numbers of each tensor, and zeros."""
        return {name: _only(tensor, tensor.abs().flatten().topk(self.kept(tensor.numel())).indices)
                for name, tensor in update.items()}  # fmt: skip

    def packed(self, parcel: Parcel, update: Update) -> Parcel:
        """Return the numbers that are sent, and the place of each or a bit for every place, whichever is less."""
        side = 0.0
        for tensor in update.values():
            size = tensor.numel()
            side += min(size, self.kept(size) * math.ceil(math.log2(max(size, 2))))
        return self._fewer(parcel, update, side)


class RandomK(_Pruned):
    """Of each tensor exactly k = ⌈(1 − s)·n⌉ numbers of n, whichever the dice say, as they are.

    Source: Wangni et al. 2018, without its probabilities; as a defence Dimitrov et al. 2022, table 6.
    """

    kind: Literal["random_k"] = "random_k"
    left_out: float = knob(
        0.5, low=0, high=1, title="Left out at random", symbol="s: keep ⌈(1 − s)·n⌉ of n",
        help="The share of each layer's numbers that is not sent, whichever the dice say; left out, they are zero.",
    )  # fmt: skip

    def protect(self, update: Update, generator: torch.Generator) -> Update:
        """Return the update with exactly so many numbers of each tensor, and zeros."""
        return {
            name: _only(tensor, torch.randperm(tensor.numel(), generator=generator)[: self.kept(tensor.numel())])
            for name, tensor in update.items()
        }

    def packed(self, parcel: Parcel, update: Update) -> Parcel:
        """Return the numbers that are sent, and a seed from which the server knows which they are."""
        return self._fewer(parcel, update, _SEED)


def sent_only(dummy: Update, seen: Update) -> Update:
    """Return an update with zeros wherever another one has them."""
    return {name: tensor * (seen[name] != 0) for name, tensor in dummy.items()}


def _only(tensor: Tensor, kept: Tensor) -> Tensor:
    flat = tensor.flatten()
    places = kept.to(flat.device)
    return torch.zeros_like(flat).index_copy(0, places, flat[places]).reshape(tensor.shape)
