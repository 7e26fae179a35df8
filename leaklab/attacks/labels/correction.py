"""How a batch differs from the dummy inputs, learnt from the classes whose counts are beyond doubt; our own."""

import torch
from jaxtyping import Float
from torch import Tensor

_MISFIT = 0.05  # images: what the dummies' spread leaves unexplained
_SURE = 2.0  # standard deviations between a count and where it would be rounded otherwise
_PASSES = 10


def corrected(counts: Float[Tensor, "c"], answers: Float[Tensor, "m c"], total: int) -> Float[Tensor, "c"]:
    """Return counts less the error that classes rounded beyond doubt reveal, carried over by regression.

    The counts' error is B times the difference of two mean answers, the batch's and the dummies': about normal, with
    the covariance of the dummies' answers times B. For a class that can only be rounded one way it is known exactly.
    """
    count = len(answers)
    # Columns hold each class's error for unit changes along the dummies; their products are the covariances.
    effects = (answers - answers.mean(0)) * (total / max(count - 1, 1)) ** 0.5
    spread = torch.eye(count, dtype=counts.dtype)
    known, whole, current = torch.zeros(len(counts), dtype=torch.bool), torch.zeros_like(counts), counts
    for _ in range(_PASSES):
        deviation = ((spread @ effects * effects).sum(0).clamp_min(0) + _MISFIT**2).sqrt()
        joining = (_margin(current) > _SURE * deviation) & ~known
        if not joining.any():
            break
        whole, known = torch.where(joining, current.round().clamp_min(0), whole), known | joining
        seen = effects[:, known]
        spread = torch.linalg.inv(torch.eye(count, dtype=counts.dtype) + seen @ seen.T / _MISFIT**2)
        current = counts + effects.T @ (spread @ (seen @ (whole - counts)[known])) / _MISFIT**2
    return torch.where(known, whole, current)


def _margin(counts: Float[Tensor, "c"]) -> Float[Tensor, "c"]:
    """Return how far each count may move before it is rounded to another whole number, none being negative."""
    return torch.where(counts < 0, 0.5 - counts, 0.5 - (counts - counts.round()).abs())
