"""The flags of the command line: short names for places in an experiment, with their knobs' own words and bounds.

A place is written as `--set` takes it: dots between the steps; in a list a number, the kind of the element that is
meant, or `*` for every element that has the place.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from leaklab.attacks.labels import METHODS
from leaklab.attacks.recipes import RECIPES
from leaklab.experiments.defending import Defending
from leaklab.experiments.drift import Drift
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.label_recovery import LabelRecovery
from leaklab.experiments.pretraining import Pretraining
from leaklab.images.source import Cifar10
from leaklab.settings import Knob, Refusal, S, Settings, walk

DATA_SETS = (
    "photos", "cifar10", "cifar100", "mnist", "digits", "faces", "tiny-imagenet", "imagenet", "ffhq", "folder", "noise",
)  # fmt: skip
_DUMMY_UPDATES = {
    "fedsgd": "fedsgd", "aga": "averaged_gradient", "fedavg": "fedavg", "fedavg-epoch": "fedavg_epoch",
    "super-client": "super_client", "clients": "clients",
}  # fmt: skip
_EVERY_STAGE = "the recipe's own; {} for dlg"


@dataclass(frozen=True)
class Flag:
    """A name on the command line for a place in the settings; what it does not say itself stands at the knob."""

    name: str
    place: str
    group: str
    start: Any = None  # where the command line begins when that is not where the app does
    choices: tuple[str, ...] = ()
    words: Mapping[str, Any] = field(default_factory=dict)  # what a word stands for, where not for itself
    help: str = ""  # added to the knob's own sentence
    shown: str = ""  # the default as it is printed, with {} for the knob's value
    zero: bool = False  # whether 0 is left to the schema to refuse, which can say why
    switch: str = ""  # what the bare flag stands for, where its place holds no yes or no
    of: type[Settings] = Inversion  # the experiment in which the place lies
    also: str = ""  # a second place that gets the same
    numbers: type = int  # what a list is of that is empty without the flag

    @property
    def knob(self) -> Knob | None:
        """The knob at the flag's place; None for the recipe, which is not one knob but all of an attack's."""
        return _knobs(self.of).get(concrete(_sample(self.of), self.place))

    @property
    def default(self) -> Any:
        """The value that stands there without any flag; None where no single word says it."""
        return self.read(start(self.of).model_dump(mode="json"))

    def put(self, tree: Any, value: Any) -> Any:
        """Return a copy of some settings, as JSON values, with the flag's value in its place.

        Raises: Refusal, when what was chosen has no such place.
        """
        try:
            meant = self.switch or (self.words.get(value, value) if isinstance(value, str) else value)
            tree = put(tree, self.place, meant)
            return put(tree, self.also, meant) if self.also else tree
        except KeyError as error:
            if self.place.startswith(_SOURCES[self.of]):
                [part] = found(tree, _SOURCES[self.of].split("."))
                chosen = f"--dataset {part['kind']}"
            else:
                keys = list(found(tree, f"{self.place.partition('recipe.')[0]}recipe.key".split(".")))
                chosen = f"--recipe {keys[0]}" if keys else "this training"
            raise Refusal(f"{self.name} means nothing with {chosen}: leave it out, or choose another.") from error

    def read(self, tree: Any) -> Any:
        """Return the value that would have to be typed to get what stands in some settings; None when none would."""
        values = list(found(tree, self.place.split(".")))
        if not values or any(value != values[0] for value in values):
            return None
        value = values[0].get("kind") if isinstance(values[0], dict) else values[0]
        if self.switch:
            return value == self.switch or None
        if not self.choices or value in self.choices:
            return value
        return next((word for word, stands_for in self.words.items() if stands_for == value), None)


_SOURCES: dict[type[Settings], str] = {
    Inversion: "scenario.source", LabelRecovery: "source", Drift: "source",
    Defending: "defended.inversion.scenario.source", Pretraining: "source",
}  # fmt: skip
_RECIPES = {key: recipe.model_dump(mode="json") for key, recipe in RECIPES.items()}

FLAGS = (
    Flag("--dataset", "scenario.source", "Photographs", choices=DATA_SETS),
    Flag(
        "--dataset-split", "scenario.source.split", "Photographs", shown="each data set's own",
        choices=("train", "test", "val", "valid", "all"), words={"valid": "val"},
    ),
    Flag("--data-root", "scenario.source.root", "Photographs", shown="the user's cache"),
    Flag("--client-indices", "scenario.source.indices", "Photographs", shown="drawn by --seed"),
    Flag("--image-size", "scenario.image_size", "Photographs"),
    Flag("--num-classes", "scenario.num_classes", "Photographs"),
    Flag("--num-clients", "scenario.federation.clients", "Federation", start=3),
    Flag("--samples-per-client", "scenario.federation.images_per_client", "Federation"),
    Flag(
        "--reconstruct-mode", "scenario.federation.view", "Federation", choices=("per-client", "aggregated", "both"),
        help="both makes two experiments of it, grouped.",
    ),
    Flag(
        "--observer", "scenario.federation.view", "Federation", choices=("server", "client"), shown="server",
        help="server looks as --reconstruct-mode says; client subtracts two global models.",
    ),
    Flag(
        "--uneven", "scenario.federation.partition", "Federation", switch="uneven", help="Here: some more than others."
    ),
    Flag(
        "--partition", "scenario.federation.partition", "Federation", words={"by-class": "by_class"},
        choices=("even", "uneven", "by-class", "dirichlet"),
    ),
    Flag("--local-epochs", "scenario.federation.schedule.epochs", "Federation", zero=True),
    Flag(
        "--local-steps", "scenario.federation.schedule.epochs", "Federation", zero=True,
        help="The same as --local-epochs.",
    ),
    Flag("--local-batch-size", "scenario.federation.schedule.batch_size", "Federation"),
    Flag("--local-lr", "scenario.federation.schedule.learning_rate", "Federation", zero=True),
    Flag("--rounds", "scenario.federation.rounds", "Federation"),
    Flag("--secure-aggregation", "scenario.federation.secure_aggregation", "Federation"),
    Flag("--noise", "scenario.federation.defences.gaussian_noise.sigma", "Federation"),
    Flag("--normalize-gradients", "scenario.federation.normalise", "Federation"),
    Flag("--apply-agg-step", "scenario.federation.step_first", "Federation"),
    Flag("--agg-lr", "scenario.federation.step_rate", "Federation"),
    Flag("--arch", "scenario.network.name", "Network"),
    Flag("--pretrained", "scenario.network.pretrained", "Network"),
    Flag("--checkpoint", "scenario.network.checkpoint", "Network", shown="none"),
    Flag(
        "--recipe", "recipe", "Attack", choices=tuple(_RECIPES), words=_RECIPES, shown="dlg",
        help="Which published attack to run; leaklab recipes lists them.",
    ),
    Flag(
        "--labels", "recipe.labels", "Attack", choices=("recipe", "given", "jointly", *METHODS), shown="recipe",
        help="recipe keeps the recipe's own way; given tells the attacker the labels.",
    ),
    Flag(
        "--dummy-update", "recipe.stages.*.dummy_update", "Attack", choices=tuple(_DUMMY_UPDATES), words=_DUMMY_UPDATES,
        shown="the recipe's own; {} for dlg",
    ),
    Flag(
        "--iterations", "recipe.stages.*.iterations", "Attack", shown=_EVERY_STAGE,
        help="With L-BFGS one is up to twenty updates.",
    ),
    Flag("--restarts", "recipe.stages.*.restarts", "Attack", shown=_EVERY_STAGE),
    Flag("--init-scale", "recipe.stages.*.space.scale", "Attack", shown=_EVERY_STAGE),
    Flag("--tv-weight", "recipe.stages.*.priors.total_variation.weight", "Attack", shown=_EVERY_STAGE),
    Flag("--seed", "seed", "Run"),
    Flag("--dummy-seed", "attack_seed", "Run", shown="--seed"),
    Flag("--dtype", "precision", "Run"),
    Flag("--log-every", "record_every", "Run", start=25),
)  # fmt: skip


def _of_labels(name: str) -> Flag:
    """Return a flag of `leaklab run` for the same knob of a label recovery."""
    [flag] = [flag for flag in FLAGS if flag.name == name]
    return replace(flag, place=flag.place.removeprefix("scenario."), of=LabelRecovery)


LABEL_FLAGS = (
    *map(_of_labels, ("--dataset", "--dataset-split", "--data-root", "--image-size")),
    Flag("--batch-size", "batch_size", "Labels", of=LabelRecovery),
    Flag("--distribution", "balance", "Labels", of=LabelRecovery),
    Flag("--concentration", "concentration", "Labels", of=LabelRecovery),
    replace(_of_labels("--num-classes"), group="Labels"),
    *map(_of_labels, ("--arch", "--pretrained", "--checkpoint")),
    Flag("--training", "training", "Network", of=LabelRecovery),
    *map(_of_labels, ("--seed", "--dtype")),
)


def put(tree: Any, place: str, value: Any) -> Any:
    """Return a copy of JSON values with one of them replaced; one word stands for a whole part of that kind.

    Raises: KeyError, when there is no such place.
    """
    return _put(tree, place.split("."), value)


def found(tree: Any, steps: Sequence[str]) -> Iterator[Any]:
    """Yield every value of a JSON tree to which the steps lead; none when there is no such place."""
    if not steps:
        yield tree
    elif isinstance(tree, dict) and steps[0] in tree:
        yield from found(tree[steps[0]], steps[1:])
    elif isinstance(tree, list):
        for index in _indices(tree, steps[0]):
            yield from found(tree[index], steps[1:])


def leaves(tree: Any, path: str = "") -> Iterator[str]:
    """Yield every place of a JSON tree, dotted."""
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for name, value in inner:
        place = f"{path}.{name}" if path else str(name)
        yield place
        yield from leaves(value, place)


def concrete(tree: Any, place: str) -> str:
    """Return a place with the number of the first element that is meant wherever a list is stepped into."""
    first, _, rest = place.partition(".")
    step = next(_having(tree, first, rest)) if isinstance(tree, list) else first
    return f"{step}.{concrete(tree[step], rest)}" if rest else str(step)


def near(word: str, words: Sequence[str]) -> str:
    """Return "; did you mean x or y?" for a word that is not among others, or nothing when none is like it."""
    alike = difflib.get_close_matches(word, words, n=2, cutoff=0.6)
    return f"; did you mean {' or '.join(alike)}?" if alike else ""


@cache
def start(of: type[S] = Inversion) -> S:
    """Return the experiment that is carried out without any flag: of `leaklab run` the course project's defaults."""
    tree = of().model_dump(mode="json")
    for flag in FLAGS:
        tree = tree if flag.of is not of or flag.start is None else flag.put(tree, flag.start)
    return of.read(tree)


