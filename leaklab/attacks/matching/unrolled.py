"""What it costs to differentiate through local training: whether it fits, and when steps are better taken twice."""

import copy
from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from torch import nn

from leaklab.attacks.matching.memory import GIB, available
from leaklab.protocol.observation import Observation

# Of weights and of activations: what a step keeps until it is differentiated, measured on an MLP, ConvNet2 and CNN2
# as 1.7 to 2 and 1.2; and the copies of weights that any step works with.
_COPIES, _MAPS, _AT_WORK = 2, 1.5, 4
_SHARE = 0.5  # of the memory, above which steps are recomputed: others want some too
_FLOAT32 = 4


@dataclass(frozen=True)
class Unrolled:
    """Local steps one behind the other, as many images in each as are given, for several restarts at once."""

    observation: Observation
    steps: list[int]
    restarts: int
    apart: bool = True  # whether restarts can be evaluated one after another

    @property
    def recompute(self) -> bool:
        """Whether steps are forgotten once they are taken, and taken again on the way back."""
        there = self._there
        return len(self.steps) > 1 and there is not None and self.needed(recompute=False) > _SHARE * there

    @property
    def together(self) -> int:
        """How many restarts are evaluated at once: all, or as many as fit."""
        there = self._there
        if there is None or not self.apart:
            return self.restarts
        return max(1, min(self.restarts, there // max(1, self._least.needed(recompute=len(self.steps) > 1))))

    def fitting(self, maps: int) -> int:
        """Return how many rows can be weighed at once, each with so many numbers before its images; 0 for any."""
        there, one = self._there, replace(self, restarts=1)
        each = one.needed(recompute=len(self.steps) > 1) + self._bytes * maps
        return 0 if there is None else int(_SHARE * there / each)

    @property
    def _least(self) -> "Unrolled":
        return replace(self, restarts=1) if self.apart else self

    def needed(self, *, recompute: bool) -> int:
        """Return about how many bytes an evaluation holds at its peak."""
        weights, maps = _sizes(self.observation.network, self.observation.image_shape)
        # Steps that are forgotten leave their weights and their gradient all the same: only activations are saved.
        kept = max(self.steps) if recompute else sum(self.steps)
        copies = _COPIES * len(self.steps) + _AT_WORK
        return int(self._bytes * self.restarts * (copies * weights + _MAPS * kept * maps))

    def crowded(self) -> list[str]:
        """Return a sentence when it does not fit."""
        there, least = self._there, self._least
        needed = least.needed(recompute=len(self.steps) > 1)
        if there is None or needed <= there:
            return []
        return [
            f"Differentiating through {len(self.steps)} local steps needs about {needed / GIB:,.1f} GiB for "
            f"{least.restarts} restart{'s' if least.restarts > 1 else ''}, and there are {there / GIB:,.1f} GiB: "
            "choose the dummy update 'averaged_gradient' (AGA), which takes one step for all, or fewer "
            f"{'photographs' if self.apart else 'restarts'} or epochs."
        ]

    @property
    def _bytes(self) -> int:
        seen = list(self.observation.update.values())
        return seen[0].element_size() if seen else _FLOAT32

    @property
    def _there(self) -> int | None:
        seen = list(self.observation.update.values())
        return available(seen[0].device if seen else torch.device("cpu"))


@lru_cache(maxsize=64)
def _sizes(network: nn.Module, image_shape: tuple[int, int, int]) -> tuple[int, int]:
    """Return how many weights a network has, and how many numbers one image leaves behind on its way through it."""
    bare, maps = copy.deepcopy(network).to("meta", torch.float32).eval(), [0]

    def note(_: nn.Module, __: tuple, out: torch.Tensor) -> None:
        maps[0] += out.numel()

    for layer in bare.modules():
        if not any(layer.children()):
            layer.register_forward_hook(note)
    bare(torch.empty(2, *image_shape, device="meta"))  # two, for batch norm on the batch's own statistics
    return sum(weight.numel() for weight in bare.parameters()), maps[0] // 2
