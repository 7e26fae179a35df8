"""Settings to widgets and back: every knob has its widget and its words, and nothing is lost on the way."""

import math
from dataclasses import replace
from typing import Literal, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import model_validator
from streamlit.testing.v1 import AppTest

from leaklab.experiments import catalogue
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.landscape import Landscape
from leaklab.federation.rounds import Federation
from leaklab.settings import Knob, Settings, choices, knob, walk
from leaklab.ui.forms import knobs, ladder, plain, told_apart


class Fruit(Settings):
    """A part to choose from."""

    kind: Literal["fruit"] = "fruit"
    ripe: bool = knob(True, help="Whether it may be eaten.")


class Stone(Settings):
    """Another one."""

    kind: Literal["stone"] = "stone"
    weight: float = knob(1.0, low=0.0, high=2.0, step=0.5, help="How heavy it is.", unit="kg")


class Pebble(Settings):
    """A third, with a knob of the same name."""

    kind: Literal["pebble"] = "pebble"
    weight: float = knob(0.5, low=0.0, high=1.0, help="How heavy it is.")


class Basket(Settings):
    """One knob of every sort there is."""

    size: int = knob(2, low=1, high=5, help="How many fit.", symbol="n")
    rate: float = knob(0.1, low=1e-4, high=1, log=True, help="How fast it fills.")
    count: int = knob(0, low=0, high=1000, help="How many were counted.")
    side: int = knob(32, low=16, high=256, step=16, help="How long a side is.")
    seed: int | None = knob(None, low=0, high=2**31 - 1, help="What is drawn.")
    colour: Literal["red", "green"] = knob("red", help="What it looks like.")
    place: Literal["a", "b", "c", "d"] = knob("c", help="Where it stands.")
    name: str = knob("mine", help="What it is called.")
    part: Fruit | Stone = knob(Fruit(), help="What lies in it.")
    many: tuple[int, ...] = knob((1, 2), help="What has no widget.")
    secret: int = knob(3, level="hidden", help="What nobody sees.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.colour == "green" and self.size < 2:
            raise ValueError("a green basket of that size does not exist: take a red one")
        return self


def _page(written: str, kind: str) -> None:
    import streamlit as st

    from leaklab.experiments.inversion import Inversion
    from leaklab.experiments.landscape import Landscape
    from leaklab.ui import forms
    from tests.ui.test_forms import Basket

    cls = {"basket": Basket, "inversion": Inversion, "landscape": Landscape}[kind]
    held = st.session_state.get("held") or cls.read(written)
    for level in ("basic", "advanced"):
        held = forms.edit(held, forms.knobs(held, "", level=level), key="form")
    st.session_state["held"] = held


def page(settings: Settings, kind: str = "basket") -> AppTest:
    app = AppTest.from_function(_page, args=(settings.model_dump_json(), kind), default_timeout=20).run()
    assert not app.exception and not app.error
    return app


def widgets(app: AppTest) -> dict[str, object]:
    kinds = (
        "slider", "select_slider", "selectbox", "segmented_control", "number_input", "toggle", "text_input",
    )  # fmt: skip
    return {each.key.removeprefix("form."): each for kind in kinds for each in app.get(kind)}


@pytest.mark.parametrize(
    "value, low, high, whole, rungs",
    [
        (1, 1, 10, True, [*range(1, 11)]),
        (300, 1, 1000, True, [*range(1, 11), 20, 50, 100, 200, 300, 500, 1000]),
        (0, 0, 20, True, [*range(11), 20]),
        (0.3, 0.01, 1.0, False, [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0]),
        (3e-4, 3e-4, 0.002, False, [3e-4, 5e-4, 1e-3, 0.002]),
    ],
)
def test_a_ladder_has_rungs_at_one_two_five_at_small_counts_its_ends_and_the_value(value, low, high, whole, rungs):
    assert ladder(value, low, high, whole=whole) == rungs


def test_a_ladder_from_zero_spans_six_decades():
    steps = ladder(0.0, 0.0, 1.0, whole=False)
    assert steps[:2] == [0.0, 1e-6] and steps[-1] == 1.0 and len(steps) == 1 + 3 * 6 + 1


@given(st.floats(1e-8, 1e3), st.floats(1.0, 1e6), st.floats(0, 1))
def test_a_ladder_always_climbs_between_its_bounds_and_holds_the_value(low, ratio, share):
    high = low * (1 + ratio)
    value = min(max(low * (high / low) ** share, low), high)
    steps = ladder(value, low, high, whole=False)
    assert steps == sorted(set(steps)) and {low, high, value} <= set(steps)
    assert all(low * (1 - 1e-9) <= step <= high * (1 + 1e-9) for step in steps)
    assert all(later / step < 2.6 for step, later in zip(steps, steps[1:], strict=False) if not math.isclose(step, 0))


def test_every_sort_of_knob_has_a_widget_with_its_value_help_and_unit():
    found = widgets(page(Basket()))
    assert set(found) == {"size", "rate", "count", "side", "seed", "colour", "place", "name", "part", "part.ripe"}
    for one in walk(Basket()):
        if one.dotted in found and one.dotted != "part":
            assert found[one.dotted].value == one.value and one.help in found[one.dotted].help
    assert found["size"].help == "How many fit. *In the mathematics:* n."
    heavy = widgets(page(Basket(part=Stone())))["part.weight"]
    assert heavy.label == "Weight (kg)" and heavy.value == 1.0


@pytest.mark.parametrize(
    "name, value",
    [("size", 4), ("rate", 0.02), ("count", 500), ("side", 48), ("seed", 7), ("colour", "green"), ("place", "a"),
     ("name", "yours"), ("part.ripe", False)],
)  # fmt: skip
def test_a_change_is_taken_over_and_stays(name, value):
    app = page(Basket())
    widgets(app)[name].set_value(value).run()
    expected = Basket().changed(tuple(name.split(".")), value)
    assert app.session_state["held"] == expected and widgets(app)[name].value == value
    assert app.run().session_state["held"] == expected and not app.error


def test_another_part_brings_its_own_knobs():
    app = page(Basket())
    widgets(app)["part"].set_value("stone").run()
    assert app.session_state["held"] == Basket(part=Stone())
    assert "part.weight" in widgets(app.run()) and "part.ripe" not in widgets(app)


def test_what_is_not_allowed_gets_its_sentence_and_the_old_value_stays():
    app = page(Basket(size=1))
    widgets(app)["colour"].set_value("green").run()
    (complaint,) = app.error
    assert complaint.value == "the settings: a green basket of that size does not exist: take a red one."
    assert app.session_state["held"] == Basket(size=1) and not app.exception
    widgets(app)["size"].set_value(3).run()
    assert app.run().session_state["held"] == Basket(size=3, colour="green") and not app.error


def test_a_kind_is_written_as_in_the_literature():
    kinds = {"lbfgs": "L-BFGS", "ilrg": "iLRG", "total_variation": "total variation"}
    assert {kind: plain(kind) for kind in kinds} == kinds


def test_every_defence_is_written_as_in_the_literature():
    kinds = [cls.model_fields["kind"].default for cls in choices(Federation.model_fields["defences"].annotation)]
    written = [plain(kind) for kind in kinds]
    assert len(set(written)) == len(kinds) and not [words for words in written if "_" in words]
    assert {"DP-SGD", "QSGD", "top-k", "Laplace noise", "dropout"} < set(written)


def test_a_slider_shows_all_that_counts():
    assert widgets(page(Basket(part=Stone())))["part.weight"].proto.format == "%.4g"


def test_knobs_that_share_a_title_say_whose_they_are():
    alike = [*walk(Stone()), *walk(Basket()), *walk(Fruit(ripe=False)), *walk(Pebble())]
    titles = [one.title for one in told_apart(alike)]
    assert titles[0] == "Stone: weight" and titles[-1] == "Pebble: weight" and titles.count("Size") == 1


def test_two_parts_of_a_kind_are_numbered():
    twice = [replace(one, path=("part", number, *one.path)) for number in (0, 1) for one in walk(Stone())]
    assert [one.title for one in told_apart(twice)] == ["Stone 1: weight", "Stone 2: weight"]
    acronyms = [replace(one, title="TV") for one in twice]
    assert told_apart(acronyms)[0].title == "Stone 1: TV"


def _heap() -> None:
    import streamlit as st

    from leaklab.ui import forms
    from tests.ui.test_forms import Fruit, Stone

    held = (Stone(weight=2.0), Fruit())
    st.session_state["chosen"] = forms.parts("Heap", held, (Fruit, Stone), help="What lies there.", key="heap")


def test_of_several_parts_those_that_stay_keep_their_settings():
    page = AppTest.from_function(_heap, default_timeout=20).run()
    assert page.multiselect(key="heap").value == ["stone", "fruit"]
    assert page.session_state["chosen"] == (Stone(weight=2.0), Fruit())
    page.multiselect(key="heap").set_value(["stone"]).run()
    assert page.session_state["chosen"] == (Stone(weight=2.0),)


def test_levels_and_prefixes_choose_the_knobs():
    whole = Inversion()
    assert {k.level for k in knobs(whole, "scenario", level="advanced")} == {"advanced"}
    assert all(k.dotted.startswith("recipe") for k in knobs(whole, "recipe", level="basic"))
    assert knobs(whole, "recipe", "seed", level="basic")[-1].dotted == "seed"


def _offered(settings: Settings) -> list[Knob]:
    return [one for one in walk(settings) if one.level != "hidden" and not one.many and one.value != ()]


EXPERIMENTS = [preset.experiment for preset in catalogue.PRESETS.values()]
EXPERIMENTS += [Inversion(recipe=recipe) for recipe in catalogue.RECIPES.values()] + [Landscape()]
EXPERIMENTS.append(Inversion().changed(("scenario", "federation", "defences"), [
    {"kind": cls.model_fields["kind"].default} for cls in choices(Federation.model_fields["defences"].annotation)
]))  # fmt: skip


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=range(len(EXPERIMENTS)))
def test_every_knob_of_every_experiment_has_a_widget_that_shows_its_value_and_changes_nothing(experiment):
    app = page(experiment, experiment.kind)
    found = widgets(app)
    for one in _offered(experiment):
        drawn = found[one.dotted]
        assert one.help in drawn.help and (not one.symbol or one.symbol in drawn.help)
        assert drawn.value == (one.value.kind if isinstance(one.value, Settings) else one.value)
    assert app.session_state["held"] == experiment