def _put(tree: Any, steps: Sequence[str], value: Any) -> Any:
    if not steps:
        part = isinstance(tree, dict) and "kind" in tree and isinstance(value, str)
        return value if not part else tree if tree["kind"] == value else {"kind": value}
    first, rest = steps[0], steps[1:]
    if isinstance(tree, dict) and first in tree:
        return tree | {first: _put(tree[first], rest, value)}
    if not isinstance(tree, list):
        raise KeyError(first)
    if first == "*":
        return _put_everywhere(tree, rest, value)
    if meant := _indices(tree, first):
        return [_put(item, rest, value) if index in meant else item for index, item in enumerate(tree)]
    if first.isdecimal() or len(rest) != 1:
        raise KeyError(first)
    return [*tree, {"kind": first, rest[0]: value}]


def _put_everywhere(items: list[Any], rest: Sequence[str], value: Any) -> list[Any]:
    changed: dict[int, Any] = {}
    for index, item in enumerate(items):
        with suppress(KeyError):  # an element without the place stays as it is
            changed[index] = _put(item, rest, value)
    if not changed:
        raise KeyError("*")
    return [changed.get(index, item) for index, item in enumerate(items)]


def _having(items: list[Any], step: str, rest: str) -> Iterator[int]:
    return (index for index in _indices(items, step) if not rest or list(found(items[index], rest.split("."))))


def _indices(items: list[Any], step: str) -> list[int]:
    if step == "*":
        return list(range(len(items)))
    if step.isdecimal():
        return [int(step)] if int(step) < len(items) else []
    return [index for index, item in enumerate(items) if isinstance(item, dict) and item.get("kind") == step][:1]


@cache
def _sample(of: type[Settings]) -> Any:
    # The album lies in no folder and has no splits: a data set that has them lends its knobs.
    return put(start(of).model_dump(mode="json"), _SOURCES[of], Cifar10().model_dump(mode="json"))


@cache
def _knobs(of: type[Settings]) -> dict[str, Knob]:
    return {knob.dotted: knob for knob in walk(of.read(_sample(of)))}
