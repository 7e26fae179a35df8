"""The balance of a batch: how often each class occurs in it, drawn before any picture is chosen."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from jaxtyping import Int
from torch import Generator, Tensor

from leaklab.settings import Refusal

Balance = Literal["balanced", "unique", "igims", "dirichlet"]


def draw(
    balance: Balance, count: int, classes: int, generator: Generator, *, concentration: float = 0.5
) -> Int[Tensor, "n"]:
    """Return the labels of a batch in random order.

    balanced: every class as often as any other, give or take one. unique: every label once. igims: half of one class,
    a quarter of another, and the rest all different. dirichlet: classes by their shares of one draw from Dir(α).
    Source: Fang et al. 2024, the section on label restoration (igims); Hsu et al. 2019 (dirichlet).
    Raises: Refusal, when there are too few classes for it.
    """
    counts = _COUNTS[balance](count, classes, concentration, generator)
    drawn = torch.randperm(classes, generator=generator)[: len(counts)]
    return drawn.repeat_interleave(counts)[torch.randperm(count, generator=generator)]


def _balanced(count: int, classes: int, _: float, __: Generator) -> Int[Tensor, "classes"]:
    return torch.arange(classes).lt(count % classes).long() + count // classes


def _unique(count: int, classes: int, _: float, __: Generator) -> Int[Tensor, "different"]:
    if count > classes:
        raise Refusal(
            f"{count} photographs of different classes are asked for and there are {classes} classes: "
            f"take {classes} photographs or fewer, or a balance in which labels repeat."
        )
    return torch.ones(count, dtype=torch.int64)


def _igims(count: int, classes: int, _: float, __: Generator) -> Int[Tensor, "different"]:
    often, less = count // 2, count // 4
    counts = [many for many in (often, less) if many] + [1] * (count - often - less)
    if len(counts) > classes:
        raise Refusal(
            f"The balance of IGIMS (half of one class, a quarter of another, the rest all different) needs "
            f"{len(counts)} classes for {count} photographs and there are {classes}: take fewer photographs, more "
            "classes, or another balance."
        )
    return torch.tensor(counts)


def _dirichlet(count: int, classes: int, concentration: float, generator: Generator) -> Int[Tensor, "classes"]:
    # torch draws from this distribution by its global generator alone.
    dice = np.random.default_rng(int(torch.randint(2**62, (1,), generator=generator)))
    return torch.from_numpy(dice.multinomial(count, dice.dirichlet([concentration] * classes)))


_COUNTS: dict[Balance, Callable[[int, int, float, Generator], Tensor]] = {
    "balanced": _balanced, "unique": _unique, "igims": _igims, "dirichlet": _dirichlet,
}  # fmt: skip
