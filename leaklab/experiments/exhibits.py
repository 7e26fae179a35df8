"""Exhibits: raw and enhanced pictures side by side, scored and mapped by the one who holds the truth as well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from leaklab.attacks.snapshot import Snapshot
from leaklab.evaluation import metrics
from leaklab.evaluation.lpips import perceptual
from leaklab.evaluation.scores import score
from leaklab.experiments.referee import tiles
from leaklab.federation.rounds import Exchange

RAW = "raw"

_STILL = 0.5 / 255  # a smaller change of an error is none that a screen could show
_MOVED = (
    "It moved a pixel by {:.1%} of the way from black to white on average, and {:.0%} of the pixels nearer to the "
    "truth, {:.0%} away from it."
)
_BEST = "By SSIM the {} way looks best: {:.2f}, where the raw picture has {:.2f}. "
_NONE_BETTER = "By SSIM no way looks better than the raw picture, {:.2f}; the {} one comes to {:.2f}. "
_NOTHING = "The raw picture stands alone, with an SSIM of {:.2f}: nothing was there to enhance it with."


@dataclass(frozen=True)
class Exhibit:
    """One column of pictures in the order of the photographs, beside the raw ones it was made of and the truth."""

    images: Float[Tensor, "n c h w"]
    raw: Float[Tensor, "n c h w"]
    truth: Float[Tensor, "n c h w"]

    def scores(self) -> dict[str, list[float]]:
        """Return what each photograph's picture is worth.

        Pictures stay beside the photograph with which the raw ones were paired, so that all columns show the same.
        """
        found = {"psnr": metrics.psnr(self.images, self.truth), "ssim": metrics.ssim(self.images, self.truth)}
        return {name: values.tolist() for name, values in found.items()}

    def invention(self) -> dict[str, list[float]]:
        """Return of each photograph how far its pixels moved in the mean, and the shares that came nearer, or went."""
        change = (self.off - apart(self.raw, self.truth)).flatten(1)
        return {
            "invented": self.moved.flatten(1).mean(1).tolist(),
            "nearer": (change < -_STILL).double().mean(1).tolist(),
            "farther": (change > _STILL).double().mean(1).tolist(),
        }

    @property
    def moved(self) -> Float[Tensor, "n h w"]:
        """How far each pixel is from the raw picture's: what was invented. The mean over its channels."""
        return apart(self.images, self.raw)

    @property
    def off(self) -> Float[Tensor, "n h w"]:
        """How far each pixel is from the truth's. The mean over its channels."""
        return apart(self.images, self.truth)

    @property
    def distance(self) -> float:
        """The root mean square distance to the raw pictures: an attacker has nothing else to measure by."""
        gaps = metrics.shown(self.images) - metrics.shown(self.raw)
        return float(gaps.square().flatten(1).mean(1).sqrt().mean())


