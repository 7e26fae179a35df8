"""Defending: one defence at several strengths, by what attacks still bring back and by what the training loses."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from leaklab.experiments.defended import Defended
from leaklab.experiments.frame import Frame
from leaklab.experiments.protections import PROTECTIONS, Protection
from leaklab.experiments.threshold import Threshold
from leaklab.experiments.utility import Utility
from leaklab.images.source import Source
from leaklab.protocol.defences import Defence
from leaklab.settings import Settings, knob

_AROUND = 10  # how far a search reaches beyond the strengths that are compared
_VERDICTS = ("plain: ", "adaptive: ")
_UNSAID = "LPIPS "  # with which a remark begins that is about numbers not shown here


class Defending(Settings):
    """A defence, made stronger and stronger: privacy on one side, learning on the other."""

    kind: Literal["defending"] = "defending"
    protection: Literal[tuple(PROTECTIONS)] = knob(
        "noise", title="Defence", help="What the clients do to give less away."
    )
    strengths: tuple[float, ...] = knob(
        (), help="How strong the defence is; several strengths are measured in turn, and none are those of the figure.",
    )  # fmt: skip
    bound: float = knob(
        1.0, low=0, high=1e4, title="Clip to", symbol="C",
        help="The longest update or gradient there may be, for a defence that clips.",
    )  # fmt: skip
    until: float = knob(
        0.0, low=0, high=1, title="Until SSIM",
        help="Search instead for the strength at which SSIM falls below this mark; 0 does not search.",
    )  # fmt: skip
    probes: int = knob(8, low=1, high=20, help="How often that search is halved.", level="advanced")
    defended: Defended = Defended(adaptive="no")
    train: bool = knob(False, help="Train a federation under the defence too, and say how accurate it becomes.")
    utility: Utility = Utility()

    @property
    def source(self) -> Source:
        """Where the private photographs come from."""
        return self.defended.source

    @property
    def title(self) -> str:
        """A run's name for a list."""
        inversion = self.defended.inversion
        return f"{inversion.recipe.name} against {self.row.title}, {inversion.scenario.network.row.title}"

    @property
    def row(self) -> Protection:
        """The defence, with its title and what its strength is a number of."""
        return PROTECTIONS[self.protection]

    @property
    def search(self) -> Threshold:
        """The search for a mark: between the strengths that are given, or a little beyond those of the figure.

        Raises: Refusal, when a strength is not allowed, or there is nothing to search between.
        """
        self._chains()
        compared = [strength for strength in self.strengths or self.row.grid if strength > 0]
        low, high = min(compared, default=0.0), max(compared, default=0.0)
        if not self.strengths:
            low, high = max(self.row.low, low / _AROUND), min(self.row.high, high * _AROUND)
        return Threshold.read({
            "protection": self.protection, "below": self.until, "low": low, "high": high, "bound": self.bound,
            "probes": self.probes, "defended": self.defended.model_dump(mode="json"),
        })  # fmt: skip

    def run(self, device: str = "auto") -> Iterator[Frame]:
        """Yield frames of every attack and training in turn; the last one is final and holds an outcome a strength.

        Raises: Refusal, when a strength is not allowed, or an attack or training cannot be carried out.
        """
        if self.until:
            yield from self.search.run(device)
            return
        start, chains = time.perf_counter(), self._chains()
        record = _Record([], [], [], total=len(chains) * (1 + self.train))
        for strength, chain in chains.items():
            for frame in self.defended.under(chain).run(device):
                yield record.passing(frame, time.perf_counter() - start)
            record.attacked(strength, frame, adaptive=self.defended.adaptive != "no")
            for frame in self._trained(chain, device):
                yield record.passing(frame, time.perf_counter() - start)
                if frame.index == 0 or frame.final:
                    record.trained(frame)
        yield record.closing(time.perf_counter() - start)

    def _chains(self) -> dict[float, tuple[Defence, ...]]:
        """Return the defences at every strength, all of them before the first takes any time."""
        return {strength: self.row.defences(strength, self.bound) for strength in self.strengths or self.row.grid}

    def _trained(self, chain: tuple[Defence, ...], device: str) -> Iterator[Frame]:
        if not self.train:
            return
        federation = self.utility.scenario.federation.model_copy(update={"defences": chain})
        scenario = self.utility.scenario.model_copy(update={"federation": federation})
        yield from self.utility.model_copy(update={"scenario": scenario}).run(device)


@dataclass(frozen=True)
class Outcome:
    """What a defence comes to at one strength; what there is not, or was not asked for, is not a number."""

    strength: float
    epsilon: float
    bytes: float
    psnr: float
    ssim: float
    accuracy: float
    adaptive_psnr: float
    adaptive_ssim: float
    signal: float
    noise: float
    ratio: float
    trained_epsilon: float  # of all rounds of the training


