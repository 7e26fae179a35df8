"""Counts from the network's average answer, which dummy inputs stand in for: ALR by the bias, Geng's by the weights.

Both rest on one identity: a class's gradient is what the network answers on average, less the share of that class.
"""

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from leaklab.attacks.labels import needs
from leaklab.attacks.labels.correction import corrected
from leaklab.attacks.labels.counts import fill, labels
from leaklab.attacks.labels.dummies import Dummies, draw, how_many, stand_in, which
from leaklab.attacks.labels.head import answers, head, replies
from leaklab.protocol.observation import Observation
from leaklab.settings import Settings, knob

_UNEVEN = 0.15  # spread of the features' sums over their mean


class ALR(Settings):
    """Count each class by the bias gradient and the network's average answer: n_i = B·(p̄_i - ∂ℓ/∂b_i).

    The paper states neither the dummy inputs nor the rounding. Here p̄ is the mean of the answers, not the answer to
    the mean, and the counts are the nearest whole ones. `correct` is our own addition; without it, p̄ is the dummies'.
    Source: Fang et al. 2024, equations 9 to 11.
    """

    kind: Literal["alr"] = "alr"
    dummies: Dummies = which()
    count: int = how_many()
    correct: bool = knob(
        True, title="Learn from sure classes", level="advanced",
        help="Classes whose count is beyond doubt show how the private photographs differ from the dummy inputs, and "
        "mend the others: our own addition, off is the published method.",
    )  # fmt: skip

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working, as sentences."""
        return needs.bias(observation, "ALR")

    def doubts(self, observation: Observation) -> list[str]:
        """Return what may make the labels wrong, as sentences."""
        met = answers(observation, draw(observation, self.dummies, self.count))
        return [
            *needs.disturbed(observation, head(observation)), *stand_in(observation, self.dummies),
            *needs.unsteady(met, "ALR"),
        ]  # fmt: skip

    def recover(self, observation: Observation) -> Int[Tensor, "n"]:
        """Return the labels whose counts are nearest to the equation's."""
        met, total = answers(observation, draw(observation, self.dummies, self.count)), observation.num_images
        counts = counted(met.mean(0), head(observation).bias_gradient, total)
        if self.correct:
            counts = corrected(counts, met, total)
        return labels(fill(counts, total), observation)


def counted(mean: Float[Tensor, "c"], gradient: Float[Tensor, "c"], total: int) -> Float[Tensor, "c"]:
    """Return B·(p̄ - ∂ℓ/∂b): the true counts, when p̄ is the true mean of the answers to the batch.

    Source: Fang et al. 2024, equation 11.
    """
    return total * (mean - gradient)


class Geng(Settings):
    """Count each class by the last weight gradient's row sums: n_i = B·(p̄_i - G_i / Ō), Ō the mean sum of features.

    Source: Geng et al. 2021, the published code, whose dummy inputs are even noise. Counts nearest to whole ones are
    believed first, until they fill the batch.
    """

    kind: Literal["geng"] = "geng"
    dummies: Dummies = which()
    count: int = how_many()

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working: nothing, since every last layer has weights."""
        return []

    def doubts(self, observation: Observation) -> list[str]:
        """Return what may make the labels wrong, as sentences."""
        entering, met = replies(observation, draw(observation, self.dummies, self.count))
        sums = entering.sum(1)
        uneven = float(sums.std() / sums.mean().abs().clamp_min(torch.finfo(sums.dtype).tiny))
        lines = [
            *needs.disturbed(observation, head(observation)), *stand_in(observation, self.dummies),
            *needs.unsteady(met, "Geng's method"),
        ]  # fmt: skip
        if uneven > _UNEVEN:
            share = f"{uneven:.0%}" if uneven < 1 else "more than all"
            lines.append(
                "Geng's method takes the sum of what enters the last layer to be alike for all photographs; "
                f"here it spreads by {share} of its mean."
            )
        return lines

    def recover(self, observation: Observation) -> Int[Tensor, "n"]:
        """Return the labels whose counts are believed first."""
        entering, met = replies(observation, draw(observation, self.dummies, self.count))
        rows, total = head(observation).weight_gradient.sum(1), observation.num_images
        counts = counted(met.mean(0), rows / entering.sum(1).mean(), total)
        return labels(believed(counts, total), observation)


def believed(counts: Float[Tensor, "c"], total: int) -> Int[Tensor, "c"]:
    """Return whole counts: those that rounding moves least, relative to their size, until they fill the batch.

    Source: Geng et al. 2021, the published code.
    """
    whole = counts.round().clamp_min(0)
    order = torch.where(whole > 0, (counts - whole).abs() / whole, torch.inf).argsort(stable=True)
    before = whole[order].cumsum(0) - whole[order]
    taken = torch.zeros_like(whole).index_put((order,), torch.minimum(whole[order], (total - before).clamp_min(0)))
    return taken.long() + fill(counts - taken, total - int(taken.sum()))
