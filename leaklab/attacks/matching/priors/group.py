"""Group consistency: restarts that search for the same images should agree."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from leaklab.attacks.matching.priors.penalty import Penalty
from leaklab.protocol.observation import Observation
from leaklab.settings import Settings, knob


class GroupConsistency(Settings):
    """Every restart should stay close to the mean of all, which is the pixel mean: images are not aligned first.

    Source: Yin et al. 2021, R_group, which first registers the restarts' images to each other by RANSAC-flow; that
    step has no public code, and every public re-implementation leaves it out as this one does.
    """

    kind: Literal["group_consistency"] = "group_consistency"
    weight: float = knob(
        0.0, low=0, high=10, log=True, title="Group weight", symbol="λ: λ·‖x − mean of restarts‖₂",
        help="How strongly restarts are pulled towards their plain mean; needs two or more. The paper aligns the "
        "images first, by a step without public code that is left out here.",
    )  # fmt: skip

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working: nothing, though a single restart is its own mean."""
        return []

    def bind(self, observation: Observation) -> Penalty:
        """Return how far each restart's images are from the mean of all restarts."""
        return lambda dummy: distance_from_mean(dummy.images)


def distance_from_mean(images: Float[Tensor, "r n c h w"]) -> Float[Tensor, "r"]:
    """Return each restart's distance from the mean of those that are finite; not a number for the others."""
    whole = images.isfinite().flatten(1).all(1)
    kept = whole.reshape(-1, 1, 1, 1, 1)
    # A diverged restart must not spoil the others, neither by its value nor by its gradient: it is cut out first.
    finite = images.where(kept, 0)
    mean = finite.sum(0) / whole.sum().clamp_min(1)
    distances = torch.linalg.vector_norm((finite - mean).where(kept, 0).flatten(1), dim=1)
    return distances.where(whole, torch.nan)
