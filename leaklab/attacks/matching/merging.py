"""One set of images out of several that show the same: paired by optimal assignment, then averaged."""

from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from leaklab.assignment import assign

Merging = Literal["mean", "agreeing"]

_FAR = 3 * 1.4826  # median deviations beyond the median: three standard deviations, were they normal
_ROUNDING = 1e-9  # of a squared pixel: what sets that agree differ by


def merged(images: Float[Tensor, "r e n c h w"], merging: Merging = "mean") -> Float[Tensor, "r n c h w"]:
    """Return the mean over the sets of each restart, paired with the first; `agreeing` leaves outliers out.

    Source: Dimitrov et al. 2022, section 4 (by PSNR, which pairs as the squared error does); `agreeing` in the style
    of Li et al. 2023 (TGIAs-RO), whose code is not published.
    """
    paired = torch.stack([_paired(sets) for sets in images])
    if merging == "mean":
        return paired.mean(1)
    kept = agreeing(paired)[..., None, None, None].to(paired)
    return (kept * paired).sum(1) / kept.sum(1)


def agreeing(images: Float[Tensor, "r e n c h w"]) -> Bool[Tensor, "r e n"]:
    """Return which of several pictures of one image lie no farther from their median than most of them do."""
    apart = (images - _median(images)).square().flatten(3).mean(3)
    usual = _median(apart)
    spread = _median((apart - usual).abs())
    return apart <= usual + _FAR * spread + _ROUNDING


def _median(values: Tensor) -> Tensor:
    return values.quantile(0.5, dim=1, keepdim=True)


def _paired(sets: Float[Tensor, "e n c h w"]) -> Float[Tensor, "e n c h w"]:
    first = sets[0]
    if not bool(sets.isfinite().all()):
        return sets  # a diverged restart shows nothing that could be paired
    return torch.stack([first, *(other[assign(other, first)] for other in sets[1:])])
