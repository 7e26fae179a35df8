"""The ground: every knob explains itself, and settings are values that refuse what is not allowed."""

import math
from collections.abc import Iterator
from typing import Literal

import pytest

from leaklab.attacks.recipes import IG, RECIPES
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.landscape import Landscape
from leaklab.images.source import Cifar10
from leaklab.settings import Refusal, Settings, choices, knob, walk


class Leaf(Settings):
    """One of two parts."""

    kind: Literal["leaf"] = "leaf"
    size: float = knob(1.0, low=0, high=2, help="How large it is.", unit="px", symbol="s")


class Twig(Settings):
    """The other of two parts."""

    kind: Literal["twig"] = "twig"
    secret: str = knob("", private=True, level="hidden", help="Never travels.")


class Tree(Settings):
    """A whole of parts."""

    leaf: Leaf = Leaf()
    part: Leaf | Twig = knob(Leaf(), help="Which of the two.")
    parts: tuple[Leaf | Twig, ...] = knob((Leaf(), Twig()), help="Any number of them.")
    tree_height: int = knob(3, low=1, high=9, help="How high it is.", level="advanced")


def classes(cls: type[Settings]) -> Iterator[type[Settings]]:
    """Yield a class of settings and all that its fields may hold, however deep."""
    yield cls
    for field in cls.model_fields.values():
        for choice in choices(field.annotation):
            if isinstance(choice, type) and issubclass(choice, Settings):
                yield from classes(choice)


EVERY = sorted({*classes(Inversion), *classes(Landscape)}, key=lambda cls: cls.__name__)
FIELDS = [(cls, name) for cls in EVERY for name in cls.model_fields if name != "kind"]
KNOBS = [(cls, name) for cls, name in FIELDS if cls.model_fields[name].json_schema_extra]
NUMBERS = [(cls, name) for cls, name in KNOBS if cls.model_fields[name].annotation in (int, float, int | None)]


def named(value: object) -> str | None:
    return value.__name__ if isinstance(value, type) else None


def test_the_whole_house_is_walked():
    names = {cls.__name__ for cls in EVERY}
    assert {"Landscape", "Adam", "LBFGS", "IDLG", "FedAvg", "GaussianNoise", "Uploads", "NetworkChoice"} <= names
    assert {"FedAvgEpoch", "SuperClient", "Line", "EpochConsistency", "Dirichlet"} <= names
    assert len(NUMBERS) > 25


@pytest.mark.parametrize(("cls", "name"), FIELDS, ids=named)
def test_every_field_is_a_knob_or_holds_settings(cls: type[Settings], name: str):
    field = cls.model_fields[name]
    assert field.json_schema_extra or any(isinstance(choice, type) for choice in choices(field.annotation))


@pytest.mark.parametrize(("cls", "name"), KNOBS, ids=named)
def test_every_knob_says_what_it_does_in_a_sentence(cls: type[Settings], name: str):
    said = cls.model_fields[name].description
    assert said.endswith(".") and said[0].isupper() and len(said.split()) > 2


@pytest.mark.parametrize(("cls", "name"), NUMBERS, ids=named)
def test_every_number_has_bounds_with_its_default_inside(cls: type[Settings], name: str):
    field = cls.model_fields[name]
    low, high = field.json_schema_extra["low"], field.json_schema_extra["high"]
    assert low < high and (field.default is None or low <= field.default <= high)
    for outside in (low - 1, high + 1):
        with pytest.raises(Refusal, match=name):
            cls.read({name: outside})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(("cls", "name"), NUMBERS, ids=named)
def test_what_is_no_finite_number_is_refused_as_such(cls: type[Settings], name: str, value: float):
    with pytest.raises(Refusal, match=f"^{name}: Input should be a finite number .got {value}"):
        cls.read({name: value})


