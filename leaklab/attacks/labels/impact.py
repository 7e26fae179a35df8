"""One photograph's impact on its class's gradient, taken away again and again: LLG by weights, another by the bias."""

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from leaklab.attacks.labels import needs
from leaklab.attacks.labels.counts import fill, labels
from leaklab.attacks.labels.dummies import Dummies, draw, how_many, stand_in, which
from leaklab.attacks.labels.head import answers, head, replies
from leaklab.protocol.observation import Observation
from leaklab.settings import Settings, knob


class LLG(Settings):
    """Take every class whose gradient is negative, then the most negative one after taking away one image's impact.

    Calibrated (LLG*, and LLG+ with photographs), impact and offsets are those of batches of dummy inputs that all bear
    one label, which need not be run one by one: their gradients follow from the network's answers.
    Source: Wainakh et al. 2022: m = (1 + 1/C)·Σ_{G_i<0} G_i / B for the impact of an image on its row sum G_i; measured
    as in the published code, m = (1 + 1/C)·mean_i(G_i of a batch of i) / B, and offsets s_i, the mean G_i of batches
    of other classes.
    """

    kind: Literal["llg"] = "llg"
    calibrate: bool = knob(
        False, title="Measure the impact", symbol="m, s: LLG*", level="advanced",
        help="Measure on dummy inputs how far one photograph moves its own class and all the others.",
    )  # fmt: skip
    dummies: Dummies = which()
    count: int = how_many()

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working, as sentences."""
        return needs.signs(observation, "LLG")

    def doubts(self, observation: Observation) -> list[str]:
        """Return what may make the labels wrong, as sentences."""
        lines = needs.disturbed(observation, head(observation))
        if not self.calibrate:
            return [*lines, *needs.crowded(observation, "LLG")]
        shown = draw(observation, self.dummies, self.count)
        met = answers(observation, shown)
        return [*lines, *stand_in(observation, self.dummies), *needs.unsteady(met, "LLG with a measured impact")]

    def recover(self, observation: Observation) -> Int[Tensor, "n"]:
        """Return the labels that take the gradient's row sums away."""
        rows, total = head(observation).weight_gradient.sum(1), observation.num_images
        impact, offsets = self._measured(observation) if self.calibrate else (float(rows.clamp_max(0).sum()), 0.0)
        impact *= (1 + 1 / len(rows)) / total
        return labels(explained(rows, total, impact=impact, offsets=offsets), observation)

    def _measured(self, observation: Observation) -> tuple[float, Float[Tensor, "c"]]:
        shown = draw(observation, self.dummies, self.count)
        entering, met = replies(observation, shown)
        sums = entering.sum(1, keepdim=True)
        return float(((met - 1) * sums).mean()), (met * sums).mean(0)


class BiasCorrected(Settings):
    """Take every class whose bias gradient is negative, then the most negative one after taking away an even share.

    Source: the breaching library of Geiping et al., strategy "bias-corrected": m = Σ_{v_i<0} v_i / B with v = ∂ℓ/∂b.
    Its relatives there take the impact from a stale class in the second stage; here it is always the class just chosen.
    """

    kind: Literal["bias_corrected"] = "bias_corrected"

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working, as sentences."""
        return needs.bias(observation, "Bias-corrected recovery")

    def doubts(self, observation: Observation) -> list[str]:
        """Return what may make the labels wrong, as sentences."""
        lines = needs.disturbed(observation, head(observation))
        return [*lines, *needs.crowded(observation, "Bias-corrected recovery")]

    def recover(self, observation: Observation) -> Int[Tensor, "n"]:
        """Return the labels that take the bias gradient away."""
        rows, total = head(observation).bias_gradient, observation.num_images
        return labels(explained(rows, total, impact=float(rows.clamp_max(0).sum()) / total), observation)


def explained(
    rows: Float[Tensor, "c"], total: int, *, impact: float, offsets: Float[Tensor, "c"] | float = 0.0
) -> Int[Tensor, "c"]:
    """Return the counts of two stages: each negative class once, then the most negative again, less impact each time.

    Source: Wainakh et al. 2022, the two stages of LLG.
    """
    order = rows.argsort(stable=True)[:total]
    present = torch.zeros(len(rows), dtype=torch.int64)
    present[order[rows[order] < 0]] = 1
    left = rows - impact * present - offsets
    return present + fill(-left, total - int(present.sum()), size=-impact)
