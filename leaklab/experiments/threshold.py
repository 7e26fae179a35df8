"""Threshold: how strong a defence must be before an attack fails, found by halving the distance again and again."""

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from pydantic import field_validator

from leaklab.experiments.defended import Defended
from leaklab.experiments.frame import Frame
from leaklab.experiments.protections import PROTECTIONS, Protection
from leaklab.images.source import Source
from leaklab.settings import Refusal, Settings, knob

_WORDS = {"ssim": "SSIM", "psnr": "PSNR"}

_SWITCH = "{} is on or off, so there are no strengths to search between: choose another defence."
_ORDER = "The strengths to search between are {:g} and {:g}: choose a lower one to begin with, and a higher one to end."
_SAME_SIDE = (
    "{0} is {1:.3g} at {2} = {3:g} and {4:.3g} at {5:g}, so there is no knowing where it falls below {6:g}: choose one "
    "strength at which it lies above, and one at which it lies below."
)
_FOUND = "{}: {} falls below {:g} at {} = {:.3g}, where ‖noise‖/‖signal‖ is {:.3g}; at {:.3g} it still is {:.3g}{}."
_BETTER = ", by the better of a plain attack and one that adapts"


class Threshold(Settings):
    """The weakest strength of a defence at which what an attack brings back is worth less than a mark."""

    kind: Literal["threshold"] = "threshold"
    defended: Defended = Defended(adaptive="no")
    protection: str = knob("noise", title="Defence", help="The defence that is made stronger and weaker.")
    metric: Literal["ssim", "psnr"] = knob(
        "ssim", title="Judged by", help="What says how good a picture is: likeness (SSIM), or error (PSNR, in dB)."
    )  # fmt: skip
    below: float = knob(0.2, low=0, high=100, title="Mark", help="The value below which a picture counts as lost.")
    low: float = knob(1e-4, low=1e-6, high=65_535, log=True, title="From", help="The lower end of the search.")
    high: float = knob(1.0, low=1e-6, high=65_535, log=True, title="To", help="The upper end of the search.")
    bound: float = knob(
        1.0, low=1e-6, high=1e4, log=True, title="Clip to", symbol="C", level="advanced",
        help="The longest update or gradient there may be, for a defence that clips.",
    )  # fmt: skip
    probes: int = knob(
        8, low=1, high=20,
        help="How often the search is halved; each time takes an attack, and so does either end.",
    )  # fmt: skip

    @field_validator("protection", mode="before")
    @classmethod
    def _one_of_them(cls, value: Any) -> Any:
        if isinstance(value, str) and value not in PROTECTIONS:
            raise ValueError(f"there is no such defence; choose one of {', '.join(PROTECTIONS)}")
        return value

    @property
    def source(self) -> Source:
        """Where the private photographs come from."""
        return self.defended.source

    @property
    def title(self) -> str:
        """A run's name for a list."""
        inversion = self.defended.inversion
        defence = PROTECTIONS[self.protection].title
        return f"How much {defence} stops {inversion.recipe.name}, {inversion.scenario.network.row.title}"

    def run(self, device: str = "auto") -> Iterator[Frame]:
        """Yield a frame a probe, and signs of life between them; the last one is final and names the strength.

        Raises: Refusal, when a strength is not allowed, the mark does not lie between both ends, or an attack fails.
        """
        search = Search(self, PROTECTIONS[self.protection])
        for strength in (self.low, self.high):
            search.defended(strength)  # refused before the first attack rather than after it
        for strength in (self.low, self.high):
            yield from search.probe(strength, device)
        search.check()
        for _ in range(self.probes):
            if (strength := search.between) is None:
                break
            yield from search.probe(strength, device)
        yield search.closing()


@dataclass(frozen=True)
class Probe:
    """What came back at one strength, and how strong that is beside the signal."""

    strength: float
    ssim: float
    psnr: float
    ratio: float


