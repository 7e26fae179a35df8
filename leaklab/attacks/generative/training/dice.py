"""What chance decides in every training: the first weights of PyTorch's layers, and which classes are not told."""

from collections.abc import Callable
from typing import TypeVar

import torch
from jaxtyping import Int
from torch import Generator, Tensor

N = TypeVar("N")


def drawn(make: Callable[[], N], seed: int) -> N:
    """Return networks whose weights are drawn from the seed."""
    # PyTorch's layers draw from its global dice: they are set for a moment and put back.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def sometimes(labels: Int[Tensor, "n"], untold: int, share: float, dice: Generator) -> Int[Tensor, "n"]:
    """Return labels of which a share is replaced by the one that stands for any class."""
    dropped = torch.rand(len(labels), generator=dice) < share
    return labels.masked_fill(dropped.to(labels.device), untold)
