"""Sweep: a grid of ordinary attacks that differ in one knob or two, the corners of the grid first."""

import math
from collections.abc import Iterator, Sequence
from typing import Literal, Self

import torch
from pydantic import field_validator, model_validator

from leaklab.attacks.recipes import FAST_SEARCH
from leaklab.experiments import sweep_knobs
from leaklab.experiments.devices import place
from leaklab.experiments.frame import Frame
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.referee import Referee
from leaklab.experiments.scenario import Scenario
from leaklab.experiments.sweep_cells import Named, order
from leaklab.experiments.sweep_knobs import KNOBS
from leaklab.experiments.sweep_record import Record
from leaklab.images.source import Photos, Source
from leaklab.settings import Refusal, Settings, knob

VALUES = 8  # of one axis, at most
ATTACKS = 64  # of one sweep, at most
_NAMES = ("scenario", "source", "names")
_SEEDS = 2**31  # where they begin anew
_SIGNS = 20  # of life within one attack, about
_TOO_MANY = "{} with {} {} attacks, and at most {} are allowed: leave out values or seeds"


class Axis(Settings):
    """A knob and the values it takes in turn."""

    name: str = knob(
        "tv-weight", title="What varies",
        help=f"A knob of the attack: {', '.join(KNOBS)}, or any other place that holds a number.",
    )  # fmt: skip
    values: tuple[float, ...] = knob(KNOBS["tv-weight"].values, help=f"The values it takes, at most {VALUES}.")

    @field_validator("name")
    @classmethod
    def _known(cls, value: str) -> str:
        """Return the name in the table of a place that has one."""
        return next((key for key, row in KNOBS.items() if row.place == value), value)

    @field_validator("values")
    @classmethod
    def _some(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if not values:
            raise ValueError("nothing is given here; write one value or more")
        if len(values) > VALUES:
            raise ValueError(f"{len(values)} values are given, and at most {VALUES} are allowed")
        if twice := [value for value in values if values.count(value) > 1]:
            raise ValueError(f"{twice[0]:g} is given twice; write every value once")
        return values

    @property
    def written(self) -> tuple[str, ...]:
        """The values as they are written."""
        return tuple(f"{value:g}" for value in self.values)


class Sweep(Settings):
    """The same attack at every combination of the values of one knob or two, with several seeds if wanted."""

    kind: Literal["sweep"] = "sweep"
    inversion: Inversion = Inversion(scenario=Scenario(source=Photos(names=("astronaut",))), recipe=FAST_SEARCH)
    axes: tuple[Axis, ...] = (Axis(),)
    seeds: int = knob(
        1, low=1, high=16,
        help="How often each cell is attacked, every time with the next seed; shown are the median and the extremes.",
    )  # fmt: skip

    @model_validator(mode="after")
    def _possible(self) -> Self:
        """Set every knob to every one of its values, so that what is not allowed is said before anything runs."""
        if len(self.axes) not in (1, 2):
            raise ValueError(f"{len(self.axes)} knobs are given, and one or two are allowed")
        if len({axis.name for axis in self.axes}) < len(self.axes):
            raise ValueError(f"both knobs are {self.axes[0].name}: choose two different ones, or one alone")
        if (count := self.attacks) > ATTACKS:
            many = " × ".join(str(len(axis.values)) for axis in self.axes)
            seeds = f"{self.seeds} seeds are" if self.seeds > 1 else "one seed are"
            raise ValueError(_TOO_MANY.format(f"{many} cells", seeds, count, ATTACKS))
        try:
            for axis in self.axes:
                for value in axis.values:
                    sweep_knobs.applied(self.inversion, axis.name, value)
        except Refusal as refusal:
            raise ValueError(str(refusal).removesuffix(".")) from refusal
        return self

    @property
    def source(self) -> Source:
        """Where the private photographs come from."""
        return self.inversion.source

    @property
    def attacks(self) -> int:
        """How many attacks there are in all."""
        return math.prod(len(axis.values) for axis in self.axes) * self.seeds

    @property
    def named(self) -> list[Named]:
        """The axes in words."""
        return [Named(sweep_knobs.title(self.inversion, axis.name), axis.written) for axis in self.axes]

    @property
    def title(self) -> str:
        """A run's name for a list."""
        varied = " × ".join(axis.title for axis in self.named)
        return f"Sweep of {varied}: {self.inversion.title}"

    def cell(self, x: int, y: int = 0, seed: int = 0) -> Inversion:
        """Return the attack at one place of the grid, with one of the seeds: an ordinary one."""
        inversion = self.inversion
        for axis, number in zip(self.axes, (x, y), strict=False):
            inversion = sweep_knobs.applied(inversion, axis.name, axis.values[number])
        source, used = inversion.source, inversion.scenario.federation.images
        if isinstance(source, Photos) and len(source.names) > used:  # chosen for the largest cell
            inversion = inversion.changed(_NAMES, source.names[:used])
        seeds = {"seed": (inversion.seed + seed) % _SEEDS}
        if inversion.attack_seed is not None:
            seeds["attack_seed"] = (inversion.attack_seed + seed) % _SEEDS
        return inversion.model_copy(update=seeds)

    def corners(self) -> list[Inversion]:
        """Return the attacks with the first and the last value of every axis."""
        ends = [dict.fromkeys((0, len(axis.values) - 1)) for axis in self.axes]
        return [self.cell(x, y) for x in ends[0] for y in (ends[1] if len(ends) > 1 else (0,))]

    def run(self, device: str = "auto") -> Iterator[Frame]:
        """Yield a frame for every attack that is over, and signs of life between; the last one is final and sums up.

        An attack that cannot be carried out leaves its cell empty, and its reason in the last frame.
        Raises: Refusal, when none of the attacks can be.
        """
        record = Record(self.named, self.attacks, self.seeds)
        width, height = (len(axis.values) for axis in (*self.axes, _ALONE)[:2])
        for x, y, seed in order(width, height, self.seeds):
            try:
                for share, found in _attacked(self.cell(x, y, seed), device):
                    yield record.passing(share) if found is None else record.finished(x, y, seed, found)
            except Refusal as refusal:
                yield record.refused(x, y, seed, refusal)
        yield record.closing()


def made(inversion: Inversion, axes: tuple[Axis, ...], seeds: int = 1) -> Sweep:
    """Return a sweep of an attack.

    Raises: Refusal, naming the knob, its value and what is allowed.
    """
    try:
        return Sweep.read({"inversion": inversion, "axes": axes, "seeds": seeds})
    except Refusal as refusal:
        raise Refusal(str(refusal).removeprefix("the settings: ")) from refusal


def axis(name: str, values: Sequence[float]) -> Axis:
    """Return an axis.

    Raises: Refusal, naming the knob and what is wrong with its values.
    """
    try:
        return Axis.read({"name": name, "values": list(values)})
    except Refusal as refusal:
        called = KNOBS[name].title if name in KNOBS else name
        raise Refusal(f"{called}: {str(refusal).removeprefix('values: ')}") from refusal


_ALONE = Axis(values=(0.0,))  # stands for a second axis where there is none


def _attacked(inversion: Inversion, device: str) -> Iterator[tuple[float, Frame | None]]:
    """Yield how much of an attack is done, a few times, and at the end what it came to."""
    played = inversion.scenario.play(inversion.seed, device=place(device), dtype=getattr(torch, inversion.precision))
    iterations = inversion.recipe.iterations
    referee = Referee(played, iterations)
    for attack, snapshot in inversion.guesses(played.exchanges):
        referee.latest[attack] = snapshot
        if snapshot.iteration % max(1, iterations // _SIGNS) == 0:
            done = sum(one.iteration for one in referee.latest.values())
            yield min(1.0, done / (iterations * len(played.exchanges))), None
    for attack, snapshot in sorted(referee.latest.items()):
        referee.see(attack, snapshot)
    yield 1.0, referee.frame(0, 0.0)
