"""Machines: one attack from the very same numbers on each device and at each precision, and where they part."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np

from leaklab.evaluation.verdict import EXACT
from leaklab.experiments.frame import Frame
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.ways import PARTED, REFERENCE, Attempt, Partings, ways
from leaklab.images.source import Source
from leaklab.settings import Settings

ALIKE = 0.5  # dB between two ends that count as the same

_RUN = "Run in {} ways from the very same numbers, {} a CUDA GPU: {}."
_STAYED = "No way has parted from {}: to the end no loss is {:.0%} away from its."
_SOME = "{} of {} ways have parted from {}, the first at iteration {}: {}."


class Machines(Settings):
    """One attack in every way this machine offers, iteration by iteration; only the last digits differ at first."""

    kind: Literal["machines"] = "machines"
    inversion: Inversion = Inversion()

    @property
    def source(self) -> Source:
        """Where the private photographs come from."""
        return self.inversion.source

    @property
    def title(self) -> str:
        """A run's name for a list."""
        return f"CPU against CUDA: {self.inversion.title}"

    def missing(self) -> list[str]:
        """Return what keeps the attack from working, as sentences; empty when nothing does.

        Raises: Refusal, when choices contradict each other.
        """
        return self.inversion.recipe.missing(self.inversion.scenario.outline())

    def run(self, device: str = "auto") -> Iterator[Frame]:
        """Yield a frame of all ways at each recorded iteration; the last one is final and says who parted, and when.

        Raises: Refusal, when the scenario cannot be played or the attack lacks something it needs.
        """
        start = time.perf_counter()
        attempts, partings, index = [Attempt(way, self.inversion) for way in ways(device)], Partings(), 0
        while going := [attempt for attempt in attempts if not attempt.over]:
            for attempt in going:
                attempt.advance()
            iteration = max(attempt.iteration for attempt in attempts)
            partings.see(iteration, {attempt.way.name: attempt.loss for attempt in attempts})
            if self._recorded(going):
                yield self._frame(index, time.perf_counter() - start, attempts, partings)
                index += 1
        yield self._frame(index, time.perf_counter() - start, attempts, partings, final=True)

    def _recorded(self, going: Sequence[Attempt]) -> bool:
        moved = [attempt for attempt in going if not attempt.over]
        return any(self.inversion.records(snapshot) for attempt in moved for snapshot in attempt.snapshots)

    def _frame(
        self, index: int, seconds: float, attempts: Sequence[Attempt], partings: Partings, *, final: bool = False
    ) -> Frame:
        """Return the present state in all ways."""
        iterations = self.inversion.recipe.iterations
        shares = [1.0 if attempt.over else min(1.0, attempt.iteration / iterations) for attempt in attempts]
        scalars = {
            "iteration": float(max(attempt.iteration for attempt in attempts)), "iterations": float(iterations),
            "progress": sum(shares) / len(shares),
        }  # fmt: skip
        pictures: dict[str, np.ndarray] = {}
        for attempt in attempts:
            name, moment = attempt.way.name, attempt.scored(index)
            scalars |= {f"{key}.{name}": moment.scalars[key] for key in ("loss", "psnr", "evaluations")}
            scalars |= {f"iteration.{name}": float(attempt.iteration), f"seconds.{name}": attempt.seconds}
            pictures[f"reconstruction.{name}"] = moment.pictures["reconstruction"]
            if "truth" in moment.pictures:
                pictures["truth"] = moment.pictures["truth"]
        scalars |= {f"parted.{name}": float(iteration) for name, iteration in partings.at.items()}
        if final:
            scalars |= {f"alike.{name}": float(alike(scalars, name)) for name in names(scalars)}
        notes = self._opening(attempts) if index == 0 else []
        notes = [*verdict(scalars), *_remarks(attempts)] if final else notes
        return Frame(index, seconds, scalars, {}, pictures, "\n".join(notes), final)

    def _opening(self, attempts: Sequence[Attempt]) -> list[str]:
        run = [attempt.way for attempt in attempts]
        gpu = "with" if any(way.device == "cuda" for way in run) else "without"
        return [_RUN.format(len(run), gpu, ", ".join(way.name for way in run)), *attempts[0].played.warnings]


def names(scalars: Mapping[str, float]) -> list[str]:
    """Return the ways that some numbers are of, the reference first."""
    return [name.removeprefix("psnr.") for name in scalars if name.startswith("psnr.")]


def alike(scalars: Mapping[str, float], name: str) -> bool:
    """Return whether a way ends within half a decibel of the reference."""
    return abs(scalars[f"psnr.{name}"] - scalars[f"psnr.{REFERENCE.name}"]) <= ALIKE


def verdict(scalars: Mapping[str, float]) -> list[str]:
    """Return what came of all ways: a sentence that sums them up where there are several, and one of each."""
    others = [name for name in names(scalars) if name != REFERENCE.name]
    parted = {name: scalars[f"parted.{name}"] for name in others if f"parted.{name}" in scalars}
    each = [_sentence(scalars, name) for name in others]
    if len(others) == 1:
        return each
    if not parted:
        return [_STAYED.format(REFERENCE.name, PARTED), *each]
    first = min(parted, key=parted.__getitem__)
    return [_SOME.format(len(parted), len(others), REFERENCE.name, f"{parted[first]:.0f}", first), *each]


def _remarks(attempts: Sequence[Attempt]) -> list[str]:
    """Return what is to be said of how the ways were computed, with the ways that it is said of."""
    made = dict.fromkeys(remark for attempt in attempts for remark in attempt.remarks)
    said = {remark: [attempt.way.name for attempt in attempts if remark in attempt.remarks] for remark in made}
    return [f"{', '.join(found)}: {remark}" for remark, found in said.items()]


def _sentence(scalars: Mapping[str, float], name: str) -> str:
    here, there = scalars[f"psnr.{name}"], scalars[f"psnr.{REFERENCE.name}"]
    left = scalars.get(f"parted.{name}")
    never = f"never parted from {REFERENCE.name}"
    parted = never if left is None else f"parted from {REFERENCE.name} at iteration {left:.0f}"
    if alike(scalars, name):
        end = f"ends within {ALIKE:g} dB of it"
    elif min(here, there) >= EXACT:
        end = "ends where no eye tells them apart"
    else:
        end = f"ends {abs(here - there):.1f} dB {'better' if here > there else 'worse'}"
    return f"{name} {parted} and {end}: {here:.1f} dB against {there:.1f} dB."
