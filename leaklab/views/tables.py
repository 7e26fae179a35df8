"""What a finished run says photograph by photograph and layer by layer: tables by column, and sentences under them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from leaklab.evaluation.retrieval import TEN
from leaklab.experiments.frame import Frame
from leaklab.views.options import finite

Table = dict[str, list[Any]]

_SOLVE = "solve."
_NAMED = 8  # pairs that are named before the rest is counted
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
    if _several(final):
        heads = {"photograph": list(range(1, len(series["guess"]) + 1))} | heads
        heads |= {"guess": [int(guess) + 1 for guess in series["guess"]]}
    scores = {head: [round(v, digits) for v in series[key]] for key, (head, digits) in _SCORES.items() if key in series}
    right = {"label": ["right" if true == found else "wrong" for true, found in labels]}
    shared = {"same label as": [", ".join(map(str, others)) for others in _sharing(final)]}
    return heads | scores | right | (shared if any(shared["same label as"]) else {})


def matched(final: Frame) -> list[str]:
    """Say which guess was taken for which photograph where their order differs, and which of them share a label."""
    if not _several(final):
        return []
    moved = [
        f"guess {int(guess) + 1} is photograph {number}"
        for number, (guess, place) in enumerate(zip(final.series["guess"], _places(final), strict=True), start=1)
        if int(guess) != place
    ]
    told = []
    if moved:
        more = f" and {len(moved) - _NAMED} more" if len(moved) > _NAMED else ""
        said = ", ".join(moved[:_NAMED]) + more
        told.append(f"An update has no order, so each guess is paired with the photograph nearest to it: {said}.")
    if shared := sum(bool(others) for others in _sharing(final)):
        told.append(f"{shared} photographs share their label with another one: their guesses can blend or swap places.")
    return told


def picked(final: Frame) -> str:
    """Say at which place the true photographs are picked out of ten by their guesses, beside what chance would do."""
    ranks = final.series.get("retrieval.rank")
    if not ranks:
        return ""
    if len(ranks) == 1:
        return (
            f"The true photograph is the {_ordinal(int(ranks[0]))} of {TEN} by likeness; "
            f"by chance it would be the 1st once in {TEN} times."
        )
    first = sum(rank == 1 for rank in ranks)
    return (
        f"{first} of {len(ranks)} true photographs are the 1st of {TEN} by likeness; "
        f"by chance {len(ranks) / TEN:.1f} would be."
    )


def _ordinal(place: int) -> str:
    return f"{place}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(place, 'th') }"


def _several(final: Frame) -> bool:
    """Whether some update has several photographs behind it, so that guesses had to be paired with them."""
    return "guess" in final.series and max(_places(final), default=0) > 0


def _places(final: Frame) -> list[int]:
    """Return the place of each photograph among those behind the same update, from 0."""
    attacks = final.series["attack"]
    return [attacks[:number].count(attack) for number, attack in enumerate(attacks)]


def _sharing(final: Frame) -> list[list[int]]:
    """Return for each photograph the numbers, from 1, of others of its label behind the same update."""
    pairs = list(zip(final.series.get("attack", []), final.series.get("label_true", []), strict=False))
    return [[n + 1 for n, other in enumerate(pairs) if other == pair and n != own] for own, pair in enumerate(pairs)]


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
