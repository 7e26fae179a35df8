"""Lineup: several attacks on the very same observation: what the page Compare holds, and everything it asks for.

It is no experiment itself: each of its attacks is one that stands in the store by itself.
"""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, field_validator

from leaklab.attacks.matching.priors import TotalVariation
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.recipe import Recipe
from leaklab.attacks.recipes import DLG, IDLG_ROW, IG, RECIPES
from leaklab.experiments.catalogue import tuned
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.scenario import Scenario
from leaklab.images.source import Photos, Source
from leaklab.settings import Knob, Path, Settings, knob, walk

FEWEST, MOST = 2, 4  # attacks; more could not be told apart on a screen
_BRIEF = 150  # iterations of a recipe that is added, at most: there are several of them
_LONGEST = 40  # letters of a title
_WHOLE = 60  # letters of a title with what tells it apart
_NAMED = 2  # differences that a title names
_MAIN = ("iterations", "restarts", "weight", "space.scale", "optimiser.learning_rate")  # what matters most, in order
_FIRST = ("restarts", "space.scale")  # settled by the stage before, where there is one


class Entry(Settings):
    """One attack of several: a recipe with whatever was changed in it."""

    title: str = knob("", help="What it is called; empty takes the recipe's name and what was changed.", level="hidden")
    recipe: Recipe = DLG

    @field_validator("title")
    @classmethod
    def _short(cls, title: str) -> str:
        return title[:_LONGEST]


QUICK = Inversion(scenario=Scenario(source=Photos(names=("astronaut",))))
_FIRST_THREE = tuple(Entry(recipe=tuned(recipe, iterations=100)) for recipe in (DLG, IDLG_ROW, IG))


class Lineup(Settings):
    """The same photographs, network and update under one attack after another."""

    kind: Literal["lineup"] = "lineup"
    base: Inversion = QUICK  # its recipe says nothing
    entries: tuple[Entry, ...] = Field(_FIRST_THREE, min_length=FEWEST, max_length=MOST)

    @field_validator("base")
    @classmethod
    def _without_a_recipe(cls, base: Inversion) -> Inversion:
        return base if base.recipe == DLG else base.model_copy(update={"recipe": DLG})

    @property
    def source(self) -> Source:
        """Where the private photographs come from."""
        return self.base.source

    @property
    def inversions(self) -> tuple[Inversion, ...]:
        """One ordinary attack for each entry: on the very same observation, since scenario and seed are the same."""
        return tuple(self.base.model_copy(update={"recipe": entry.recipe}) for entry in self.entries)

    @property
    def titles(self) -> tuple[str, ...]:
        """What the entries are called: those of one name by what tells them apart."""
        names = [entry.title or entry.recipe.name for entry in self.entries]
        told = [self._told_apart(number) if names.count(name) > 1 else name for number, name in enumerate(names)]
        cut = [title[:_WHOLE] for title in told]
        return tuple(
            f"{title} ({cut[: number + 1].count(title)})" if cut.count(title) > 1 else title
            for number, title in enumerate(cut)
        )

    def with_entry(self, recipe: Recipe) -> "Lineup":
        """Return the same with one more attack."""
        return self.model_copy(update={"entries": (*self.entries, Entry(recipe=recipe))})

    def without(self, number: int) -> "Lineup":
        """Return the same with one attack less."""
        return self.model_copy(update={"entries": self.entries[:number] + self.entries[number + 1 :]})

    def replaced(self, number: int, recipe: Recipe) -> "Lineup":
        """Return the same with another recipe in one place; a title that was given to the old one goes."""
        entries = list(self.entries)
        if entries[number].recipe != recipe:
            entries[number] = Entry(recipe=recipe)
        return self.model_copy(update={"entries": tuple(entries)})

    def told(self, *facts: str) -> "Lineup":
        """Return the same attacks by attackers who are told some facts."""
        lineup = self
        for fact in facts:
            lineup = lineup.changed(("base", "scenario", "threat", fact), True)
        return lineup

    def _told_apart(self, number: int) -> str:
        """Return a recipe's name and what of it is different in an entry of the same name."""
        recipe = self.entries[number].recipe
        others = [
            _values(entry.recipe)
            for place, entry in enumerate(self.entries)
            if place != number and (entry.title or entry.recipe.name) == (self.entries[number].title or recipe.name)
        ]
        own = [knob for knob in walk(recipe) if not knob.many and knob.level != "hidden"]
        differ = [one for one in own if any(other.get(one.path, _said(one)) != _said(one) for other in others)]
        said = [f"{_lowered(one.title)} {_said(one)}" for one in differ[:_NAMED]]
        return ", ".join([self.entries[number].title or recipe.name, *said])


def brief(key: str) -> Recipe:
    """Return a published attack with no more iterations than several of them at once can afford."""
    row = RECIPES[key]
    most = max((getattr(stage, "iterations", 0) for stage in row.stages), default=0)
    return tuned(row, iterations=min(most, _BRIEF) or None)


def main_knobs(recipe: Recipe, path: Path) -> list[Knob]:
    """Return the few knobs of a recipe that matter most, with paths that begin with another."""
    main = next((n for n, stage in enumerate(recipe.stages) if isinstance(stage, GradientMatching)), 0)
    found = []
    for one in walk(recipe, path):
        stage, part = one.path[len(path) + 1 : len(path) + 2], ".".join(map(str, one.path[len(path) + 2 :]))
        weight = one.path[-1] == "weight" and one.owner is TotalVariation
        part = "weight" if weight else part
        if part in _MAIN and (part == "iterations" or (stage == (main,) and not (main and part in _FIRST))):
            found.append((_MAIN.index(part), one))
    return [one for _, one in sorted(found, key=lambda each: each[0])]


def apart(first: Inversion, second: Inversion) -> list[str]:
    """Return the titles of what differs between the observations of two attacks; empty where they are the same."""
    one, other = (
        _values(inversion.model_copy(update={"recipe": DLG, "record_every": 0})) for inversion in (first, second)
    )
    titles = {knob.path: knob.title for inversion in (first, second) for knob in walk(inversion)}
    differ = [titles[path] for path in (*one, *other) if one.get(path) != other.get(path)]
    return list(dict.fromkeys(differ))


def of_runs(runs: Sequence[Settings]) -> list[Lineup]:
    """Return the line-up of those attacks that had the first one's observation, as the only item; none without any.

    One attack alone gets another beside it.
    """
    attacks = [run for run in runs if isinstance(run, Inversion)]
    if not attacks:
        return []
    base = attacks[0]
    recipes = [run.recipe for run in attacks if run.model_copy(update={"recipe": base.recipe}) == base][:MOST]
    beside = next(entry.recipe for entry in _FIRST_THREE if entry.recipe != recipes[0])
    shown = recipes if len(recipes) >= FEWEST else [*recipes, beside]
    return [Lineup(base=base, entries=tuple(Entry(recipe=recipe) for recipe in shown))]


def _values(settings: Settings) -> dict[Path, Any]:
    return {knob.path: _said(knob) for knob in walk(settings)}


def _lowered(title: str) -> str:
    return title[:1].lower() + title[1:] if title[1:2].islower() else title


def _said(one: Knob) -> Any:
    """Return what a knob holds, in words that fit into a title."""
    if isinstance(one.value, Settings):
        return one.value.kind.replace("_", " ")
    return f"{one.value:g}" if isinstance(one.value, float) else one.value
