"""Retrieval: is a photograph picked out of ten by its reconstruction? It reads pictures alone, never a loss."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from leaklab.assignment import squared_distances
from leaklab.evaluation.baselines import SAME, retrieval_rank
from leaklab.evaluation.metrics import shown

TEN = 10  # candidates, the true photograph among them
FIRST_BY_CHANCE = 1 / TEN  # of the true photograph, when nothing is known


def ranks(
    guesses: Float[Tensor, "n c h w"],
    truth: Float[Tensor, "n c h w"],
    others: Float[Tensor, "m c h w"],
    generator: torch.Generator,
) -> Int[Tensor, "n"] | None:
    """Return the place of each true photograph among itself and nine others by likeness to its guess, 1 the first.

    The nine are drawn for each photograph; copies of it are none. None where some photograph has fewer than nine.
    """
    found = []
    for guess, photograph in zip(guesses, truth, strict=True):
        apart = squared_distances(shown(photograph[None]), shown(others))[0] > SAME
        rivals = others[apart]
        if len(rivals) < TEN - 1:
            return None
        nine = rivals[torch.randperm(len(rivals), generator=generator)[: TEN - 1]]
        found.append(retrieval_rank(guess, photograph, nine))
    return torch.tensor(found)
