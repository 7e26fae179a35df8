"""Scores: every metric of one set of reconstructions, after each was paired with the photograph nearest to it."""

import math
from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor

from leaklab.assignment import assign
from leaklab.evaluation import metrics
from leaklab.evaluation.lpips import perceptual as perceptual_distance
from leaklab.settings import Refusal


@dataclass(frozen=True)
class Scores:
    """What the reconstructions are worth; position i of everything is about photograph i."""

    assignment: Int[Tensor, "n"]  # reconstruction[assignment[i]] stands beside photograph i
    values: dict[str, Float[Tensor, "n"]]  # mse, psnr, ssim, cosine, and lpips where it could be measured
    labels_recovered: Int[Tensor, "n"] | None = None
    labels_true: Int[Tensor, "n"] | None = None
    label_accuracy: float | None = None  # share of photographs whose own label was recovered
    multiset_accuracy: float | None = None  # share of labels recovered whatever their order
    lpips_reason: str = ""  # why there is no LPIPS although it was asked for

    @property
    def lpips(self) -> Float[Tensor, "n"] | None:
        """The LPIPS distance of each photograph, or None when it was not asked for or is out of reach."""
        return self.values.get("lpips")

    def mean(self, metric: str) -> float:
        """Return the mean of a metric over the photographs, nan for an LPIPS that was not measured.

        Raises: Refusal, for a metric that does not exist.
        """
        if metric in self.values:
            return float(self.values[metric].mean())
        if metric == "lpips":
            return math.nan
        raise Refusal(f"There is no metric {metric!r}: choose one of {', '.join([*self.values, 'lpips'])}.")


def score(
    reconstruction: Float[Tensor, "n c h w"],
    truth: Float[Tensor, "n c h w"],
    *,
    labels: Int[Tensor, "n"] | None = None,
    true_labels: Int[Tensor, "n"] | None = None,
    perceptual: bool = False,
) -> Scores:
    """Return every metric of a reconstruction after its optimal pairing with the truth.

    `labels` stand in the order of the reconstruction, `true_labels` in that of the truth.

    Raises: Refusal, when the two sets differ in number or size.
    """
    # Clamped first: what is paired is what is seen, and one huge pixel must not decide the pairing of the others.
    broken = metrics.broken(reconstruction)
    seen = metrics.shown(reconstruction)
    seen[broken] = float("nan")
    assignment = assign(seen, metrics.shown(truth))
    matched = seen[assignment]
    values = {
        "mse": metrics.mse(matched, truth),
        "psnr": metrics.psnr(matched, truth),
        "ssim": metrics.ssim(matched, truth),
        "cosine": metrics.cosine(matched, truth),
    }
    distances, reason = perceptual_distance(matched, truth) if perceptual else (None, "")
    if distances is not None:
        values["lpips"] = distances
    recovered = None if labels is None else labels.cpu()[assignment]
    if recovered is None or true_labels is None:
        return Scores(assignment, values, recovered, true_labels, lpips_reason=reason)
    return Scores(
        assignment=assignment,
        values=values,
        labels_recovered=recovered,
        labels_true=true_labels,
        label_accuracy=float(metrics.labels_right(recovered, true_labels).mean()),
        multiset_accuracy=metrics.multiset_accuracy(recovered, true_labels),
        lpips_reason=reason,
    )