@dataclass
class _Record:
    """Keeps the outcomes, and the sentences of every strength."""

    outcomes: list[Outcome]
    verdicts: list[list[str]]
    remarks: list[list[str]]
    total: int  # of attacks and trainings
    done: int = 0
    index: int = 0

    def passing(self, frame: Frame, seconds: float) -> Frame:
        """Return a sign of life in the middle of an attack or a training."""
        kept = {name: frame.scalars[name] for name in ("iteration", "psnr") if name in frame.scalars}
        kept = kept if all(map(math.isfinite, kept.values())) else {}
        progress = (self.done + frame.scalars["progress"]) / self.total
        self.index += 1
        return Frame(self.index - 1, seconds, kept | {"progress": min(progress, 1.0)})

    def attacked(self, strength: float, final: Frame, *, adaptive: bool) -> None:
        """Take note of what the attacks at a strength came to."""
        found = final.scalars
        self.outcomes.append(Outcome(
            strength, found.get("epsilon", math.nan), found["bytes"], found["psnr"], found["ssim"], math.nan,
            *(found[f"adaptive.{name}"] if adaptive else math.nan for name in ("psnr", "ssim")),
            found["signal"], found["noise"], found["ratio"], math.nan,
        ))  # fmt: skip
        lines = [line for line in final.note.split("\n") if not line.startswith(_UNSAID)]
        self.verdicts.append([line for line in lines if line.startswith(_VERDICTS)])
        self.remarks.append([line for line in lines if not line.startswith(_VERDICTS)])
        self.done += 1

    def trained(self, frame: Frame) -> None:
        """Take note of what the training at the last strength came to, or of what its first frame warns of."""
        lines = [f"training: {line}" for line in frame.note.splitlines() if line not in self.remarks[-1]]
        if frame.final:
            found, accuracy = frame.scalars.get("epsilon", math.nan), frame.scalars["accuracy"]
            self.outcomes[-1] = replace(self.outcomes[-1], accuracy=accuracy, trained_epsilon=found)
            self.verdicts[-1] += lines[:1]
            self.done += 1
        self.remarks[-1] += lines[frame.final :]

    def closing(self, seconds: float) -> Frame:
        """Return the last frame: verdicts, an empty line, and remarks in its note."""
        note = "\n\n".join("\n".join(self._said(lines)) for lines in (self.verdicts, self.remarks))
        return Frame(self.index, seconds, {"progress": 1.0}, series(self.outcomes), note=note, final=True)

    def _said(self, lines: list[list[str]]) -> Iterator[str]:
        """Yield what is said of every strength once, and the rest with the strength of which it is said."""
        always = [line for line in lines[0] if all(line in others for others in lines)]
        yield from always
        for outcome, own in zip(self.outcomes, lines, strict=True):
            yield from (f"{outcome.strength:g}: {line}" for line in own if line not in always)


def series(found: Sequence[Outcome]) -> dict[str, list[float]]:
    """Return outcomes as the series of a frame, one list a column."""
    return {field.name: [getattr(one, field.name) for one in found] for field in fields(Outcome)}


def outcomes(final: Frame) -> list[Outcome]:
    """Return the outcomes a frame holds."""
    return [Outcome(*row) for row in zip(*(final.series[field.name] for field in fields(Outcome)), strict=True)]


def listed(asked: Defending, final: Frame) -> list[dict[str, Any]] | dict[str, Any]:
    """Return for JSON an object a strength, or of a search the one it has found; what is not finite is None."""
    if asked.until:
        found = {name: _finite(final.scalars[name]) for name in ("strength", "ratio", "ssim", "psnr")}
        return {"defence": asked.protection, "below": asked.until} | found
    return [_object(asked, one) for one in outcomes(final)]


def sentences(final: Frame) -> tuple[list[str], list[str]]:
    """Return the verdicts of a frame and its remarks."""
    verdicts, _, remarks = final.note.partition("\n\n")
    return verdicts.splitlines(), remarks.splitlines()


def _object(asked: Defending, one: Outcome) -> dict[str, Any]:
    adaptive = {"psnr": _finite(one.adaptive_psnr), "ssim": _finite(one.adaptive_ssim)}
    return {
        "defence": asked.protection, "strength": one.strength, "epsilon": _finite(one.epsilon),
        "bytes": int(one.bytes), "psnr": _finite(one.psnr), "ssim": _finite(one.ssim),
        "accuracy": _finite(one.accuracy), "adaptive": None if asked.defended.adaptive == "no" else adaptive,
        "signal": _finite(one.signal), "noise": _finite(one.noise), "ratio": _finite(one.ratio),
        "trained_epsilon": _finite(one.trained_epsilon),
    }  # fmt: skip


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
