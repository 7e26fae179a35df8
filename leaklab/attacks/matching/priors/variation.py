"""Total variation: neighbouring pixels should agree."""

from itertools import combinations
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from leaklab.attacks.matching.priors.penalty import Penalty
from leaklab.protocol.observation import Observation
from leaklab.settings import Settings, knob

Form = Literal["absolute", "isotropic", "squared"]


class TotalVariation(Settings):
    """Neighbouring pixels should agree, in one of three published measures whose weights cannot be exchanged.

    Source: Rudin, Osher, Fatemi 1992 (isotropic); as a prior of gradient inversion Geiping et al. 2020, equation 4
    (absolute, by its code) and Dimitrov et al. 2022 (squared, by its code); colours as in breaching's "modern" attack.
    """

    kind: Literal["total_variation"] = "total_variation"
    weight: float = knob(
        0.0, low=0, high=10, log=True, title="TV weight", symbol="λ: λ·(mean|∂x| + mean|∂y|)",
        help="How strongly neighbouring pixels are pulled together; smooths noise away, and detail with it.",
    )  # fmt: skip
    form: Form = knob(
        "absolute", title="TV form", level="advanced",
        symbol="mean|∂x| + mean|∂y|, mean √(∂x² + ∂y²), or Σ(∂x² + ∂y²) with wrap-around",
        help="How differences are measured: along each axis, by their length, or squared and summed over pixels; "
        "a weight means something else in each.",
    )  # fmt: skip
    colours: bool = knob(
        False, title="Colours too", symbol="r−g, r−b, g−b", level="advanced",
        help="The differences between the colours should change little too, which keeps edges from fringing.",
    )  # fmt: skip
    rounding: float = knob(
        0.0, low=0, high=0.5, title="Rounded corner", symbol="ε: √(∂x² + ε²) − ε", level="advanced",
        help="Rounds the kink of the absolute value, over which second-order methods stumble; 0 keeps it sharp, "
        "and squares have none.",
    )  # fmt: skip

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working: nothing."""
        return []

    def bind(self, observation: Observation) -> Penalty:
        """Return the total variation of each restart's images."""
        return lambda dummy: total_variation(dummy.images, form=self.form, colours=self.colours, rounding=self.rounding)


def total_variation(
    images: Float[Tensor, "r n c h w"], *, form: Form = "absolute", colours: bool = False, rounding: float = 0.0
) -> Float[Tensor, "r"]:
    """Return the total variation of each restart: an intensity a pixel, or for squares a sum over the pixels."""
    measures = {"absolute": _absolute, "isotropic": _isotropic, "squared": _squared}
    return measures[form](_with_opponents(images) if colours else images, rounding)


def _with_opponents(images: Float[Tensor, "r n c h w"]) -> Float[Tensor, "r n d h w"]:
    planes = images.unbind(2)
    return torch.stack([*planes, *(one - other for one, other in combinations(planes, 2))], 2)


def _absolute(images: Float[Tensor, "r n c h w"], rounding: float) -> Float[Tensor, "r"]:
    return sum(_size(images.diff(dim=dim), rounding).mean((1, 2, 3, 4)) for dim in (-2, -1))


def _size(steps: Float[Tensor, "*shape"], rounding: float) -> Float[Tensor, "*shape"]:
    return (steps.square() + rounding**2).sqrt() - rounding if rounding else steps.abs()


def _isotropic(images: Float[Tensor, "r n c h w"], rounding: float) -> Float[Tensor, "r"]:
    # Nothing changes beyond the last row and column, so that every pixel has a step of both kinds.
    across = functional.pad(images.diff(dim=-1), (0, 1))
    down = functional.pad(images.diff(dim=-2), (0, 0, 0, 1))
    if rounding:
        lengths = (across.square() + down.square() + rounding**2).sqrt() - rounding
    else:  # the norm, unlike a root, has a slope at nothing: zero
        lengths = torch.linalg.vector_norm(torch.stack([across, down]), dim=0)
    return lengths.mean((1, 2, 3, 4))


def _squared(images: Float[Tensor, "r n c h w"], rounding: float) -> Float[Tensor, "r"]:
    steps = sum((images - images.roll(1, dim)).square() for dim in (-2, -1))
    return steps.sum((2, 3, 4)).mean(1)
