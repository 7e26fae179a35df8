"""What is set to something else than usual, and shown nowhere: so that nothing is secretly on."""

from collections.abc import Collection, Iterator
from typing import Any

from leaklab.attacks.recipe import Recipe
from leaklab.experiments.catalogue import RECIPES
from leaklab.settings import Knob, Path, Settings, walk

_LISTS = ("defences", "priors", "stages")  # of parts, which are no knobs themselves


def secretly(experiment: Settings, default: Settings, shown: Collection[Path]) -> list[Knob]:
    """Return the knobs that are not shown and hold something else than the default, or than their recipe's row."""
    usual = _usual(experiment, default)
    return [
        knob
        for knob in _all(experiment)
        if knob.path not in shown
        and _speaks(knob)
        and _said(knob.value) not in map(_said, usual.get(_place(knob), [_own(knob)]))
    ]


def _usual(experiment: Settings, default: Settings) -> dict[tuple[Path, type], list[Any]]:
    """Return what every knob usually holds: a recipe's what its row has, or the default where it is the same recipe."""
    usual = {_place(knob): [knob.value] for knob in _all(default)}
    for path in [knob.path[:-1] for knob in walk(experiment) if knob.owner is Recipe and knob.path[-1] == "key"]:
        if row := RECIPES.get(experiment.at((*path, "key"))):
            same = usual.get(((*path, "key"), Recipe)) == [row.key]
            for knob in _all(row, path):
                usual[_place(knob)] = [knob.value, *(usual.get(_place(knob), ()) if same else ())]
    return usual


def _all(settings: Settings, path: Path = ()) -> Iterator[Knob]:
    """Yield every knob, and every list of parts as if it were one."""
    yield from walk(settings, path)
    for name in type(settings).model_fields:
        yield from _lists(getattr(settings, name), (*path, name), type(settings))


def _lists(value: Any, path: Path, owner: type[Settings]) -> Iterator[Knob]:
    if isinstance(value, Settings):
        for name in type(value).model_fields:
            yield from _lists(getattr(value, name), (*path, name), type(value))
    elif isinstance(value, tuple):
        if path[-1] in _LISTS:
            yield Knob(
                path=path, value=value, owner=owner, help="", title=str(path[-1]).capitalize(), symbol="", low=None,
                high=None, step=None, log=False, unit="", level="advanced", choices=(), many=True,
            )  # fmt: skip
        for number, one in enumerate(value):
            yield from _lists(one, (*path, number), owner)


def _place(knob: Knob) -> tuple[Path, type]:
    return knob.path, knob.owner


def _own(knob: Knob) -> Any:
    return knob.owner.model_fields[knob.path[-1]].default


def _speaks(knob: Knob) -> bool:
    """Return whether a knob does anything that may be told: names and what is private do not."""
    extra = knob.owner.model_fields[knob.path[-1]].json_schema_extra
    private = isinstance(extra, dict) and extra.get("private")
    return not private and not (knob.level == "hidden" and isinstance(knob.value, str))


def _said(value: Any) -> Any:
    """Return a value, of a part its kind alone: what the part holds has knobs of its own."""
    if isinstance(value, tuple):
        return tuple(map(_said, value))
    return value.kind if isinstance(value, Settings) else value
