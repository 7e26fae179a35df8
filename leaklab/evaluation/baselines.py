"""Baselines: how close to a photograph one comes without any attack, and whether a guess tells it from others."""

import torch
from jaxtyping import Float
from torch import Tensor

from leaklab.assignment import squared_distances
from leaklab.evaluation.metrics import broken, decibels, psnr, shown

NOISE, GREY, OTHER = "noise", "best grey", "nearest other photograph"

MEANING = {
    NOISE: "Every pixel drawn at random.",
    GREY: "One flat colour all over, the best there is for this photograph (a grey, when it is grey).",
    OTHER: "The most similar photograph that is another one.",
}

SAME = 2e-6  # mean squared error of two copies; rounding to 256 levels alone makes 1.3e-6


def baselines(
    truth: Float[Tensor, "n c h w"], others: Float[Tensor, "m c h w"] | None, generator: torch.Generator
) -> dict[str, Float[Tensor, "n"]]:
    """Return the PSNR in dB that each baseline reaches on each photograph, by the baseline's name.

    Another photograph may be one of `others` or of the truth itself; copies of the picture do not count, and where no
    other is left that baseline is left out. The generator must be one of the processor's.
    """
    noise = torch.rand(truth.shape, generator=generator, dtype=torch.float64)
    flat = shown(truth).mean((2, 3), keepdim=True).expand(truth.shape)
    found = {NOISE: psnr(noise, truth), GREY: psnr(flat, truth)}
    pool = shown(truth) if others is None else torch.cat([shown(truth), shown(others)])
    distances = squared_distances(shown(truth), pool)
    nearest = torch.where(distances <= SAME, torch.inf, distances).amin(1)
    if nearest.isfinite().any():
        found[OTHER] = decibels(nearest.clamp(max=1))
    return found


def retrieval_rank(
    guess: Float[Tensor, "c h w"], truth: Float[Tensor, "c h w"], others: Float[Tensor, "m c h w"]
) -> int:
    """Return the place of the true picture among all candidates, nearest to the guess first: 1 is picked out at once.

    Copies of the true picture among the others do not count; a tie goes to the others, and a guess with a pixel that is
    not finite comes last.
    """
    true, candidates = shown(truth[None]), shown(others)
    rivals = candidates[squared_distances(true, candidates)[0] > SAME]
    if broken(guess[None]).item():
        return len(rivals) + 1
    to_truth, to_rivals = (squared_distances(shown(guess[None]), pictures)[0] for pictures in (true, rivals))
    return 1 + int((to_rivals <= to_truth).sum())
