"""The page Sweeps: what it shows at once, its two knobs and their values, the way from a cell to its attack."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from leaklab.attacks.recipes import ANALYTIC
from leaklab.experiments.experiment import read
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.sweep import Axis, Sweep
from leaklab.experiments.sweep_presets import SWEEP_DEFAULT, SWEEP_PRESETS
from leaklab.images.source import Uploads
from leaklab.runs.store import Store
from leaklab.settings import Refusal, from_link, to_link
from leaklab.ui import sweeps
from leaklab.ui.session import Services
from tests import app
from tests.experiments import small
from tests.ui import sweeping
from tests.ui.sweeping import GRID, LINE


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


pytestmark = pytest.mark.usefixtures("store")


def opened(sweep: Sweep = GRID) -> AppTest:
    page = app.opened("sweeps", x=to_link(sweep))
    assert not page.exception and not page.error
    return page


def finished(store: Store, sweep: Sweep = GRID) -> AppTest:
    page = app.opened("sweeps", run=sweeping.keep(store, sweep))
    assert not page.exception and not page.error and not page.warning
    return page


def values(page: AppTest, number: int, text: str) -> AppTest:
    [field] = [one for one in page.text_input if f".values.{number}." in one.key]
    return field.set_value(text).run()


def chart(page: AppTest) -> dict:
    [drawn] = page.get("echarts_chart")
    return json.loads(drawn.proto.spec)


def sheet(page: AppTest) -> str:
    [shown] = [one.proto.body for one in page.get("html") if one.proto.body.startswith('<div class="leaklab-sheet"')]
    return shown


def test_something_is_swept_at_once_and_whoever_comes_later_sees_the_same_run(store: Store):
    page = app.opened("sweeps")
    assert not page.exception and not page.error and not page.warning
    assert [read(store.run(run.id).experiment) for run in store.runs()] == [SWEEP_DEFAULT.experiment]
    assert app.opened("sweeps").query_params["run"] == page.query_params["run"] and len(store.runs()) == 1


def test_every_preset_is_put_into_the_controls_and_the_address():
    page = opened()
    for preset in SWEEP_PRESETS.values():
        page = app.widget(page, f"preset.{page.session_state['sweeps.generation']}").set_value(preset.key).run()
        assert not page.exception and not page.error and not page.warning
        assert app.held(page, "sweeps") == preset.experiment and preset.sentence in app.shown(page)
        assert from_link(Sweep, page.query_params["x"]) == preset.experiment
        assert not app.widget(page, "sweep").disabled


def test_what_was_swept_before_is_shown_as_soon_as_it_is_chosen(store: Store):
    preset = list(SWEEP_PRESETS.values())[-1]
    run_id = sweeping.keep(store, preset.experiment)
    page = app.widget(opened(), "preset.1").set_value(preset.key).run()
    assert page.query_params["run"] == run_id and page.get("echarts_chart") and not page.exception


def test_knobs_and_values_reach_the_sweep_and_the_address():
    page = app.widget(opened(), ".axis.0").set_value("restarts").run()
    assert app.held(page, "sweeps").axes[0] == Axis(name="restarts", values=(1, 2, 4, 8))
    page = values(page, 0, "1; 3 5")
    page = app.widget(page, ".axis.1").set_value("nothing else").run()
    page = app.widget(page, ".seeds").set_value(3).run()
    wanted = Sweep(inversion=GRID.inversion, axes=(Axis(name="restarts", values=(1, 3, 5)),), seeds=3)
    assert app.held(page, "sweeps") == wanted and page.query_params["x"] == to_link(wanted) and not page.exception


def test_the_attack_has_its_usual_controls():
    page = app.widget(opened(), ".recipe.stages.0.iterations").set_value(5).run()
    page = app.widget(page, ".threat.labels").set_value(True).run()
    wanted = GRID.inversion.changed(("recipe", "stages", 0, "iterations"), 5)
    wanted = wanted.changed(("scenario", "threat", "labels"), True)
    assert app.held(page, "sweeps") == GRID.model_copy(update={"inversion": wanted}) and not page.exception
    assert app.widget(page, ".view").options == ["each client", "the average", "as a client"]


@pytest.mark.parametrize(("text", "sentence"), [
    ("0, much", "TV weight: 'much' is no number; write numbers with commas between them, such as 0, 0.001, 0.01."),
    ("0, 50", "TV weight cannot be 50: numbers from 0 to 10 are allowed."),
    ("", "TV weight: nothing is given here; write one value or more."),
    ("0 0", "TV weight: 0 is given twice; write every value once."),
    ("0 .1 .2 .3 .4 .5 .6 .7 .8", "TV weight: 9 values are given, and at most 8 are allowed."),
])  # fmt: skip
def test_values_that_are_not_allowed_are_said_and_nothing_else_changes(text: str, sentence: str):
    page = values(opened(), 0, text)
    assert [error.value for error in page.error] == [sentence] and not page.exception
    assert app.held(page, "sweeps") == GRID and app.widget(page, "sweep").disabled
    assert not values(page, 0, "0, 0.5").error


def test_too_many_cells_and_the_same_knob_twice_are_said():
    page = app.widget(opened(), ".seeds").set_value(16).run()
    assert page.error[0].value.startswith("3 × 2 cells with 16 seeds are 96 attacks, and at most 64 are allowed")
    page = app.widget(opened(), ".axis.1").set_value("tv-weight").run()
    assert page.error[0].value == "both knobs are tv-weight: choose two different ones, or one alone."


def test_a_recipe_without_the_knob_is_said_and_another_knob_mends_it():
    page = app.widget(opened(), "attack.1.recipe").set_value("analytic").run()
    assert page.error[0].value.startswith("TV weight means nothing with Analytic first layer") and not page.exception
    page = app.widget(page, ".axis.0").set_value("noise").run()
    assert not page.exception and not [error for error in page.error if "means nothing" in error.value]
    assert app.held(page, "sweeps").inversion.recipe == ANALYTIC
    assert "tv-weight" not in app.widget(page, ".axis.1").options


def test_what_a_corner_lacks_keeps_it_from_starting_and_a_press_mends_it(store: Store):
    batched = Sweep.read(SWEEP_DEFAULT.experiment.changed(("inversion",), small.inversion()).model_dump(mode="json"))
    batched = batched.changed(("inversion", "recipe", "labels"), {"kind": "given_or_idlg"})
    page = opened(batched)
    assert "label" in page.warning[0].value and app.widget(page, "sweep").disabled
    page = app.widget(page, ".tell").click().run()
    assert not page.warning and app.held(page, "sweeps").inversion.scenario.threat.labels
    app.widget(page, "sweep").click().run()
    assert [read(store.run(run.id).experiment) for run in store.runs()] == [app.held(page, "sweeps")]


def test_a_new_seed_changes_nothing_else():
    page = app.widget(opened(), "reseed").click().run()
    seed = app.held(page, "sweeps").inversion.seed
    assert seed != GRID.inversion.seed and app.held(page, "sweeps") == GRID.changed(("inversion", "seed"), seed)
    assert app.held(page, "sweeps.attack") == app.held(page, "sweeps").inversion


def test_a_grid_is_shown_as_a_map_with_pictures_and_as_curves(store: Store):
    page = finished(store)
    [drawn] = chart(page)["series"]
    assert drawn["type"] == "heatmap" and [one["value"] for one in drawn["data"]][-1] == [2, 1, 26.0]
    assert all("data:image/png" in one["tooltip"]["formatter"] for one in drawn["data"])
    assert sheet(page).count("<img") == 6
    page = app.widget(page, ".metric").set_value("ssim").run()
    assert chart(page)["series"][0]["data"][-1]["value"] == [2, 1, 0.52]
    page = app.widget(page, ".kind").set_value("curves").run()
    assert [one["type"] for one in chart(page)["series"]] == ["line", "line"] and not page.exception


def test_one_knob_is_shown_as_a_curve_with_a_band(store: Store):
    page = finished(store, LINE)
    low, width, median = chart(page)["series"]
    assert [point["value"] for point in median["data"]] == [[0, 11.0], [1, 21.0], [2, 31.0]]
    assert [low["data"][0], width["data"][0]] == [[0, 10.0], [0, 2.0]] and "areaStyle" in width
    assert any(text.startswith("Restarts changed PSNR: from 11.0 dB at 1 to 31.0 dB at 4") for text in app.shown(page))


@pytest.mark.parametrize(("most", "cells"), [(0, 0), (1, 0), (2, 1), (4, 3)])
def test_a_run_that_goes_on_fills_cell_by_cell(store: Store, most: int, cells: int):
    page = app.opened("sweeps", run=sweeping.keep(store, most=most))
    assert not page.exception and not page.error and not page.get("download_button")
    drawn = page.get("echarts_chart")
    assert (len(chart(page)["series"][0]["data"]) if drawn else 0) == cells
    if most:
        assert any(bar.proto.text.startswith(f"Cell {cells + 1} of 6") for bar in page.get("progress"))


def test_a_cell_opens_in_the_playground_with_its_very_setting(store: Store):
    page = finished(store)
    page = app.widget(page, ".cell").set_value((2, 1)).run()
    (link,) = [one for one in page.get("page_link") if one.proto.page == "playground"]
    attack = from_link(Inversion, link.proto.query_string.removeprefix("x="))
    assert attack == GRID.cell(2, 1) and app.held(app.opened("playground", x=to_link(attack))) == attack


def test_of_several_seeds_the_middle_one_opens(store: Store):
    page = finished(store, LINE)
    (link,) = [one for one in page.get("page_link") if one.proto.page == "playground"]
    assert from_link(Inversion, link.proto.query_string.removeprefix("x=")) == LINE.cell(0, 0, 1)


def test_it_can_be_taken_home(store: Store):
    page = finished(store)
    assert [button.label for button in page.get("download_button")] == ["Cells (CSV)", "Everything (JSON)"]
    codes = [code.value for code in page.code]
    assert any(code.endswith(f"?x={to_link(GRID)}") for code in codes)
    assert any(code.startswith("leaklab sweep ") and "--vary tv-weight=0,0.001,0.01" in code for code in codes)


def test_a_past_run_comes_with_its_settings_and_the_gallery_opens_it_here(store: Store):
    run_id = sweeping.keep(store)
    page = app.opened("sweeps", run=run_id)
    assert app.held(page, "sweeps") == GRID
    page = app.widget(page, ".seeds").set_value(2).run()
    assert any("came of earlier settings" in text for text in app.shown(page))
    links = [one.proto for one in app.opened("runs").get("page_link")]
    assert ("sweeps", f"run={run_id}") in [(one.page, one.query_string) for one in links]


def test_a_knob_is_swept_from_its_name_with_its_present_value_among_the_usual_ones():
    attack = small.inversion(restarts=3)
    for name in ("restarts", "recipe.stages.0.restarts"):
        swept = from_link(Sweep, sweeps.link(attack, name)["x"])
        assert swept == Sweep(inversion=attack, axes=(Axis(name="restarts", values=(1, 2, 3, 4, 8)),))
    assert not app.opened("sweeps", **sweeps.link(attack, "tv-weight")).exception
    with pytest.raises(Refusal, match="There is no knob 'colour' here"):
        sweeps.link(attack, "colour")


def test_ones_own_photographs_stay_ones_own(store: Store):
    assert set(finished(store).session_state["sweeps.pictures"]) == {run.id for run in store.runs()}
    own = GRID.changed(("inversion", "scenario", "source"), Uploads(pictures=("mine",)))
    assert from_link(Sweep, to_link(own)).source == Uploads() and from_link(Sweep, to_link(GRID)) == GRID


def test_the_playground_offers_its_knobs_for_a_sweep_once_somebody_looks():
    page = app.opened("playground", x=app.link())
    assert not [one for one in page.get("page_link") if one.proto.page == "sweeps"]
    page.session_state["sweep-a-knob"] = True
    links = [one.proto for one in page.run().get("page_link") if one.proto.page == "sweeps"]
    assert "Restarts" in [one.label for one in links] and not page.exception
    luck, swept, *_ = (from_link(Sweep, link.query_string.removeprefix("x=")) for link in links)
    assert swept.inversion.recipe == app.held(page).recipe
    assert luck.inversion == app.held(page) and (luck.attacks, luck.seeds) == (5, 5)
    assert luck.cell(0) == app.held(page), "the first of them is the very attack"
