"""From flags to an experiment, and from an experiment to the command line that repeats it."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from leaklab.attacks.labels import Given, GivenOrIDLG
from leaklab.attacks.recipes import RECIPES
from leaklab.experiments.flags import FLAGS, leaves, near, put, start
from leaklab.experiments.inversion import Inversion
from leaklab.settings import Refusal

_LABELS_TOLD = ("scenario", "threat", "labels")


def assemble(given: Mapping[str, Any], sets: Sequence[str] = (), *, begin: Inversion | None = None) -> Inversion:
    """Return the experiment that some flags ask for, then some `PATH=VALUE`, beginning where `leaklab run` does.

    Labels are told to an attacker whose recipe cannot do without them.
    Raises: Refusal, naming the flag or the path, the value and what is allowed.
    """
    experiment = start() if begin is None else begin
    for flag in FLAGS:
        if flag.name in given and (flag.name, given[flag.name]) != ("--labels", "recipe"):
            tree = flag.put(experiment.model_dump(mode="json"), given[flag.name])
            experiment = _read(tree, flag.name)
    experiment = _told(experiment)
    for text in sets:
        place, equals, value = text.partition("=")
        if not equals:
            raise Refusal(f"--set {text}: write a path, '=' and a value, such as recipe.stages.0.optimiser=adam.")
        tree = _put(experiment.model_dump(mode="json"), place.strip(), _value(value.strip()))
        experiment = _read(tree, "--set")
    return experiment


def plans(
    given: Mapping[str, Any], sets: Sequence[str] = (), *, begin: Inversion | None = None
) -> dict[str, Inversion]:
    """Return the experiments that some flags ask for by what the attacker sees: two for `both`, otherwise one.

    Raises: Refusal, naming the flag or the path, the value and what is allowed.
    """
    modes = ("per-client", "aggregated") if given.get("--reconstruct-mode") == "both" else (None,)
    asked = [{**given, "--reconstruct-mode": mode} if mode else given for mode in modes]
    found = [assemble(flags, sets, begin=begin) for flags in asked]
    return {experiment.scenario.federation.view: experiment for experiment in found}


def command_line(experiment: Inversion, *, private: bool = False) -> str:
    """Return the command that repeats an experiment; without `private` it says nothing of folders and uploads."""
    context = {"public_only": not private}
    wanted = Inversion.read(experiment.model_dump(mode="json", context=context)).model_dump(mode="json")
    key = wanted["recipe"]["key"]
    given: dict[str, Any] = {"--recipe": key} if key in RECIPES and key != start().recipe.key else {}
    have = _dump(given)
    for flag in FLAGS:
        value = flag.read(wanted) if flag.name != "--recipe" else None
        if value is not None and value != flag.read(have):
            given[flag.name] = value
            have = _dump(given)
    sets = _sets(given, wanted)
    return shlex.join(
        ["leaklab", "run", *(word for name, value in given.items() for word in _typed(name, value)), *sets]
    )


def _sets(given: Mapping[str, Any], wanted: Any) -> list[str]:
    """Return what no flag can say, as `--set PATH=VALUE`; a part is named first and then adjusted."""
    sets: list[str] = []
    while missing := [f"{place}={_word(value)}" for place, value in _differences(_dump(given, sets), wanted)]:
        sets += missing
    return [word for text in sets for word in ("--set", text)]


def _differences(have: Any, wanted: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if have == wanted:
        return
    if isinstance(have, dict) and isinstance(wanted, dict) and have.get("kind") != wanted.get("kind"):
        yield path, wanted["kind"]
    elif isinstance(have, dict) and isinstance(wanted, dict):
        for name in wanted:
            yield from _differences(have[name], wanted[name], f"{path}.{name}" if path else name)
    elif isinstance(have, list) and isinstance(wanted, list) and len(have) == len(wanted) and _parts(wanted):
        for index, pair in enumerate(zip(have, wanted, strict=True)):
            yield from _differences(*pair, f"{path}.{index}")
    else:
        yield path, wanted


def _parts(items: list[Any]) -> bool:
    return all(isinstance(item, dict) for item in items)


def _dump(given: Mapping[str, Any], sets: Sequence[str] = ()) -> Any:
    return assemble(given, sets).model_dump(mode="json")


def _typed(name: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [name]
    return [name, ",".join(map(str, value)) if isinstance(value, list) else str(value)]


def _word(value: Any) -> str:
    plain = isinstance(value, str) and _value(value) == value and value == value.strip()
    return value if plain else json.dumps(value, ensure_ascii=False)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _told(experiment: Inversion) -> Inversion:
    federation, labels = experiment.scenario.federation, experiment.recipe.labels
    together = federation.images if federation.view == "aggregated" else federation.images_per_client
    needed = isinstance(labels, Given) or (isinstance(labels, GivenOrIDLG) and together > 1)
    return experiment.changed(_LABELS_TOLD, True) if needed and not experiment.scenario.threat.labels else experiment


def _put(tree: Any, place: str, value: Any) -> Any:
    try:
        return put(tree, place, value)
    except KeyError as error:
        hint = near(place, list(leaves(tree))) or "; `leaklab recipes --markdown` lists them all."
        raise Refusal(f"--set {place}: there is no such knob here{hint}") from error


def _read(tree: Any, name: str) -> Inversion:
    try:
        return Inversion.read(tree)
    except Refusal as refusal:
        raise Refusal(f"{name}: {refusal}") from refusal
