"""From flags to an experiment, and from an experiment to the command line that repeats it."""

import json
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from leaklab.attacks.labels import Given, GivenOrIDLG
from leaklab.attacks.recipes import RECIPES
from leaklab.experiments.defend_flags import DEFEND_FLAGS
from leaklab.experiments.defended import Defended
from leaklab.experiments.defending import Defending
from leaklab.experiments.drift import Drift
from leaklab.experiments.drift_flags import DRIFT_FLAGS
from leaklab.experiments.flags import FLAGS, LABEL_FLAGS, Flag, leaves, near, put, start
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.label_recovery import LabelRecovery
from leaklab.experiments.pretrain_flags import PRETRAIN_FLAGS
from leaklab.experiments.pretraining import Pretraining
from leaklab.experiments.protections import PROTECTIONS
from leaklab.experiments.utility import Utility
from leaklab.settings import Refusal, S, Settings

Dump = Callable[..., Any]  # flags, and paths with values, to the settings they ask for, as JSON values

_NOTHING = (("--labels", "recipe"), ("--observer", "server"))  # what is so without being said
_LABELS_TOLD = ("scenario", "threat", "labels")
_NAMES = ("defended", "inversion", "scenario", "source", "names")
_NO_CLIP = "--bound means nothing with --defence {}, which clips nothing: leave it out, or choose {}."


def assemble(given: Mapping[str, Any], sets: Sequence[str] = (), *, begin: Inversion | None = None) -> Inversion:
    """Return the experiment that some flags ask for, then some `PATH=VALUE`, beginning where `leaklab run` does.

    Labels are told to an attacker whose recipe cannot do without them.
    Raises: Refusal, naming the flag or the path, the value and what is allowed.
    """
    given = {name: value for name, value in given.items() if (name, value) not in _NOTHING}
    return _set(_told(_flagged(start() if begin is None else begin, FLAGS, given)), sets)


def label_recovery(given: Mapping[str, Any], sets: Sequence[str] = ()) -> LabelRecovery:
    """Return the label recovery that some flags ask for, then some `PATH=VALUE`.

    Raises: Refusal, naming the flag or the path, the value and what is allowed.
    """
    return _set(_flagged(start(LabelRecovery), LABEL_FLAGS, given), sets)


def drift(given: Mapping[str, Any], sets: Sequence[str] = ()) -> Drift:
    """Return the drift that some flags ask for, then some `PATH=VALUE`.

    Raises: Refusal, naming the flag or the path, the value and what is allowed.
    """
    return _set(_flagged(start(Drift), DRIFT_FLAGS, given), sets)


def defend(given: Mapping[str, Any], sets: Sequence[str] = ()) -> Defending:
    """Return the defending that some flags ask for, then some `PATH=VALUE`.

    Labels are told to an attacker whose recipe cannot do without them.
    Raises: Refusal, naming the flag or the path, the value and what is allowed.
    """
    given = {name: value for name, value in given.items() if (name, value) not in _NOTHING}
    begin = start(Defending)
    begin = begin.changed(_NAMES, ()) if "--client-indices" in given else begin
    asked = _flagged(begin, DEFEND_FLAGS, given)
    if "--bound" in given and not asked.row.clips:
        clipping = " or ".join(key for key, row in PROTECTIONS.items() if row.clips)
        raise Refusal(_NO_CLIP.format(asked.protection, clipping))
    return _set(asked.changed(("defended", "inversion"), _told(asked.defended.inversion)), sets)


def pretraining(what: str, given: Mapping[str, Any], sets: Sequence[str] = ()) -> Pretraining:
    """Return the pretraining that some flags ask for, then some `PATH=VALUE`; it knows its own command line.

    Raises: Refusal, naming the flag or the path, the value and what is allowed.
    """
    asked = _pretraining(what, given, sets)
    return asked.changed(("command",), pretrain_command_line(asked))


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
    wanted = _public(experiment, private=private)
    key = wanted["recipe"]["key"]
    given: dict[str, Any] = {"--recipe": key} if key in RECIPES and key != start().recipe.key else {}
    return (_worked_out if private else _spelt)("run", given, wanted)


def label_command_line(experiment: LabelRecovery) -> str:
    """Return the command that repeats a label recovery; it says nothing of folders and uploads."""
    return _spelt("labels", {}, _public(experiment))


def drift_command_line(experiment: Drift) -> str:
    """Return the command that repeats a drift; it says nothing of folders and uploads."""
    return _spelt("drift", {}, _public(experiment))


def pretrain_command_line(experiment: Pretraining) -> str:
    """Return the command that repeats a pretraining; it says nothing of folders."""
    what, wanted = experiment.training.kind, _public(experiment)
    typed = _spelt(f"pretrain {what}", {}, wanted)
    return typed.replace(f"'pretrain {what}'", f"pretrain {what}", 1)


