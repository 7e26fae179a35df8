"""How far is the dummy's update from what was seen?

Contract: `bind(seen)` returns a function (dummy Update (r, ...)) -> (r,).
"""

import math
from collections.abc import Callable
from typing import Annotated, Any, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from leaklab.attacks.matching.chord import half_squared_chord
from leaklab.protocol.updates import Update, norm
from leaklab.settings import Settings, knob

Measure = Callable[[Update], Float[Tensor, "r"]]
Layers = Literal["equal", "linear", "exponential"]


def _layers() -> Any:
    return knob(
        "equal", title="Layer weights", symbol="1, (L − l)/L or e⁻ˡ for layer l = 0 … L − 1", level="advanced",
        help="Whether all layers count alike, or later ones less: evenly, or each about a third of the one before.",
    )  # fmt: skip


def _sent_only() -> Any:
    return knob(
        False, title="Only what was sent", symbol="g* ≠ 0", level="advanced",
        help="Compare only numbers that are not zero in what was seen: right where clients leave most out, wasteful "
        "where a zero is the true gradient.",
    )  # fmt: skip


class L2(Settings):
    """The squared Euclidean distance, summed over all layers: length and direction both count.

    Source: Zhu et al. 2019, equation 4; layers weighted by e⁻ˡ as in the published code of Dimitrov et al. 2022, a
    factor as in Yin et al. 2021.
    """

    kind: Literal["l2"] = "l2"
    scale: float = knob(
        1.0, low=1e-6, high=1e3, log=True, symbol="α: α·‖g − g*‖²", level="advanced",
        help="A factor on the whole distance; the weights of priors are meant beside it.",
    )  # fmt: skip
    layers: Layers = _layers()
    sent_only: bool = _sent_only()

    def bind(self, seen: Update) -> Measure:
        """Return the distance to one update."""
        factors = {name: self.scale * weight for name, weight in layer_weights(seen, self.layers).items()}
        sent = _sent(seen) if self.sent_only else {}

        def measure(dummy: Update) -> Float[Tensor, "r"]:
            apart = {name: (_only(dummy[name], name, sent) - seen[name]).flatten(1) for name in seen}
            # As a product of two, whose slope is two products: that of a square is a power, which is slow.
            return sum(_times(factors[name], (part * part).sum(1)) for name, part in apart.items())

        return measure


class Cosine(Settings):
    """One minus the cosine of the angle between the two updates: only the direction counts.

    Source: Geiping et al. 2020, equation 4; one angle over the concatenation of all layers, or an angle a layer and
    their weighted mean ("simlocal" of its published code, which also weights layers).
    """

    kind: Literal["cosine"] = "cosine"
    per: Literal["whole", "layer"] = knob(
        "whole", title="Angle", level="advanced", symbol="1 − cos(g, g*), or the mean of 1 − cos(gₗ, gₗ*)",
        help="One angle over all numbers, in which large layers have their way, or the mean of an angle a layer.",
    )  # fmt: skip
    layers: Layers = _layers()
    sent_only: bool = _sent_only()

    def bind(self, seen: Update) -> Measure:
        """Return the distance to the direction of one update."""
        weights, sent = layer_weights(seen, self.layers), _sent(seen) if self.sent_only else {}
        if self.per == "whole":
            # A weight inside an inner product is its root on both sides.
            return _angle(seen, {name: math.sqrt(weight) for name, weight in weights.items()}, sent)
        parts = [{name: seen[name] for name in names} for names in _by_layer(seen)]
        shares = [weights[next(iter(part))] for part in parts]
        angles = [_angle(part, dict.fromkeys(part, 1.0), sent) for part in parts]
        return lambda dummy: (
            sum(_times(share, angle(dummy)) for share, angle in zip(shares, angles, strict=True)) / sum(shares)
        )


class PeakSigned(Settings):
    """One minus the cosine over each tensor's largest numbers alone, of which only the signs need have arrived.

    Source: Jeon et al. 2021, the published code's "sim_cmpr", which compares their sizes too (`signs` off).
    """

    kind: Literal["peak_signed"] = "peak_signed"
    share: float = knob(
        0.05, low=1e-3, high=1, log=True, title="Share of peaks", symbol="largest |g*| of each tensor",
        help="How many of each tensor's numbers are compared, the largest ones seen; nothing that is zero counts.",
    )  # fmt: skip
    signs: bool = knob(
        True, title="Signs alone", symbol="sign(g*)", level="advanced",
        help="Compare with the signs of what was seen, for updates that say which way and not how far.",
    )  # fmt: skip

    def bind(self, seen: Update) -> Measure:
        """Return the distance to the direction of one update's peaks."""
        peaks = {name: _peaks(part, self.share) for name, part in seen.items()}
        targets = {name: (part.sign() if self.signs else part) * peaks[name] for name, part in seen.items()}
        return _angle(targets, dict.fromkeys(seen, 1.0), peaks)


def layer_weights(seen: Update, layers: Layers) -> dict[str, float]:
    """Return what each tensor of an update counts; weight and bias of a layer count the same."""
    groups = _by_layer(seen)
    falling: dict[Layers, Callable[[int], float]] = {
        "equal": lambda depth: 1.0,
        "linear": lambda depth: 1 - depth / len(groups),
        "exponential": lambda depth: math.exp(-depth),
    }
    return {name: falling[layers](depth) for depth, names in enumerate(groups) for name in names}


def _by_layer(seen: Update) -> list[list[str]]:
    groups: dict[str, list[str]] = {}
    for name in seen:
        groups.setdefault(name.rpartition(".")[0], []).append(name)
    return list(groups.values())


def _angle(seen: Update, factors: dict[str, float], masks: Update) -> Measure:
    """Return one minus the cosine to some tensors, each times its factor, over what the masks let through."""
    parts = {name: _times(factors[name], part) for name, part in seen.items()}
    length = norm(parts)
    length = length.clamp_min(torch.finfo(length.dtype).tiny)
    target = [part / length for part in parts.values()]

    def measure(dummy: Update) -> Float[Tensor, "r"]:
        return half_squared_chord([_times(factors[name], _only(dummy[name], name, masks)) for name in seen], target)

    return measure


def _sent(seen: Update) -> Update:
    return {name: (part != 0).to(part) for name, part in seen.items() if not bool((part != 0).all())}


def _peaks(part: Tensor, share: float) -> Tensor:
    largest = part.abs().flatten().topk(math.ceil(share * part.numel())).indices
    kept = torch.zeros_like(part).flatten().index_fill(0, largest, 1).reshape(part.shape)
    return kept * (part != 0)


def _only(part: Tensor, name: str, masks: Update) -> Tensor:
    return part * masks[name] if name in masks else part


def _times(factor: float, part: Tensor) -> Tensor:
    return part if factor == 1 else factor * part


Distance = Annotated[L2 | Cosine | PeakSigned, Field(discriminator="kind")]