def test_a_knob_without_bounds_refuses_what_is_no_number_too():
    class Free(Settings):
        size: float = knob(1.0, help="How large it is.")

    assert Free(size=1e300).size == 1e300
    for text in ('{"size": NaN}', '{"size": Infinity}', '{"size": 1e400}'):
        with pytest.raises(Refusal, match="size: Input should be a finite number"):
            Free.read(text)


@pytest.mark.parametrize("cls", EVERY, ids=named)
def test_every_part_has_a_docstring_and_a_default(cls: type[Settings]):
    assert cls.__doc__.split("\n")[0].endswith(".") and cls() == cls.read(cls().model_dump(mode="json"))


def test_walking_goes_depth_first_through_parts_and_tuples():
    assert [one.dotted for one in walk(Tree())] == [
        "leaf.size", "part", "part.size", "parts", "parts.0.size", "parts.1.secret", "tree_height",
    ]  # fmt: skip


def test_a_knob_carries_all_that_a_printer_needs():
    found = {one.dotted: one for one in walk(Tree(tree_height=4))}
    height, size, part = found["tree_height"], found["leaf.size"], found["part"]
    assert (height.value, height.low, height.high, height.level, height.title) == (4, 1, 9, "advanced", "Tree height")
    assert (size.unit, size.symbol, size.help, size.owner) == ("px", "s", "How large it is.", Leaf)
    assert part.choices == (Leaf, Twig) and not part.many and found["parts"].many


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
def test_every_knob_stands_where_its_path_says(recipe):
    whole = Landscape(inversion=Inversion(recipe=recipe))
    assert all(whole.at(one.path) == one.value for one in walk(whole))
    assert len({one.path for one in walk(whole)}) == len(list(walk(whole))) > 40


def test_changing_a_knob_gives_new_settings_and_leaves_the_old():
    before = Inversion()
    path = ("recipe", "stages", 0, "restarts")
    after = before.changed(path, 5)
    assert after.at(path) == 5 and before.at(path) == 1
    assert after.changed(path, 1) == before


def test_a_part_may_be_changed_for_another_and_given_as_settings():
    changed = Inversion().changed(("scenario", "source"), Cifar10(indices=(3,)))
    assert changed.scenario.source == Cifar10(indices=(3,))
    assert changed.changed(("scenario", "source", "kind"), "cifar100").scenario.source.indices == (3,)


@pytest.mark.parametrize(("path", "value", "words"), [
    (("seed",), -1, "seed: Input should be greater than or equal to 0 (got -1)."),
    (("precision",), "float16", "precision: Input should be 'float32' or 'float64' (got 'float16')."),
    (("recipe", "stages", 0, "restarts"), 17, "recipe.stages.0.gradient_matching.restarts: Input should be less than"),
    (("speed",), 3, "speed: Extra inputs are not permitted (got 3)."),
    (("recipe", "labels"), {"kind": "magic"}, "recipe.labels: Input tag 'magic'"),
])  # fmt: skip
def test_what_is_not_allowed_is_refused_with_the_knob_and_its_value(path, value, words: str):
    with pytest.raises(Refusal) as refusal:
        Inversion().changed(path, value)
    assert str(refusal.value).startswith(words) and str(refusal.value).endswith(".")


@pytest.mark.parametrize("value", ["{", "[]", '"seed"', '{"seed": "many"}', '{"seed": 1e400}', '{"sed": 1}'])
def test_a_text_that_is_no_settings_is_refused(value: str):
    with pytest.raises(Refusal):
        Inversion.read(value)


def test_settings_are_values():
    assert Inversion() == Inversion() and hash(Inversion()) == hash(Inversion()) != hash(Inversion(seed=1))
    with pytest.raises(ValueError, match="frozen"):
        Inversion().seed = 2


def test_a_dump_always_says_its_kind():
    written = Inversion().model_dump(mode="json", exclude_defaults=True)
    assert written == {"kind": "inversion"}
    written = Inversion(recipe=IG).model_dump(mode="json", exclude_defaults=True)
    assert written["recipe"]["stages"][0]["distance"] == {"kind": "cosine"}
