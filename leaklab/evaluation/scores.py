"""Scores: every metric of one set of reconstructions, after each was paired with the photograph nearest to it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor

from leaklab.assignment import assign
from leaklab.evaluation import metrics
from leaklab.evaluation.fsim import fsim
from leaklab.evaluation.lpips import perceptual as perceptual_distance
from leaklab.settings import Refusal

Images = Float[Tensor, "n c h w"]

_QUICK: dict[str, Callable[[Images, Images], Float[Tensor, "n"]]] = {
    "mse": metrics.mse, "psnr": metrics.psnr, "ssim": metrics.ssim, "cosine": metrics.cosine
}  # fmt: skip
_SLOW = ("fsim", "lpips")


@dataclass(frozen=True)
class Scores:
    """What the reconstructions are worth; position i of everything is about photograph i."""

    assignment: Int[Tensor, "n"]  # reconstruction[assignment[i]] stands beside photograph i
    values: dict[str, Float[Tensor, "n"]]  # mse, psnr, ssim, cosine; if asked for, fsim, and lpips where it can be had
    labels_recovered: Int[Tensor, "n"] | None = None
    labels_true: Int[Tensor, "n"] | None = None
    label_accuracy: float | None = None  # share of photographs whose own label was recovered
    multiset_accuracy: float | None = None  # share of labels recovered whatever their order
    lpips_reason: str = ""  # why there is no LPIPS although it was asked for
    with_replacement: dict[str, float] = field(default_factory=dict)  # if asked for, the flattered mean psnr and ssim

    @property
    def lpips(self) -> Float[Tensor, "n"] | None:
        """The LPIPS distance of each photograph, or None when it was not asked for or is out of reach."""
        return self.values.get("lpips")

    def mean(self, metric: str) -> float:
        """Return the mean of a metric over the photographs, nan for an FSIM or LPIPS that was not measured.

        Raises: Refusal, for a metric that does not exist.
        """
        if metric in self.values:
            return float(self.values[metric].mean())
        if metric in _SLOW:
            return math.nan
        raise Refusal(f"There is no metric {metric!r}: choose one of {', '.join([*_QUICK, *_SLOW])}.")


def score(
    reconstruction: Images,
    truth: Images,
    *,
    labels: Int[Tensor, "n"] | None = None,
    true_labels: Int[Tensor, "n"] | None = None,
    perceptual: bool = False,
) -> Scores:
    """Return every metric of a reconstruction after its optimal pairing with the truth.

    `labels` stand in the order of the reconstruction, `true_labels` in that of the truth. What takes longer (FSIM,
    LPIPS, matching with replacement) is measured where `perceptual` asks for it.

    Raises: Refusal, when the two sets differ in number or size.
    """
    # Clamped first: what is paired is what is seen, and one huge pixel must not decide the pairing of the others.
    broken = metrics.broken(reconstruction)
    seen = metrics.shown(reconstruction)
    seen[broken] = float("nan")
    assignment = assign(seen, metrics.shown(truth))
    matched = seen[assignment]
    values = {name: metric(matched, truth) for name, metric in _QUICK.items()}
    slow, reason = _slow(matched, truth) if perceptual else ({}, "")
    recovered = None if labels is None else labels.cpu()[assignment]
    exact, counted = (None, None)
    if recovered is not None and true_labels is not None:
        exact = float(metrics.labels_right(recovered, true_labels).mean())
        counted = metrics.multiset_accuracy(recovered, true_labels)
    return Scores(
        assignment=assignment,
        values=values | slow,
        labels_recovered=recovered,
        labels_true=true_labels,
        label_accuracy=exact,
        multiset_accuracy=counted,
        lpips_reason=reason,
        with_replacement=with_replacement(seen, truth) if perceptual else {},
    )


def with_replacement(reconstruction: Images, truth: Images) -> dict[str, float]:
    """Return the mean PSNR and SSIM when each reconstruction is compared with whichever photograph flatters it most.

    Several reconstructions may then claim one photograph while others go unclaimed, so no value is below that of the
    optimal pairing: it stands beside that one for comparison with papers, and takes the square of the images' number.

    Source: Zhang et al. 2023 (CI-Net), the published code (calculate_iqa).
    """
    found = {}
    for name in ("psnr", "ssim"):
        best = [_QUICK[name](one.expand_as(truth), truth).amax() for one in reconstruction]
        found[name] = float(torch.stack(best).mean())
    return found


def _slow(matched: Images, truth: Images) -> tuple[dict[str, Float[Tensor, "n"]], str]:
    """Return FSIM, and LPIPS or the reason why there is none."""
    distances, reason = perceptual_distance(matched, truth)
    values = {"fsim": fsim(matched, truth)}
    return (values if distances is None else values | {"lpips": distances}), reason