@dataclass
class Search:
    """Keeps what every strength has come to, and knows between which two the mark is crossed."""

    asked: Threshold
    protection: Protection
    probes: list[Probe] = field(default_factory=list)
    _index: int = 0
    _start: float = field(default_factory=time.perf_counter)
    _pictures: dict[float, np.ndarray] = field(default_factory=dict)

    def defended(self, strength: float) -> Defended:
        """Return the experiment at one strength.

        Raises: Refusal, when there is nothing to search, or the strength is not allowed.
        """
        asked, protection = self.asked, self.protection
        if protection.low == protection.high:
            raise Refusal(_SWITCH.format(protection.title))
        if not asked.low < asked.high:
            raise Refusal(_ORDER.format(asked.low, asked.high))
        return asked.defended.under(protection.defences(strength, asked.bound))

    def probe(self, strength: float, device: str) -> Iterator[Frame]:
        """Attack at one strength, and yield frames until it is measured."""
        for frame in self.defended(strength).run(device):
            truth = {"truth": frame.pictures["truth"]} if self._index == 0 else {}
            if not frame.final:
                yield self._frame(frame.scalars["progress"], truth)
        self.probes.append(Probe(
            strength, *(_better(frame, name) for name in ("ssim", "psnr")), frame.scalars["ratio"]
        ))  # fmt: skip
        self._pictures[strength] = frame.pictures[
            "reconstruction" if "reconstruction" in frame.pictures else "adaptive"
        ]
        yield self._frame(0.0, truth | {"reconstruction": self._pictures[strength]})

    def check(self) -> None:
        """Raise when the mark does not lie between the ends.

        Raises: Refusal, saying what was measured at both.
        """
        first, last = self.probes
        if self._lost(first) == self._lost(last):
            raise Refusal(_SAME_SIDE.format(
                _WORDS[self.asked.metric], self._value(first), self.protection.unit, first.strength,
                self._value(last), last.strength, self.asked.below,
            ))  # fmt: skip

    @property
    def ends(self) -> tuple[Probe, Probe]:
        """The probe nearest to the mark at which the attack still reaches it, and the one at which it does not."""
        kept, lost = sorted(self.probes[:2], key=self._lost)
        for probe in self.probes[2:]:
            kept, lost = (kept, probe) if self._lost(probe) else (probe, lost)
        return kept, lost

    @property
    def between(self) -> float | None:
        """The strength in the middle, by ratio; None where there is none any more."""
        low, high = sorted(probe.strength for probe in self.ends)
        middle = math.sqrt(low * high)
        middle = float(round(middle)) if self.protection.whole else middle
        return middle if low < middle < high else None

    def closing(self) -> Frame:
        """Return the last frame, with the strength that was found and its sentence."""
        kept, lost = self.ends
        asked = self.asked
        note = _FOUND.format(
            self.protection.title, _WORDS[asked.metric], asked.below, self.protection.unit, lost.strength, lost.ratio,
            kept.strength, self._value(kept), "" if asked.defended.adaptive == "no" else _BETTER,
        )  # fmt: skip
        return self._frame(0.0, {"reconstruction": self._pictures[lost.strength]}, asdict(lost), note)

    def _frame(
        self, share: float, pictures: dict[str, np.ndarray], found: dict[str, float] | None = None, note: str = ""
    ) -> Frame:  # fmt: skip
        done = 1.0 if found else (len(self.probes) + share) / (self.asked.probes + 2)
        series = {name: [getattr(probe, name) for probe in self.probes] for name in Probe.__dataclass_fields__}
        frame = Frame(
            self._index, time.perf_counter() - self._start, {"progress": done} | (found or {}), series, pictures, note,
            bool(found),
        )  # fmt: skip
        self._index += 1
        return frame

    def _value(self, probe: Probe) -> float:
        return getattr(probe, self.asked.metric)

    def _lost(self, probe: Probe) -> bool:
        return self._value(probe) < self.asked.below


def _better(frame: Frame, name: str) -> float:
    """Return the better score of the attacks that could be carried out."""
    found = [frame.scalars[name], frame.scalars[f"adaptive.{name}"]]
    return max(value for value in found if not math.isnan(value))
