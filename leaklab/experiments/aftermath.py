"""Aftermath: what a finished run of an attack says of itself, to whoever asks why it failed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch

from leaklab.attacks.matching.solver import GradientMatching
from leaklab.evaluation.verdict import Verdict, verdict
from leaklab.experiments.frame import Frame
from leaklab.experiments.inversion import Inversion
from leaklab.federation.rounds import Federation
from leaklab.protocol.defences.noise import GaussianNoise, LaplaceNoise

_LAST = 2 / 3  # of a run, after which is looked whether the loss still falls


@dataclass(frozen=True)
class Aftermath:
    """A finished run of an attack, as one asks it why it failed."""

    inversion: Inversion
    frames: Sequence[Frame]

    @property
    def last(self) -> Frame:
        """The final frame."""
        return self.frames[-1]

    @property
    def federation(self) -> Federation:
        """Who took part, and how."""
        return self.inversion.scenario.federation

    @cached_property
    def verdict(self) -> Verdict:
        """What the run amounts to, by its photographs and their baselines."""
        series = self.last.series
        bars = {name: torch.tensor(v) for name, v in series.items() if name.startswith("baseline.")}
        return verdict(torch.tensor(series["psnr"]), bars)

    @cached_property
    def photographs(self) -> int:
        """How many photographs there were."""
        return len(self.last.series["label_true"])

    @property
    def behind(self) -> int:
        """How many photographs lie behind one update, at most."""
        attacks = self.last.series.get("attack") or [0.0] * self.photographs
        return max(attacks.count(attack) for attack in attacks)

    @property
    def averaged(self) -> bool:
        """Whether several clients lie behind one update."""
        return self.federation.view != "per-client" and self.federation.clients > 1

    @cached_property
    def searches(self) -> list[GradientMatching]:
        """The stages that search."""
        return [stage for stage in self.inversion.recipe.stages if isinstance(stage, GradientMatching)]

    @cached_property
    def losses(self) -> list[float]:
        """The loss of every restart of the attack that did worst."""
        each = [v for name, v in self.last.series.items() if name.startswith("losses.")]
        return max(each, key=min, default=[])

    @property
    def spread(self) -> float:
        """How many times the lowest loss of a restart the highest is."""
        finite = [loss for loss in self.losses if math.isfinite(loss)]
        return max(finite) / max(min(finite), 1e-300) if finite else 1.0

    @cached_property
    def fallen(self) -> float:
        """What is left of the loss after the last third of the run, as a share; 1 where it is not known."""
        end = self.last.scalars.get("iteration", 0.0)
        late = [f.scalars["loss"] for f in self.frames if f.scalars.get("iteration", 0.0) >= _LAST * end]
        before = late[0] if len(late) > 1 else math.nan
        left = self.last.scalars.get("loss", math.nan) / before if before else math.nan
        return left if math.isfinite(left) else 1.0

    @property
    def wrong(self) -> int:
        """How many labels came out wrong."""
        series = self.last.series
        pairs = zip(series["label_true"], series["label_recovered"], strict=True)
        return sum(true != found for true, found in pairs)

    @property
    def repeated(self) -> int:
        """How many photographs share their label with another one behind the same update."""
        labels = self.last.series["label_true"]
        attacks = self.last.series.get("attack") or [0.0] * len(labels)
        pairs = list(zip(attacks, labels, strict=True))
        return sum(pairs.count(pair) > 1 for pair in pairs)

    @property
    def ended(self) -> set[str]:
        """Why its attacks ended."""
        return {name.removeprefix("ended.") for name in self.last.scalars if name.startswith("ended.")}

    @property
    def noise(self) -> tuple[float, float] | None:
        """The length of the noise on an update, and about that of the gradient below it; None without noise."""
        scalars, federation = self.last.scalars, self.federation
        variances = [one.sigma**2 for one in federation.defences if isinstance(one, GaussianNoise | LaplaceNoise)]
        if not sum(variances) or "sent.length" not in scalars:
            return None
        rate = 1.0 if self.inversion.scenario.threat.learning_rate else federation.schedule.learning_rate
        share = federation.clients if self.averaged else 1
        noise = rate * math.sqrt(sum(variances) * scalars["sent.numbers"] / share)
        return noise, math.sqrt(max(scalars["sent.length"] ** 2 - noise**2, 0.0))