class Wall:
    """All columns of one reconstruction: the raw one first, then what came of it, as far as it has come."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self.truths = [secret.images.detach().float().cpu() for _, secret in exchanges]
        self.latest: dict[int, Snapshot] = {}
        self.columns: dict[str, Exhibit] = {}
        self.strips: dict[str, list[Exhibit]] = {}
        self._series: dict[str, dict[str, list[float]]] = {}
        self._order: Tensor | None = None  # which of the attacker's pictures stands beside each photograph

    @property
    def truth(self) -> Float[Tensor, "n c h w"]:
        """The private photographs."""
        return torch.cat(self.truths)

    @property
    def complete(self) -> bool:
        """Whether every attack has made a guess."""
        return len(self.latest) == len(self.truths)

    @property
    def guesses(self) -> list[Snapshot]:
        """The newest guess of every attack."""
        return [self.latest[attack] for attack in sorted(self.latest)]

    @property
    def found(self) -> Float[Tensor, "n c h w"]:
        """What the attacks have found, in the attacker's order: all that an enhancer is ever shown."""
        return torch.cat([guess.images[guess.best].detach() for guess in self.guesses])

    @property
    def believed(self) -> Int[Tensor, "n"]:
        """The class of each in the attacker's belief: told, read from the gradient, or found with the picture."""
        return torch.cat([guess.labels[guess.best].argmax(1) for guess in self.guesses])

    def put(self, name: str, images: Float[Tensor, "n c h w"], *, strip: bool = False) -> None:
        """Hang up a column's newest pictures, which come in the attacker's order; in its strip they stay."""
        images = images.detach().float().cpu()
        if name == RAW:
            self._order = self._paired(images)
        ordered = images[self._order]
        raw = ordered if name == RAW else self.columns[RAW].images
        self.columns[name] = column = Exhibit(ordered, raw, self.truth)
        self._series[name] = column.scores() | ({} if name == RAW else column.invention())
        if strip:
            self.strips.setdefault(name, []).append(column)
            along = self._series.setdefault(f"strip.{name}", {"distance": [], "ssim": []})
            along["distance"].append(column.distance)
            along["ssim"].append(_mean(self._series[name]["ssim"]))

    def look_closely(self) -> str:
        """Measure LPIPS too, which takes longer, and return why it cannot be; empty where it can."""
        for name, column in self.columns.items():
            distances, reason = perceptual(column.images, column.truth)
            if distances is None:
                return reason
            self._series[name]["lpips"] = distances.tolist()
        return ""

    @property
    def scalars(self) -> dict[str, float]:
        """The mean over the photographs of every number of every column."""
        return {f"{key}.{name}": _mean(self._series[name][key]) for name in self.columns for key in self._series[name]}

    @property
    def series(self) -> dict[str, list[float]]:
        """Every number of every column by photograph, and of every strip by moment."""
        return {f"{key}.{name}": list(values) for name, held in self._series.items() for key, values in held.items()}

    @property
    def pictures(self) -> dict[str, np.ndarray]:
        """Every column, where it left the raw picture, and where the truth; a strip has a row for each moment."""
        pictures = {}
        for name, column in self.columns.items():
            pictures |= {name: tiles(column.images), f"error.{name}": tiles(column.off[:, None])}
            pictures |= {} if name == RAW else {f"invented.{name}": tiles(column.moved[:, None])}
        for name, moments in self.strips.items():
            pictures[f"strip.{name}"] = np.concatenate([tiles(moment.images) for moment in moments])
        return pictures

    def _paired(self, images: Float[Tensor, "n c h w"]) -> Int[Tensor, "n"]:
        """Return which picture stands beside each photograph, every attack by itself."""
        counts = list(map(len, self.truths))
        pairs = zip(images.split(counts), self.truths, accumulate(counts[:-1], initial=0), strict=True)
        return torch.cat([start + score(guess, truth).assignment for guess, truth, start in pairs])


def apart(one: Float[Tensor, "n c h w"], other: Float[Tensor, "n c h w"]) -> Float[Tensor, "n h w"]:
    """Return how far what is shown of two pictures is apart at each pixel, the mean over its channels."""
    return (metrics.shown(one) - metrics.shown(other)).abs().mean(1)


def verdict(scalars: Mapping[str, float]) -> str:
    """Say which column looks best, and how much of it was invented."""
    ssim = {name.removeprefix("ssim."): value for name, value in scalars.items() if name.startswith("ssim.")}
    raw = ssim.pop(RAW)
    if not ssim:
        return _NOTHING.format(raw)
    best = max(ssim, key=ssim.__getitem__)
    better = ssim[best] > raw
    gist = _BEST.format(title(best), ssim[best], raw) if better else _NONE_BETTER.format(raw, title(best), ssim[best])
    return gist + _MOVED.format(*(scalars[f"{key}.{best}"] for key in ("invented", "nearer", "farther")))


def title(name: str) -> str:
    """Return a column's name as it is written in a sentence."""
    return name.replace("gan", "GAN")


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
