"""Trials: what a lesson runs, written as a start of a page with knobs turned, so that the page can show the same."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Self

from pydantic import model_validator

from leaklab.experiments.catalogue import LABEL_PRESETS, PRESETS, Preset
from leaklab.experiments.comparison import NONE, Comparison
from leaklab.experiments.comparison_presets import COMPARISON_PRESETS
from leaklab.experiments.enhancing_presets import ENHANCING_PRESETS
from leaklab.experiments.experiment import Experiment
from leaklab.experiments.federation_presets import FEDERATION_PRESETS
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.protections import PROTECTIONS
from leaklab.experiments.viewpoints import Viewpoints
from leaklab.settings import Refusal, Settings, walk


class Trial(Settings):
    """One run of a step: a start of a page, perhaps with knobs turned, or of the page Defences one of its columns."""

    start: str  # the page and one of its starts, such as "playground/easy-leak"
    name: str = ""  # what it is called beside another
    change: dict[str, Any] = {}  # dotted path of a knob -> its value
    column: str = ""  # key of a defence; empty is none
    strength: float | None = None  # None is the start's own
    learning: bool = False  # what is learnt under a column's defence, rather than what is attacked

    @property
    def page(self) -> str:
        """The page that shows it in full."""
        return self.start.partition("/")[0]

    @property
    def held(self) -> Settings:
        """What that page's controls hold.

        Raises: Refusal, when there is no such start, or a knob is not there or not allowed.
        """
        page, _, key = self.start.partition("/")
        shelf = SHELVES.get(page)
        if shelf is None or key not in shelf.presets:
            known = [f"{name}/{one}" for name, offered in SHELVES.items() for one in offered.presets]
            raise Refusal(f"There is no start {self.start!r}: choose one of {', '.join(known)}.")
        return reduce(_turned, self.change.items(), shelf.presets[key].experiment)

    @property
    def experiment(self) -> Experiment:
        """What is run.

        Raises: Refusal, as above, or when a column's strength is not allowed.
        """
        return SHELVES[self.page].run(self, self.held)

    @model_validator(mode="after")
    def _there(self) -> Self:
        _ = self.held, self.experiment
        return self


@dataclass(frozen=True)
class Shelf:
    """The starts of a page, and what is run of them."""

    presets: Mapping[str, Preset]
    run: Callable[[Trial, Settings], Experiment] = lambda _, held: held


def _column(trial: Trial, held: Comparison) -> Experiment:
    key = trial.column or NONE
    if key not in (NONE, *PROTECTIONS):
        raise Refusal(f"There is no defence {key!r}: choose one of {', '.join(PROTECTIONS)}.")
    strength = held.strength(key) if trial.strength is None else trial.strength
    return (held.utility if trial.learning else held.defended)(key, strength or 0.0)


def _everywhere(_: Trial, held: Inversion) -> Viewpoints:
    return Viewpoints(inversion=held)


SHELVES: dict[str, Shelf] = {
    "playground": Shelf(PRESETS),
    "labels": Shelf(LABEL_PRESETS),
    "federation": Shelf(FEDERATION_PRESETS, _everywhere),
    "defences": Shelf(COMPARISON_PRESETS, _column),
    "enhance": Shelf(ENHANCING_PRESETS),
}


def _turned(start: Settings, knob: tuple[str, Any]) -> Settings:
    dotted, value = knob
    paths = {one.dotted: one.path for one in walk(start)}
    if dotted not in paths:
        raise Refusal(f"There is no knob {dotted!r} to turn.")
    return start.changed(paths[dotted], value)
