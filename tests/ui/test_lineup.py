"""The page Compare: its attacks and their runs, what stands side by side, and what can be kept of it."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from leaklab.attacks.recipes import IG, ROG
from leaklab.experiments.catalogue import tuned
from leaklab.experiments.experiment import read
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.label_recovery import LabelRecovery
from leaklab.experiments.lineup import Lineup, brief
from leaklab.experiments.lineup_presets import LINEUP_DEFAULT, LINEUP_PRESETS
from leaklab.images import files
from leaklab.images.photos import picture
from leaklab.images.source import Uploads
from leaklab.runs.private import owner
from leaklab.runs.store import Store
from leaklab.settings import from_link, to_link
from leaklab.ui import abreast, lineup_results, words
from leaklab.ui.abreast import Shown
from leaklab.ui.lineup import link
from leaklab.ui.session import Services
from leaklab.ui.watch import Watched
from leaklab.views.lineup import Row
from leaklab.views.strips import png
from tests import app
from tests.ui import lining
from tests.ui.lining import SMALL

OWN = SMALL.changed(("base", "scenario", "source"), Uploads(pictures=(files.shrink(png(picture("cat", 64))),)))


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


pytestmark = pytest.mark.usefixtures("store")


def opened(lineup: Lineup = SMALL, **address: str | list[str]) -> AppTest:
    page = app.opened("compare", x=to_link(lineup), **address)
    assert not page.exception and not page.error
    return page


def press(page: AppTest, key: str) -> AppTest:
    page = app.widget(page, key).click().run()
    assert not page.exception and not page.error
    return page


def made(store: Store) -> list[str]:
    """Finish what is queued with numbers made up, the first of them well; return the runs."""
    done = []
    while run := store.claim("a test", ("auto", "cpu")):
        lining.bring(store, run.id, recovered=not done)
        done.append(run.id)
    return done


def attacked(page: AppTest, store: Store) -> AppTest:
    page = press(page, "attack")
    made(store)
    return page.run()


def asked(store: Store) -> list[Inversion]:
    """Return the experiments of every run, the oldest first."""
    return [read(store.run(run.id, run.owner).experiment) for run in reversed(store.runs())]


def held(page: AppTest) -> Lineup:
    return app.held(page, "compare")


def table(page: AppTest) -> dict[str, list[str]]:
    return {name: list(column) for name, column in page.table[0].value.items()}


def test_the_first_visitor_starts_all_and_whoever_comes_later_sees_the_same_runs(store: Store):
    page = app.opened("compare")
    assert not page.exception and not page.error and not page.warning
    assert asked(store) == list(LINEUP_DEFAULT.experiment.inversions)
    assert {run.owner for run in store.runs()} == {""}, "they do not wait for one another"
    later = app.opened("compare")
    assert later.query_params["run"] == page.query_params["run"] and len(store.runs()) == 3


def test_every_preset_is_put_into_the_controls_and_the_address():
    page = opened()
    for preset in LINEUP_PRESETS.values():
        generation = page.session_state["compare.generation"]
        page = app.widget(page, f"preset.{generation}").set_value(preset.key).run()
        assert not page.exception and not page.error and not page.warning
        assert held(page) == preset.experiment and preset.sentence in app.shown(page)
        assert from_link(Lineup, page.query_params["x"]) == preset.experiment


def test_a_link_waits_for_a_press_and_then_every_attack_is_asked_for(store: Store):
    page = opened()
    assert not store.runs() and held(page) == SMALL and app.shown(page).count("Not attacked yet.") == 3
    page = attacked(page, store)
    assert asked(store) == list(SMALL.inversions)
    assert table(page)["iDLG"][-1] == "Not recovered" and len(page.query_params["run"]) == 3
    assert any("1 of 3 attacks recovered everything" in text.value for text in page.markdown)
    assert lining.FOUND in app.shown(page) and app.shown(page).count(":material/info: The round is small.") == 1


def test_one_change_asks_for_one_run_and_going_back_asks_for_none(store: Store):
    page = attacked(opened(), store)
    page = app.widget(page, "entries.1.recipe.stages.0.iterations").set_value(5).run()
    assert len(store.runs()) == 3 and app.shown(page).count("Not attacked yet.") == 1
    page = press(page, "attack")
    changed = SMALL.changed(("entries", 1, "recipe", "stages", 0, "iterations"), 5)
    assert asked(store)[3:] == [changed.inversions[1]] and held(page) == changed
    page = app.widget(page, "entries.1.recipe.stages.0.iterations").set_value(3).run()
    assert len(store.runs()) == 4 and "Not attacked yet." not in app.shown(page)


def test_what_anybody_has_computed_is_found_again(store: Store):
    attacked(opened(), store)
    page = app.opened("compare", x=to_link(SMALL))
    assert len(store.runs()) == 3 and "Not attacked yet." not in app.shown(page)


def test_a_run_of_the_playground_is_found_here(store: Store):
    lining.keep(store, SMALL.inversions[0])
    assert app.shown(opened()).count("Not attacked yet.") == 2


def test_attacks_come_and_go(store: Store):
    page = attacked(opened(), store)
    page = press(page, "compare.out.0")
    assert held(page) == SMALL.without(0) and "Not attacked yet." not in app.shown(page)
    assert app.widget(page, "compare.out.0").disabled
    page = app.widget(page, ".add").set_value("modern").run()
    assert held(page) == SMALL.without(0).with_entry(brief("modern")) and not page.exception
    page = app.widget(page, ".add").set_value("ig").run()
    assert app.widget(page, ".add").disabled and len(held(page).entries) == 4


def test_another_recipe_takes_the_place_of_the_old_one():
    page = app.widget(opened(), ".recipe.0").set_value("ig").run()
    assert held(page).entries[0].recipe == brief("ig") and not page.exception
    assert app.widget(page, "entries.0.recipe.stages.0.iterations").value == 150


@pytest.mark.parametrize(("ending", "path", "value"), [
    ("entries.0.recipe.stages.0.restarts", ("entries", 0, "recipe", "stages", 0, "restarts"), 2),
    ("entries.0.recipe.stages.0.space.scale", ("entries", 0, "recipe", "stages", 0, "space", "scale"), 0.05),
    ("base.scenario.network.name", ("base", "scenario", "network", "name"), "lenet5"),
    ("base.scenario.threat.labels", ("base", "scenario", "threat", "labels"), True),
    ("base.scenario.federation.clients", ("base", "scenario", "federation", "clients"), 2),
    ("base.seed", ("base", "seed"), 7),
    ("base.precision", ("base", "precision"), "float32"),
    (".view", ("base", "scenario", "federation", "view"), "aggregated"),
])  # fmt: skip
def test_a_change_reaches_the_line_up_and_the_address(ending, path, value):
    page = app.widget(opened(), ending).set_value(value).run()
    assert not page.exception and held(page) == SMALL.changed(path, value)
    assert from_link(Lineup, page.query_params["x"]) == held(page)


def test_what_one_attack_lacks_is_said_and_mended_for_all(store: Store):
    lacking = SMALL.with_entry(tuned(ROG, iterations=2))
    page = opened(lacking)
    assert page.warning[0].value.startswith("ROG: The labels are needed")
    page = press(page, "attack")
    assert len(asked(store)) == 3, "the others can be attacked all the same"
    page = press(page, "compare.tell")
    assert held(page) == lacking.told("labels") and not page.warning
    none = SMALL.without(2).replaced(0, ROG).replaced(1, ROG.changed(("stages", 0, "iterations"), 5))
    assert app.widget(opened(none), "attack").disabled


def test_a_new_seed_changes_nothing_else_and_attacks_at_once(store: Store):
    page = press(opened(), "reseed")
    seed = held(page).base.seed
    assert seed != SMALL.base.seed and held(page) == SMALL.changed(("base", "seed"), seed)
    assert asked(store) == list(held(page).inversions)


def test_a_run_that_is_left_behind_is_cancelled(store: Store):
    page = press(opened(), "attack")
    before = {run.id for run in store.runs()}
    page = app.widget(page, "entries.0.recipe.stages.0.iterations").set_value(5).run()
    assert [store.run(run_id).status for run_id in before].count("cancelled") == 1


def test_one_that_ended_early_is_asked_for_again_by_a_press(store: Store):
    page = press(opened(), "attack")
    for run in store.runs():
        store.cancel(run.id)
    page = page.run()
    assert len(store.runs()) == 3
    press(page, "attack")
    assert len(store.runs()) == 6


def test_ones_own_photographs_stay_out_of_the_link_and_their_runs_are_private(store: Store):
    page = opened()
    page.session_state["compare.experiment"], page.session_state["compare.generation"] = OWN, 9
    page = press(page.run(), "attack")
    runs = store.runs(owner(page.session_state["visitor.secret"]))
    assert len(runs) == 3 and all(run.private for run in runs) and not store.runs()
    assert from_link(Lineup, page.query_params["x"]).source.pictures == ()
    assert OWN.source.pictures[0] not in "".join(code.value for code in page.code)


def test_a_running_attack_is_followed(store: Store):
    page = press(opened(), "attack")
    run = store.claim("a test", ("auto", "cpu"))
    lining.bring(store, run.id, most=2)
    page = page.run()
    assert any("Iteration 1 of 2, 8 evaluations" in bar.proto.text for bar in page.get("progress"))
    assert table(page)["DLG, iterations 3"][-1] == "going on" and not page.exception


def test_the_rows_are_aligned_by_evaluations_and_carry_the_difference_of_two():
    shown = [
        Shown(Row(title, frames := lining.frames(recovered=won, pace=pace)), _watched(frames))
        for title, won, pace in (("One", True, 7), ("Other", False, 3))
    ]
    found = abreast.payload([*shown, Shown(Row("None", ()), None)], (0, 1), dark=False)
    assert found["marks"] == [1, 2, 3, 5, 7, 10, 15] and not found["live"]
    one, other, none, between = found["rows"]
    assert one["cells"] == [0, 0, 0, 0, 0, 1, 2] and other["cells"] == [0, 0, 0, 1, 2, 2, 2]
    assert other["said"][-1] == "ended after 7 evaluations · 9.0 dB" and one["outcome"] == "Recovered"
    assert none == {
        "title": "None",
        "sheet": None,
        "waiting": "Not attacked yet.",
        "colour": none["colour"],
        "dash": "dotted",
    }
    assert (
        between["title"] == "Difference: Other against One" and between["cells"][0] == 0 and len(between["said"]) == 7
    )


def _watched(frames: list) -> Watched:
    """Return a finished run whose pictures are here already."""
    watched = Watched(type("Over", (), {"over": True, "id": "x"})(), frames)
    pictures = {(frame.index, name): shown for frame in frames for name, shown in frame.pictures.items()}
    watched._picture = lambda index, name: pictures[index, name]
    return watched


def test_it_can_be_taken_home(store: Store):
    page = attacked(opened(), store)
    assert [button.label for button in page.get("download_button")] == ["Numbers (JSON)", "Sheet (PNG)"]
    address, *commands = (code.value for code in page.code)
    assert address.endswith(f"?x={to_link(SMALL)}") and len(commands) == 3
    assert all(command.startswith("leaklab run ") for command in commands)


def test_two_finished_runs_are_shown_side_by_side(store: Store):
    first, second = (
        lining.keep(store, one, recovered=won) for one, won in zip(SMALL.inversions[:2], (True, False), strict=True)
    )
    page = app.opened("compare", **link(first, second))
    assert not page.exception and not page.error and not page.warning
    assert any("the very same observation" in text.value for text in page.markdown)
    assert list(table(page)) == ["", "DLG", "iDLG"] and page.query_params["a"] in (first, [first])
    assert page.code[0].value.endswith(f"?a={first}&b={second}") and "Who sees what" in [
        each.label for each in page.expander
    ]
    page = press(page, "compare.two.adopt")
    assert held(page) == SMALL.without(2) and "a" not in page.query_params
    assert "Not attacked yet." not in app.shown(page) and len(store.runs()) == 2


def test_two_runs_of_different_observations_say_what_differs(store: Store):
    other = SMALL.inversions[1].changed(("seed",), 7)
    first, second = (lining.keep(store, one) for one in (SMALL.inversions[0], other))
    page = app.opened("compare", **link(first, second))
    assert any("different observations" in text.value and "Seed" in text.value for text in page.markdown)
    page = press(page, "compare.two.leave")
    assert "a" not in page.query_params and held(page) == LINEUP_DEFAULT.experiment


@pytest.mark.parametrize("missing", ["gone", "kind"])
def test_runs_that_cannot_be_compared_are_said_with_a_way_on(store: Store, missing: str):
    first = lining.keep(store, SMALL.inversions[0])
    second = "abcdef0123" if missing == "gone" else store.enqueue(LabelRecovery().model_dump_json())
    page = app.opened("compare", **link(first, second))
    assert not page.exception and second in page.warning[0].value
    page = press(page, "compare.two.leave")
    assert not page.warning


def test_past_runs_are_opened_with_their_settings(store: Store):
    ids = [lining.keep(store, inversion) for inversion in SMALL.inversions[:2]]
    page = app.opened("compare", run=ids)
    assert held(page) == SMALL.without(2) and page.query_params["run"] == ids and not page.warning


def test_a_run_that_is_deleted_while_it_is_shown_is_said(store: Store):
    page = attacked(opened(), store)
    for run in store.runs():
        store.delete(run.id, run.owner)
    page.session_state["watched"].clear()
    page.session_state["shared.over"].clear()
    page = page.run()
    assert not page.exception and sum("was deleted" in said for said in app.shown(page)) == 3
    assert not store.runs(), "nothing that was deleted begins by itself"
    press(page, "attack")
    assert len(store.runs()) == 3


def test_a_title_of_a_link_is_no_markdown():
    assert words.literal("[a](b) **c** <i>") == r"\[a\](b) \*\*c\*\* \<i\>"
    page = opened(SMALL.changed(("entries", 0, "title"), "**bold**"))
    assert any(r"\*\*bold\*\*" in text.value for text in page.markdown)


def test_the_sheet_is_a_picture_of_all_that_has_begun():
    frames = lining.frames(recovered=True)
    assert (
        lineup_results.sheet([Shown(Row("One", frames), _watched(frames)), Shown(Row("None", ()), None)])[:4]
        == b"\x89PNG"
    )


def test_numbers_can_be_read_back(store: Store):
    attacked(opened(), store)
    from leaklab.views.lineup import record

    kept = json.loads(
        json.dumps(record([Row("One", lining.frames(recovered=True))], json.loads(SMALL.model_dump_json())))
    )
    assert Lineup.read(kept["settings"]) == SMALL and kept["attacks"][0]["moments"][2]["psnr"] == 41


def test_ig_is_in_the_list_of_recipes():
    assert IG.name in app.widget(opened(), ".recipe.0").options
