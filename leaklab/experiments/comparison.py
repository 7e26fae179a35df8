"""Comparison: one photograph under several defences: what the page Defences holds, and everything it asks for.

It is no experiment itself: every picture and every point of it is one that stands in the store by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import model_validator

from leaklab.attacks.matching.adapting import Adapt
from leaklab.attacks.recipes import IG
from leaklab.experiments.catalogue import tuned
from leaklab.experiments.defended import Defended
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.protections import FIGURE, PROTECTIONS, strength
from leaklab.experiments.scenario import Scenario
from leaklab.experiments.threshold import Threshold
from leaklab.experiments.utility import Utility
from leaklab.federation.rounds import Federation
from leaklab.images.source import Photos, Source
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.defences import Defence
from leaklab.protocol.defences.dropping import Dropout
from leaklab.protocol.observation import ThreatModel
from leaklab.settings import Settings, knob

Key = Literal[
    "noise", "laplace", "clip", "dp-sgd", "top-k", "random-k", "qsgd", "uniform", "sign", "soteria", "precode",
    "dropout", "mixup", "instahide",
]  # fmt: skip
NONE = "none"  # stands for no defence where keys of defences stand
MOST = 6  # columns; more could not be told apart on a screen

_FROM_THE_MIDDLE = (2, 4, 0, 3, 1)  # the order in which five strengths are measured: the span first, then between

QUICK = Inversion(
    scenario=Scenario(
        source=Photos(names=("astronaut",)), network=NetworkChoice(name="convnet2"),
        federation=Federation(defences=()), threat=ThreatModel(labels=True),
    ),
    recipe=tuned(IG, iterations=100), precision="float32",
)  # fmt: skip


class Column(Settings):
    """One defence at one strength."""

    protection: Key = "noise"
    strength: float = 0.0

    @model_validator(mode="after")
    def _allowed(self) -> "Column":
        PROTECTIONS[self.protection].defences(self.strength)
        return self


class Comparison(Settings):
    """The same photographs, network and attack under one defence after another."""

    kind: Literal["comparison"] = "comparison"
    inversion: Inversion = QUICK
    columns: tuple[Column, ...] = (
        Column(protection="noise", strength=3e-3), Column(protection="dp-sgd", strength=1),
        Column(protection="top-k", strength=0.9), Column(protection="soteria", strength=0.5),
    )  # fmt: skip
    adaptive: Adapt = knob(
        "estimated", title="Attacker who adapts",
        help="Whether a second attack reckons with the defences: those it is told of, or those it makes out.",
    )  # fmt: skip
    bound: float = knob(
        1.0, low=1e-6, high=1e4, log=True, title="Clip norm", symbol="C",
        help="The length to which clipping and DP-SGD shorten; their noise is in units of it.",
    )  # fmt: skip
    delta: float = knob(
        1e-5, low=1e-12, high=0.5, log=True, title="δ", symbol="δ of (ε, δ)",
        help="The chance that a guarantee may be broken; it should be well below one in the number of those protected.",
    )  # fmt: skip
    dropout: float = knob(
        0.0, low=0, high=0.95, step=0.05, title="Dropout", symbol="p",
        help="The share of the last layer's inputs that is left out at random in each local step, in every column.",
    )  # fmt: skip

    @property
    def source(self) -> Source:
        """Where the private photographs come from."""
        return self.inversion.source

    @property
    def basis(self) -> "Comparison":
        """Everything but the columns: what all of them have in common."""
        return self.model_copy(update={"columns": ()})

    def strength(self, key: str) -> float | None:
        """Return how strong a defence is in its column; None where it has none."""
        return next((column.strength for column in self.columns if column.protection == key), None)

    def showing(self, keys: list[str]) -> "Comparison":
        """Return the same with these defences in columns: those that stay keep their strength, others are middling."""
        columns = [
            Column(protection=key, strength=middling(key) if (held := self.strength(key)) is None else held)
            for key in keys
        ]
        return self.model_copy(update={"columns": tuple(columns)})

    def stronger(self, key: str, strength: float) -> "Comparison":
        """Return the same with another strength in one column."""
        changed = Column(protection=key, strength=strength)
        columns = tuple(changed if column.protection == key else column for column in self.columns)
        return self.model_copy(update={"columns": columns})

    def chain(self, key: str = NONE, strength: float = 0.0) -> tuple[Defence, ...]:
        """Return the defences of a column, or of none: the dropout that all share, and the column's own.

        Raises: Refusal, when the strength is not allowed.
        """
        own = () if key == NONE else PROTECTIONS[key].defences(strength, self.bound)
        shared = (Dropout(rate=self.dropout),) if self.dropout and key != "dropout" else ()
        return (*shared, *own)

    def defended(self, key: str = NONE, strength: float = 0.0) -> Defended:
        """Return the attacks on what a client sends that has this defence."""
        plain = Defended(inversion=self.inversion, adaptive=self.adaptive, delta=self.delta)
        return plain.under(self.chain(key, strength))

    def utility(self, key: str = NONE, strength: float = 0.0) -> Utility:
        """Return the training of a federation whose clients have this defence."""
        usual = Utility(delta=self.delta)
        federation = usual.scenario.federation.model_copy(update={"defences": self.chain(key, strength)})
        return usual.model_copy(
            update={"scenario": usual.scenario.model_copy(update={"federation": federation})}
        )  # fmt: skip

    def threshold(self, key: str) -> Threshold:
        """Return the search for the weakest strength of a defence that is enough against the plain attack."""
        plain = self.defended().under(()).model_copy(update={"adaptive": "no"})
        return Threshold(defended=plain, protection=key, bound=self.bound)

    def figure(self) -> tuple["Point", ...]:
        """Return every point of the privacy-utility figure, in the order in which they are best measured.

        Without a defence first; then each defence at a middling strength, at the ends, and between.
        """
        points = [(NONE, 0.0)] + [(key, PROTECTIONS[key].grid[n]) for n in _FROM_THE_MIDDLE for key in FIGURE]
        return tuple(Point(key, value, self.defended(key, value), self.utility(key, value)) for key, value in points)


@dataclass(frozen=True)
class Point:
    """One defence at one strength: an attack on it, and a training under it."""

    protection: str
    strength: float
    defended: Defended
    utility: Utility


def middling(key: str) -> float:
    """Return the strength of a defence in the middle of those that are compared."""
    grid = PROTECTIONS[key].grid
    return grid[len(grid) // 2]


def column(chain: tuple[Defence, ...], dropout: float = 0.0) -> tuple[str, float]:
    """Return which column a chain of defences belongs into, and its strength there; of none, that of no defence.

    A dropout that all columns have stands before another defence, and by itself where there is no other.
    """
    if not chain or chain == (Dropout(rate=dropout),):
        return NONE, 0.0
    own = chain[-1]
    key = next(key for key, protection in PROTECTIONS.items() if protection.part is type(own))
    return key, strength(own)


def of_runs(runs: Sequence[Settings]) -> list[Comparison]:
    """Return the comparison to which some runs belong, as the only item; none where they belong to none.

    What the columns have in common is taken from the first that was attacked.
    """
    attacked = [run for run in runs if isinstance(run, Defended)]
    searched = [run for run in runs if isinstance(run, Threshold)]
    chains = [run.chain for run in attacked]
    chains += [run.scenario.federation.defences for run in runs if isinstance(run, Utility)]
    if not (chains or searched):
        return []
    clips = [one.bound for chain in chains for one in chain if "bound" in type(one).model_fields]
    dropout = next((one.rate for chain in chains for one in chain[:-1] if isinstance(one, Dropout)), 0.0)
    common: dict[str, Any] = {"dropout": dropout} | ({"bound": clips[0]} if clips else {})
    for search in searched[:1]:
        common |= {"inversion": search.defended.under(()).inversion}
    for first in attacked[:1]:
        common |= {"inversion": first.under(()).inversion, "adaptive": first.adaptive, "delta": first.delta}
    shown = [column(chain, dropout) for chain in chains]
    shown += [(run.protection, middling(run.protection)) for run in searched]
    strengths = dict(shown[::-1])  # of several runs of one defence the first counts
    keys = [key for key in dict.fromkeys(key for key, _ in shown) if key != NONE][:MOST]
    columns = tuple(Column(protection=key, strength=strengths[key]) for key in keys)
    return [Comparison(columns=columns, **common)]
