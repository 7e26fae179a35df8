"""Links carry settings whole or not at all, and never what is private."""

import base64
import json
import tracemalloc
import zlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaklab.attacks.recipes import DLG, IG, RECIPES
from leaklab.experiments.comparison import Comparison
from leaklab.experiments.drift import Drift
from leaklab.experiments.enhancing import Enhancing
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.label_recovery import LabelRecovery
from leaklab.experiments.landscape import Landscape
from leaklab.experiments.lineup import Lineup
from leaklab.experiments.older import salvaged
from leaklab.experiments.paths import Paths
from leaklab.experiments.sweep import Sweep
from leaklab.images.source import Cifar10, Photos, Uploads
from leaklab.networks.zoo import NetworkChoice
from leaklab.settings import Knob, Refusal, Settings, from_link, to_link, walk


def packed(value: object) -> str:
    """Return a link that carries any JSON, as a stranger might craft it."""
    return "1." + base64.urlsafe_b64encode(zlib.compress(json.dumps(value).encode())).decode().rstrip("=")


def test_the_default_makes_a_short_link():
    assert len(to_link(Inversion())) < 50 and from_link(Inversion, to_link(Inversion())) == Inversion()
    assert len(to_link(Inversion(recipe=IG))) < 600


def values(one: Knob) -> st.SearchStrategy:
    """Return what one knob may hold, as it would be written."""
    annotation = one.owner.model_fields[one.path[-1]].annotation
    if annotation is bool:
        return st.booleans()
    if annotation in (int, int | None):
        return st.integers(int(one.low), int(one.high))
    if annotation is float:
        return st.floats(one.low, one.high)
    if annotation is str:
        return st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    picked = [choice() if isinstance(choice, type) else choice for choice in one.choices]
    if not picked:
        return st.lists(st.integers(0, 99), max_size=3).map(tuple)
    return st.lists(st.sampled_from(picked), max_size=2).map(tuple) if one.many else st.sampled_from(picked)


STARTS = [Inversion(recipe=recipe) for recipe in RECIPES.values()]
STARTS += [Landscape(), LabelRecovery(), Paths(), Drift(), Comparison(), Enhancing(), Lineup(), Sweep()]


@settings(max_examples=200)
@given(data=st.data(), start=st.sampled_from(STARTS))
def test_whatever_is_chosen_comes_back_from_its_link(data: st.DataObject, start: Settings):
    chosen = start
    for _ in range(4):
        public = [one for one in walk(chosen) if not one.owner.model_fields[one.path[-1]].json_schema_extra["private"]]
        one = data.draw(st.sampled_from(public))
        value = data.draw(values(one))
        value = [part.model_dump(mode="json") if isinstance(part, Settings) else part for part in value] if (
            isinstance(value, tuple)) else value  # fmt: skip
        with suppress(Refusal):  # numbers of clients that no drift is measured for
            chosen = chosen.changed(one.path, value)
    assert from_link(type(chosen), to_link(chosen)) == chosen
    assert salvaged(type(chosen), to_link(chosen)) == (chosen, [])


PRIVATE = [
    (("scenario", "network"), NetworkChoice(checkpoint="/home/me/weights.pt"), "weights"),
    (("scenario", "source"), Cifar10(root="/home/me/data"), "/home"),
    (("scenario", "source"), Uploads(pictures=("my face",)), "my face"),
]


@pytest.mark.parametrize(("path", "part", "words"), PRIVATE)
def test_what_is_private_never_travels(path, part: Settings, words: str):
    chosen = Inversion(seed=5).changed(path, part)
    text = zlib.decompress(base64.urlsafe_b64decode(to_link(chosen)[2:] + "==")).decode()
    assert words not in text
    received = from_link(Inversion, to_link(chosen))
    assert received.at(path) == type(part)() and received.seed == 5


@pytest.mark.parametrize(("path", "part", "words"), PRIVATE)
def test_what_is_private_is_dropped_from_a_crafted_link(path, part: Settings, words: str):
    crafted = packed(Inversion().changed(path, part).model_dump(mode="json"))
    assert from_link(Inversion, crafted).at(path) == type(part)()


@pytest.mark.parametrize("link", ["", "11", "2.abc", "ä", "abc", "0." + to_link(Inversion())[2:]])
def test_a_link_of_another_version_says_so(link: str):
    with pytest.raises(Refusal, match="made by another version of leaklab"):
        from_link(Inversion, link)


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_cut_link_is_refused(cut: int):
    with pytest.raises(Refusal, match="Copy it again, whole"):
        from_link(Inversion, to_link(Inversion(recipe=IG))[:-cut])


@pytest.mark.parametrize("link", [
    "1", "1.", "1.!!!", "1.äöü", "1.AAAA", "1." + base64.urlsafe_b64encode(b"{}").decode(),
    "1." + base64.urlsafe_b64encode(zlib.compress(b"no JSON")).decode(),
    "1." + base64.urlsafe_b64encode(zlib.compress(b"\xff\xfe")).decode(),
], ids=["version", "empty", "signs", "umlauts", "zeros", "unpacked", "no JSON", "no text"])  # fmt: skip
def test_a_broken_link_is_refused(link: str):
    with pytest.raises(Refusal, match="This link is broken"):
        from_link(Inversion, link)


CHOSEN = Inversion(recipe=IG, seed=99)


@given(place=st.integers(2, len(to_link(CHOSEN)) - 1), sign=st.sampled_from("AZaz09-_"))
def test_an_altered_link_never_says_something_else(place: int, sign: str):
    link = to_link(CHOSEN)
    try:
        received = from_link(Inversion, link[:place] + sign + link[place + 1 :])
    except Refusal as refusal:
        assert str(refusal).endswith("Copy it again, whole.")
    else:
        assert received == CHOSEN


BOMBS = {"lists": "[" * 200_000, "dicts": '{"seed":' * 40_000, "blanks": " " * 50_000_000}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_refused_without_unpacking_it(text: str):
    bomb = "1." + base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode()
    tracemalloc.start()
    with pytest.raises(Refusal, match="This link is broken"):
        from_link(Inversion, bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000


@pytest.mark.parametrize(("value", "words"), [
    ({"kind": "inversion", "seed": -5}, "seed: Input should be greater than or equal to 0 (got -5)."),
    ({"kind": "inversion", "speed": 1}, "speed: Extra inputs are not permitted"),
    ({"kind": "landscape"}, "kind: Input should be 'inversion'"),
    ([1, 2], "the settings: "),
    (
        {"recipe": {"stages": [{"kind": "gradient_matching", "iterations": 10**9}]}},
        "recipe.stages.0.gradient_matching.iterations: ",
    ),
    ({"seed": float("nan")}, "seed: "),
])  # fmt: skip
def test_a_link_that_asks_for_what_is_not_allowed_says_what(value, words: str):
    with pytest.raises(Refusal) as refusal:
        from_link(Inversion, packed(value))
    assert f"This link asks for something leaklab does not allow. {words}" in str(refusal.value)


def test_a_link_between_photographs_keeps_their_names():
    chosen = Inversion(recipe=DLG).changed(("scenario", "source"), Photos(names=("cat", "coffee")))
    assert from_link(Inversion, to_link(chosen)).scenario.source.names == ("cat", "coffee")
