"""The range of pixels, as a wish instead of a wall."""

from typing import Literal

from leaklab.attacks.matching.priors.penalty import Penalty
from leaklab.protocol.observation import Observation
from leaklab.settings import Settings, knob


class Range(Settings):
    """Pixels should lie between black and white: the squared distance of those that do not.

    Source: Dimitrov et al. 2022, section 4, by its code: summed over pixels, mean over images.
    """

    kind: Literal["range"] = "range"
    weight: float = knob(
        0.0, low=0, high=100, log=True, title="Range weight", symbol="λ: λ·Σ(x − clip(x, 0, 1))²",
        help="How strongly pixels outside black and white are pulled back, softer than pushing them into the box.",
    )  # fmt: skip

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working: nothing."""
        return []

    def bind(self, observation: Observation) -> Penalty:
        """Return how far each restart's pixels lie outside black and white."""
        return lambda dummy: (dummy.images - dummy.images.clamp(0, 1)).square().sum((2, 3, 4)).mean(1)
