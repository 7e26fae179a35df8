"""The ground: which guess belongs to which picture, when an update does not say in what order its images came.

Sums of gradients forget the order of a batch, so both keeping score and merging epochs must pair two sets first.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from leaklab.settings import Refusal


def assign(guess: Float[Tensor, "n c h w"], truth: Float[Tensor, "n c h w"]) -> Int[Tensor, "n"]:
    """Return the pairing of least mean squared error: guess[assigned[i]] belongs to truth[i], each used once.

    Raises: Refusal, when the two sets differ in number or size.
    """
    from scipy.optimize import linear_sum_assignment

    if guess.shape != truth.shape:
        raise Refusal(
            f"Cannot pair images of shape {tuple(guess.shape)} with images of shape {tuple(truth.shape)}: "
            "give as many guesses as there are images, all of one size."
        )
    _, assigned = linear_sum_assignment(squared_distances(truth, guess).numpy())
    return torch.as_tensor(assigned, dtype=torch.int64)


def squared_distances(ones: Float[Tensor, "n c h w"], others: Float[Tensor, "m c h w"]) -> Float[Tensor, "n m"]:
    """Return the mean squared error between every image and every other, 0 where an image is not finite."""
    ones, others = (images.detach().cpu().double().flatten(1) for images in (ones, others))
    # The exact mode: the faster one, by products, is wrong by rounding just where two images are nearly the same.
    distances = torch.cdist(ones, others, compute_mode="donot_use_mm_for_euclid_dist").square() / ones.shape[1]
    # A broken image is as far from every candidate, so any constant in its row or column leaves the rest optimal.
    return distances.nan_to_num(nan=0.0, posinf=0.0)