def defend_command_line(
    defended: Defended, protection: str, strength: float, *, bound: float = 1.0, utility: Utility | None = None
) -> str:
    """Return the command that attacks one defence at one strength, and trains under it where a training is given.

    It says nothing of folders and uploads.
    """
    asked = Defending(
        protection=protection, strengths=(strength,), defended=defended, train=utility is not None,
        bound=bound if PROTECTIONS[protection].clips else 1.0, utility=utility or Utility(),
    )  # fmt: skip
    wanted = _public(asked)
    key = wanted["defended"]["inversion"]["recipe"]["key"]
    given = {"--recipe": key} if key in RECIPES and key != start(Defending).defended.inversion.recipe.key else {}
    return _spelt("defend", given, wanted)


def _public(experiment: Settings, *, private: bool = False) -> Any:
    written = experiment.model_dump(mode="json", context={"public_only": not private})
    return type(experiment).read(written).model_dump(mode="json")


def _spelt(command: str, given: dict[str, Any], wanted: Any) -> str:
    """Return a command, which is kept for the next drawing of its page; what is private must not come here."""
    return _kept(command, json.dumps(given), json.dumps(wanted))


@lru_cache(maxsize=128)
def _kept(command: str, given: str, wanted: str) -> str:
    return _worked_out(command, json.loads(given), json.loads(wanted))


def _worked_out(command: str, given: dict[str, Any], wanted: Any) -> str:
    """Return a command with as many flags as it takes to get from its own start to what is wanted."""
    flags, dump = _spelling(command)
    have = dump(given)
    for flag in flags:
        value = flag.read(wanted)
        if value is not None and value != flag.read(have):
            given[flag.name] = value
            have = dump(given)
    sets = _sets(given, wanted, dump)
    return shlex.join(
        ["leaklab", command, *(word for name, value in given.items() for word in _typed(name, value)), *sets]
    )


def _flagged(experiment: S, flags: Sequence[Flag], given: Mapping[str, Any]) -> S:
    for flag in flags:
        if flag.name in given:
            tree = flag.put(experiment.model_dump(mode="json"), given[flag.name])
            experiment = _read(type(experiment), tree, flag.name)
    return experiment


def _set(experiment: S, sets: Sequence[str]) -> S:
    for text in sets:
        place, equals, value = text.partition("=")
        if not equals:
            raise Refusal(f"--set {text}: write a path, '=' and a value, such as recipe.stages.0.optimiser=adam.")
        tree = _put(experiment.model_dump(mode="json"), place.strip(), _value(value.strip()))
        experiment = _read(type(experiment), tree, "--set")
    return experiment


def _sets(given: Mapping[str, Any], wanted: Any, dump: Dump) -> list[str]:
    """Return what no flag can say, as `--set PATH=VALUE`; a part is named first and then adjusted."""
    sets: list[str] = []
    while missing := [f"{place}={_word(value)}" for place, value in _differences(dump(given, sets), wanted)]:
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


def _label_dump(given: Mapping[str, Any], sets: Sequence[str] = ()) -> Any:
    return label_recovery(given, sets).model_dump(mode="json")


def _drift_dump(given: Mapping[str, Any], sets: Sequence[str] = ()) -> Any:
    return drift(given, sets).model_dump(mode="json")


def _defend_dump(given: Mapping[str, Any], sets: Sequence[str] = ()) -> Any:
    return defend(given, sets).model_dump(mode="json")


def _pretrain_dump(what: str, given: Mapping[str, Any], sets: Sequence[str] = ()) -> Any:
    return _pretraining(what, given, sets).model_dump(mode="json")


def _pretraining(what: str, given: Mapping[str, Any], sets: Sequence[str] = ()) -> Pretraining:
    begin = start(Pretraining)
    begin = begin if begin.training.kind == what else begin.changed(("training",), {"kind": what})
    return _set(_flagged(begin, PRETRAIN_FLAGS, given), sets)


def _spelling(command: str) -> tuple[Sequence[Flag], Dump]:
    """Return the flags of a command, apart from that of the recipe, and what they come to."""
    name, _, what = command.partition(" ")
    flags, dump = {
        "run": (FLAGS, _dump), "labels": (LABEL_FLAGS, _label_dump), "drift": (DRIFT_FLAGS, _drift_dump),
        "defend": (DEFEND_FLAGS, _defend_dump), "pretrain": (PRETRAIN_FLAGS, partial(_pretrain_dump, what)),
    }[name]  # fmt: skip
    return [flag for flag in flags if flag.name != "--recipe"], dump


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
    together = federation.images_per_client if federation.view == "per-client" else federation.images
    needed = isinstance(labels, Given) or (isinstance(labels, GivenOrIDLG) and together > 1)
    return experiment.changed(_LABELS_TOLD, True) if needed and not experiment.scenario.threat.labels else experiment


def _put(tree: Any, place: str, value: Any) -> Any:
    try:
        return put(tree, place, value)
    except KeyError as error:
        hint = near(place, list(leaves(tree))) or "; `leaklab recipes --markdown` lists them all."
        raise Refusal(f"--set {place}: there is no such knob here{hint}") from error


def _read(of: type[S], tree: Any, name: str) -> S:
    try:
        return of.read(tree)
    except Refusal as refusal:
        raise Refusal(f"{name}: {refusal}") from refusal
