"""Latent numbers as a generator is used to: together they should look like draws from a normal distribution."""

from typing import ClassVar, Literal

from leaklab.attacks.matching.priors.penalty import Penalty
from leaklab.protocol.observation import Observation
from leaklab.settings import Settings, knob

_TINY = 1e-10  # the published code's, beside a variance that may be none


class LatentKL(Settings):
    """The latent numbers of each image should have mean nought and variance one.

    The divergence of the normal distribution with their moments from the standard one, in the mean over images.
    Source: Li et al. 2022, the published code's R(z); Fang et al. 2024, equation 7.
    """

    kind: Literal["latent_kl"] = "latent_kl"
    about: ClassVar[str] = "latent"
    weight: float = knob(
        0.0, low=0, high=10, log=True, title="Latent weight", symbol="λ: λ·KL(N(μ_z, σ²_z) ‖ N(0, 1))",
        help="How strongly the numbers that a generator draws from are held to what it was trained on.",
    )  # fmt: skip

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working: nothing of what was seen."""
        return []

    def bind(self, observation: Observation) -> Penalty:
        """Return the divergence of each restart's latent numbers."""

        def divergence(dummy):
            numbers = dummy.codes["latent"].unflatten(1, (dummy.images.shape[1], -1))
            mean, variance = numbers.mean(2), numbers.var(2, correction=0)
            return (mean.square() + variance - 1 - (variance + _TINY).log()).mean(1) / 2

        return divergence
