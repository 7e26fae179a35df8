"""The recipes and every knob as rows: what `leaklab recipes` prints and the documentation repeats."""

import json
import re
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from typing import Any

from leaklab.attacks.generative.in_the_loop import DiffusionInTheLoop
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.recipe import Recipe
from leaklab.attacks.recipes import RECIPES
from leaklab.experiments.experiment import Experiment
from leaklab.settings import Settings, choices

RECIPE_HEADS = ("key", "name", "source", "labels", "distance", "priors", "space", "optimiser", "iterations")
KNOB_HEADS = ("path", "default", "bounds", "unit", "help")

_LEFT_OUT = re.compile(r"not to be had|without its|no code")  # what a choice says where a part of the paper is missing
_OTHERWISE_TRAINED = ("generator_latent", "generator_weights", "diffusion_in_the_loop")


@dataclass(frozen=True)
class KnobRow:
    """One knob in words; the kinds that lead to it stand in brackets where a part can be of several."""

    path: str
    default: str
    bounds: str
    unit: str
    help: str


def recipes() -> list[tuple[str, ...]]:
    """Return a row for each recipe, without its story; stages are joined by arrows, cycles counted before them."""
    rows = []
    for recipe in RECIPES.values():
        columns = zip(*map(_stage, recipe.stages), strict=True)
        *parts, iterations = [" → ".join(dict.fromkeys(column)) for column in columns]
        often = f"{recipe.cycles} × ({iterations})" if recipe.cycles > 1 else iterations
        rows.append((recipe.key, recipe.name, recipe.source, recipe.labels.kind, *parts, often))
    return rows


def stories() -> list[tuple[str, str, str]]:
    """Return every recipe's name, its story, and what was chosen where its sources disagree; often nothing was."""
    return [(recipe.name, recipe.story, recipe.choice) for recipe in RECIPES.values()]


def faith(recipe: Recipe) -> str:
    """Return how near a recipe is to its paper: by its name, and by whether a part was chosen, replaced or left out."""
    if recipe.choice.startswith("Our own"):
        return "our own"
    if recipe.name.endswith("-style") or _LEFT_OUT.search(recipe.choice) or _trained_elsewhere(recipe):
        return "in the style of"
    return "published, with a choice" if recipe.choice else "as published"


def _trained_elsewhere(recipe: Recipe) -> bool:
    """Return whether a recipe rests on a generator or a denoiser, which ours are in place of the paper's."""
    kinds = {getattr(part, "kind", "") for stage in recipe.stages for part in (stage, getattr(stage, "space", None))}
    return not kinds.isdisjoint(_OTHERWISE_TRAINED)


def knobs() -> list[KnobRow]:
    """Return a row for each knob of every part of every experiment."""
    return [row for part in choices(Experiment) for row in _rows(part, part.model_fields["kind"].default)]


def markdown() -> str:
    """Return the table of recipes with their stories and choices, and the reference of every knob, as Markdown."""
    told = [(*row, *words) for row, (_, *words) in zip(recipes(), stories(), strict=True)]
    parts = [
        "# Recipes", _table((*RECIPE_HEADS, "story", "choice"), told),
        "# Knobs",
        "`leaklab run --set PATH=VALUE` sets any knob of an inversion, and `leaklab labels --set PATH=VALUE` any of a "
        "label recovery, its path written without the first word: "
        "`[kind]` becomes the place of such a part in its list, such as `.0`, or falls away where there is no list.",
        _table(KNOB_HEADS, [(f"`{row.path}`", *astuple(row)[1:]) for row in knobs()]),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _stage(stage: Settings) -> tuple[str, ...]:
    if isinstance(stage, DiffusionInTheLoop):
        return stage.distance.kind, f"{stage.denoiser} denoiser", "pixels", "adam", str(stage.iterations)
    if not isinstance(stage, GradientMatching):
        return f"closed form, {_kind(stage)}", "–", "–", "–", "–"
    parts = stage.distance.kind, _priors(stage.priors), _kind(stage.space), stage.optimiser.kind
    return *parts, str(stage.iterations)


def _rows(cls: type[Settings], path: str) -> Iterator[KnobRow]:
    for name, field in cls.model_fields.items():
        extra, parts = field.json_schema_extra, _parts(field)
        if isinstance(extra, dict) and extra.get("knob"):
            allowed = _bounds(extra, choices(field.annotation))
            default = _default(field.get_default())
            yield KnobRow(f"{path}.{name}", default, allowed, str(extra["unit"]), field.description or "")
        for part in parts:
            kind = f"[{part.model_fields['kind'].default}]" if "kind" in part.model_fields else ""
            yield from _rows(part, f"{path}.{name}{kind}")


def _parts(field: Any) -> list[type[Settings]]:
    found = choices(field.annotation)
    whole = choices(Experiment)  # an experiment inside another has its own rows
    return [part for part in found if isinstance(part, type) and issubclass(part, Settings) and part not in whole]


def _bounds(extra: dict[str, Any], allowed: tuple[Any, ...]) -> str:
    if allowed:
        return ", ".join(map(_word, allowed))
    low, high = extra["low"], extra["high"]
    return "" if low is None else f"{low} or more" if high is None else f"{low} to {high}"


def _word(allowed: Any) -> str:
    if not isinstance(allowed, type):
        return str(allowed)
    return str(allowed.model_fields["kind"].default if "kind" in allowed.model_fields else allowed.__name__.lower())


def _default(value: Any) -> str:
    if isinstance(value, Settings):
        return _kind(value)
    if isinstance(value, tuple) and any(isinstance(part, Settings) for part in value):
        return ", ".join(map(_kind, value))
    return value if isinstance(value, str) else json.dumps(value)


def _kind(part: Settings) -> str:
    return str(getattr(part, "kind", type(part).__name__.lower()))


def _priors(priors: Any) -> str:
    return ", ".join(f"{prior.kind} {prior.weight:g}" for prior in priors if prior.weight) or "–"


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
