"""Verdict: what a set of matched reconstructions amounts to, in a word and in a sentence.

It reads nothing but metrics of matched images and the baselines: never a loss, never whether a defence was on.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

Level = Literal["recovered", "recognisable", "hint", "not recovered"]
LEVELS: tuple[Level, ...] = ("recovered", "recognisable", "hint", "not recovered")  # best first

RECOVERED = 30.0  # dB; an error of 3 % of the range, which the eye hardly finds in a small picture
RECOGNISABLE = 20.0  # dB; an error of 10 % of the range: edges and colours stand where they belong
MARGIN = 3.0  # dB above every baseline, half the squared error of the best of them: more than luck or a flat picture
EXACT = 48.0  # dB; off by less than one of 256 levels: the same picture, however good its baselines are


@dataclass(frozen=True)
class Verdict:
    """How many photographs came back, and how far."""

    level: Level  # of the middle photograph: at least half of them are this good
    levels: tuple[Level, ...]  # of each photograph
    psnr: float  # dB, mean of the photographs
    baseline: str  # the baseline that does best on the mean of the photographs
    baseline_psnr: float  # dB, its mean
    labels_right: int | None = None  # None when no label was recovered

    @property
    def total(self) -> int:
        """The number of photographs."""
        return len(self.levels)

    @property
    def recovered(self) -> int:
        """The number of photographs that came back whole."""
        return self.count("recovered")

    def count(self, level: Level) -> int:
        """Return the number of photographs of one level."""
        return self.levels.count(level)


def verdict(
    psnr: Float[Tensor, "n"],
    baselines: dict[str, Float[Tensor, "n"]],
    labels_right: Float[Tensor, "n"] | None = None,
) -> Verdict:
    """Return the verdict on photographs of which each has its PSNR, its baselines, and its label right (1) or not (0).

    Recovered is 30 dB and 3 dB above every baseline (or 48 dB, whatever they are), recognisable 20 dB and 3 dB above,
    a hint anything above every baseline.
    """
    bars = torch.stack(list(baselines.values())).amax(0).tolist()
    levels = tuple(_level(value, bar) for value, bar in zip(psnr.tolist(), bars, strict=True))
    means = {name: float(values.mean()) for name, values in baselines.items()}
    best = max(means, key=means.__getitem__)
    return Verdict(
        level=sorted(levels, key=LEVELS.index)[(len(levels) - 1) // 2],
        levels=levels,
        psnr=float(psnr.mean()),
        baseline=best,
        baseline_psnr=means[best],
        labels_right=None if labels_right is None else int(labels_right.sum()),
    )


def sentence(verdict: Verdict, seconds: float) -> str:
    """Return the verdict as one plain sentence, such as "Recovered in 4.1 s: PSNR 41 dB, label right." """
    mean = "PSNR" if verdict.total == 1 else "mean PSNR"
    told = f"{_outcome(verdict)} {_duration(seconds)}: {mean} {verdict.psnr:.0f} dB{_labels(verdict)}"
    if verdict.level in ("recovered", "recognisable"):
        return f"{told}."
    return f"{told}; without any attack, {_article(verdict.baseline)} reaches {verdict.baseline_psnr:.0f} dB."


def restarts_recovered(psnr: Float[Tensor, "restarts"]) -> str:
    """Return how many restarts reached 30 dB, such as "3 of 5 restarts recovered"."""
    reached = int((psnr >= RECOVERED).sum())
    return f"{reached} of {len(psnr)} {'restart' if len(psnr) == 1 else 'restarts'} recovered"


def _level(psnr: float, bar: float) -> Level:
    if psnr >= EXACT or (psnr >= RECOVERED and psnr >= bar + MARGIN):
        return "recovered"
    if psnr >= RECOGNISABLE and psnr >= bar + MARGIN:
        return "recognisable"
    return "hint" if psnr > bar else "not recovered"


def _outcome(verdict: Verdict) -> str:
    if verdict.total == 1:
        single = {"recovered": "Recovered in", "recognisable": "Recognisable after", "hint": "Only a hint after"}
        return single.get(verdict.level, "Not recovered after")
    number = str(verdict.recovered) if verdict.recovered else "None"
    if verdict.recovered == verdict.total:
        return f"All {verdict.total} photographs recovered in"
    others = {"recognisable": "recognisable", "hint": "hinted at"}
    parts = [f"{verdict.count(level)} {word}" for level, word in others.items() if verdict.count(level)]
    return ", ".join([f"{number} of {verdict.total} photographs recovered", *parts]) + " after"


def _labels(verdict: Verdict) -> str:
    if verdict.labels_right is None:
        return ""
    if verdict.total == 1:
        return ", label right" if verdict.labels_right else ", label wrong"
    return f", {verdict.labels_right} of {verdict.total} labels right"


def _article(baseline: str) -> str:
    return baseline if baseline == "noise" else f"the {baseline}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
