"""From numbers that ought to be whole and ought to sum to the batch, to counts, and from counts to labels."""

import heapq

import torch
from jaxtyping import Float, Int
from torch import Tensor

from leaklab.protocol.observation import Observation


def fill(room: Float[Tensor, "c"], total: int, *, size: float = 1.0) -> Int[Tensor, "c"]:
    """Return how often each class is taken when, `total` times, the one with most room is, and loses `size` by it.

    With size 1 these are the whole counts of that total nearest to `room` by squares, and largest remainders where
    `room` is not negative and has that sum: too much is taken back where it was rounded up most.
    """
    counts = [0] * len(room)
    waiting = [(-free, number) for number, free in enumerate(room.tolist())]
    heapq.heapify(waiting)
    for _ in range(total):
        taken, number = waiting[0]
        counts[number] += 1
        heapq.heapreplace(waiting, (taken + size, number))
    return torch.tensor(counts)


def labels(counts: Int[Tensor, "c"], observation: Observation) -> Int[Tensor, "n"]:
    """Return as many labels of each class as counted, where the update is."""
    return torch.arange(len(counts)).repeat_interleave(counts).to(observation.like.device)


def moved(estimate: Float[Tensor, "c"], total: int) -> float:
    """Return how far an estimate is from whole counts, as a share of the batch."""
    return float((estimate - fill(estimate, total)).abs().sum()) / (2 * total)
