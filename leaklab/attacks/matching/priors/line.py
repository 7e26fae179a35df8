"""The line: over a few epochs a client walks almost straight, and where it ended is known."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from leaklab.attacks.matching.priors.penalty import Penalty
from leaklab.attacks.snapshot import Dummy
from leaklab.protocol.observation import Observation
from leaklab.protocol.updates import Update, flatten
from leaklab.settings import Settings, knob


class Line(Settings):
    """Every simulated epoch should move the weights in the direction in which all of training moved them.

    The source writes a sum of cosines to be minimised, which would turn the path round; what it means is 1 − cos.
    Source: Jobic et al. 2025, equation 2.
    """

    kind: Literal["line"] = "line"
    weight: float = knob(
        0.0, low=0, high=100, log=True, title="Line weight", symbol="λ: λ·Σ (1 − cos(θₑ₊₁ − θₑ, θ_T − θ₀))",
        help="How strongly each simulated epoch is pulled to the straight line from the first weights to the last.",
    )  # fmt: skip
    first: bool = knob(
        True, title="First epoch too", level="advanced",
        help="Whether the first epoch counts: the paper's formula leaves it out, its words do not.",
    )  # fmt: skip
    average: bool = knob(
        False, title="Mean of epochs", symbol="Σ or Σ / E", level="advanced",
        help="Whether the epochs are averaged, so that more of them weigh no more; the paper sums.",
    )  # fmt: skip

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working: nothing, though one epoch is a straight line in itself."""
        return []

    def bind(self, observation: Observation) -> Penalty:
        """Return how far from parallel to the line each restart's epochs are: from 0 to 2 each."""
        target = flatten(observation.update)
        chord = target / target.norm().clamp_min(torch.finfo(target.dtype).tiny)

        def apart(dummy: Dummy) -> Float[Tensor, "r"]:
            epochs = dummy.path if self.first or len(dummy.path) == 1 else dummy.path[1:]
            turned = [_turned(epoch, chord) for epoch in epochs]
            return sum(turned) / (len(turned) if self.average else 1)

        return apart


def _turned(epoch: Update, chord: Float[Tensor, "numbers"]) -> Float[Tensor, "r"]:
    """Return one minus the cosine between each restart's movement in an epoch and the line."""
    rows = torch.cat([part.flatten(1) for part in epoch.values()], 1)
    lengths = rows.norm(dim=1, keepdim=True).clamp_min(torch.finfo(rows.dtype).tiny)
    # Half the squared chord is 1 - cos, without its cancellation near zero.
    return (rows / lengths - chord).square().sum(1) / 2
