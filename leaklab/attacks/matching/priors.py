"""What else must hold of a good guess?

Contract: a prior has a `weight`, and `bind(observation)` returns a function (Dummy) -> (r,) that sees all restarts.
"""

from collections.abc import Callable
from typing import Literal

from jaxtyping import Float
from torch import Tensor

from leaklab.attacks.snapshot import Dummy
from leaklab.protocol.observation import Observation
from leaklab.settings import Settings, knob

Penalty = Callable[[Dummy], Float[Tensor, "r"]]


class TotalVariation(Settings):
    """Neighbouring pixels should agree: the mean absolute difference along rows and along columns.

    Source: Rudin, Osher, Fatemi 1992; as a prior of gradient inversion Geiping et al. 2020, equation 4.
    """

    kind: Literal["total_variation"] = "total_variation"
    weight: float = knob(
        0.0, low=0, high=1, log=True, title="TV weight", symbol="λ: λ·(mean|∂x| + mean|∂y|)",
        help="How strongly neighbouring pixels are pulled together; smooths noise away, and detail with it.",
    )  # fmt: skip

    rounding: float = knob(
        0.0, low=0, high=0.5, title="Rounded corner", symbol="ε: √(∂x² + ε²) − ε", level="advanced",
        help="Rounds the kink of the absolute value, over which second-order methods stumble; 0 keeps it sharp.",
    )  # fmt: skip

    def bind(self, observation: Observation) -> Penalty:
        """Return the total variation of each restart's images."""
        return lambda dummy: total_variation(dummy.images, rounding=self.rounding)


def total_variation(images: Float[Tensor, "r n c h w"], *, rounding: float = 0.0) -> Float[Tensor, "r"]:
    """Return the anisotropic total variation of each restart, in intensity a pixel."""
    axes = (1, 2, 3, 4)
    return sum(_size(images.diff(dim=dim), rounding).mean(axes) for dim in (-2, -1))


def _size(steps: Float[Tensor, "*shape"], rounding: float) -> Float[Tensor, "*shape"]:
    return (steps.square() + rounding**2).sqrt() - rounding if rounding else steps.abs()


Prior = TotalVariation
