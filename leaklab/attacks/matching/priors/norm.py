"""The length of the images: pixels should not be larger than they must."""

from typing import Literal

from leaklab.attacks.matching.priors.penalty import Penalty
from leaklab.protocol.observation import Observation
from leaklab.settings import Settings, knob


class Norm(Settings):
    """Pixels should stay close to black: the mean of their squares.

    Source: Yin et al. 2021, R_fid, which takes the length itself; the mean square, which knows no image size, after
    breaching (there halved).
    """

    kind: Literal["norm"] = "norm"
    weight: float = knob(
        0.0, low=0, high=1, log=True, title="Norm weight", symbol="λ: λ·mean x²",
        help="How strongly pixels are pulled towards black, which keeps an unboxed search from running away.",
    )  # fmt: skip

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working: nothing."""
        return []

    def bind(self, observation: Observation) -> Penalty:
        """Return the mean square of each restart's pixels."""
        return lambda dummy: dummy.images.square().mean((1, 2, 3, 4))
