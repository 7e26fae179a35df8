"""Weights that stay near where training left them: a generator should not forget what it has learnt."""

from typing import ClassVar, Literal

import torch

from leaklab.attacks.matching.priors.penalty import Penalty
from leaklab.protocol.observation import Observation
from leaklab.settings import Settings, knob


class Shift(Settings):
    """Each image's copy of the generator should keep its weights: how far they have moved, in the mean over images.

    Source: Fang et al. 2024, equation 8.
    """

    kind: Literal["shift"] = "shift"
    about: ClassVar[str] = "weights"
    weight: float = knob(
        0.0, low=0, high=10, log=True, title="Shift's weight", symbol="λ: λ·‖w − w₀‖₂",
        help="How strongly the weights of a generator are held where its training left them.",
    )  # fmt: skip

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working: nothing of what was seen."""
        return []

    def bind(self, observation: Observation) -> Penalty:
        """Return how far each restart's weights have moved."""

        def moved(dummy):
            shifts = dummy.codes["weights"].unflatten(1, (dummy.images.shape[1], -1))
            # The norm, unlike a root, has a slope at nothing: zero.
            return torch.linalg.vector_norm(shifts, dim=2).mean(1)

        return moved
