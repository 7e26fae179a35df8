"""What a finished run says photograph by photograph and layer by layer: tables by column, and sentences under them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from leaklab.experiments.frame import Frame
from leaklab.views.options import finite

Table = dict[str, list[Any]]

_SOLVE = "solve."
_SCORES = {"psnr": ("PSNR (dB)", 1), "ssim": ("SSIM", 3), "fsim": ("FSIM", 3)}  # the head of each and its digits
_INSTEAD = {
    "recursive_gradient": "the shortest of many answers is shown",
    "analytic_first_layer": "too few photographs could be told apart, and one that could is shown again, or grey",
}
_FLATTERED = {"psnr": "{:.1f} dB instead of {:.1f} dB", "ssim": "SSIM {:.3f} instead of {:.3f}"}


@dataclass(frozen=True)
class Layer:
    """One layer whose input was solved for."""

    name: str
    unknowns: int
    equations: int
    rank: int
    condition: float | None  # None where it is beyond all bounds
    residual: float | None

    @property
    def singular(self) -> bool:
        """Whether several answers fit its equations."""
        return self.rank < self.unknowns


def photographs(final: Frame) -> Table:
    """Return the scores of every photograph by column; what was not measured has none."""
    series = final.series
    labels = zip(series.get("label_true", []), series.get("label_recovered", []), strict=False)
    heads = {"client": [int(client) + 1 for client in series.get("client", [])]}
    scores = {head: [round(v, digits) for v in series[key]] for key, (head, digits) in _SCORES.items() if key in series}
    return heads | scores | {"label": ["right" if true == found else "wrong" for true, found in labels]}


def flattered(final: Frame) -> str:
    """Say what the kinder pairing of some papers would make of the scores; empty where it makes no difference."""
    pairs = {
        name: [finite(final.scalars.get(key)) for key in (f"{name}_with_replacement", name)] for name in _FLATTERED
    }
    told = [
        _FLATTERED[name].format(kinder, own)
        for name, (kinder, own) in pairs.items()
        if kinder is not None and own is not None and round(kinder - own, 3) > 0
    ]
    if not told:
        return ""
    return (
        f"Pairing with replacement, as CI-Net's paper scores, would say {' and '.join(told)}: "
        "several guesses may then claim the same photograph."
    )


def layers(frames: Sequence[Frame]) -> list[Layer]:
    """Return the layers that a closed form has solved, in its order; none where nothing was solved."""
    for frame in reversed(frames):
        solved = {name.removeprefix(_SOLVE): v for name, v in frame.series.items() if name.startswith(_SOLVE)}
        if solved:
            return [_layer(name, *values) for name, values in solved.items()]
    return []


def by_layer(found: Sequence[Layer]) -> Table:
    """Return the layers by column."""
    return {
        "layer": [layer.name for layer in found],
        "unknowns": [layer.unknowns for layer in found],
        "equations": [layer.equations for layer in found],
        "rank": [layer.rank for layer in found],
        "condition": [layer.condition for layer in found],
        "residual": [layer.residual for layer in found],
    }


def shortfalls(found: Sequence[Layer], stages: Sequence[str]) -> list[str]:
    """Say of every layer whose equations leave something open what is shown instead, by the kinds of the stages."""
    instead = next((_INSTEAD[kind] for kind in stages if kind in _INSTEAD), "")
    return [
        f"Layer {layer.name}: rank {layer.rank:,} of {layer.unknowns:,} unknowns: {instead}."
        for layer in found
        if layer.singular
    ]


def _layer(name: str, unknowns: float, equations: float, rank: float, condition: float, residual: float) -> Layer:
    return Layer(name, int(unknowns), int(equations), int(rank), finite(condition), finite(residual))
