"""The page Drift: its two parts, what each shows at once, its controls, and what a press asks for."""

import pytest
from streamlit.testing.v1 import AppTest

from leaklab.experiments.drift import Drift
from leaklab.experiments.drift_presets import DRIFT_DEFAULT, DRIFT_PRESETS, PATHS_DEFAULT, PATHS_PRESETS
from leaklab.experiments.experiment import read
from leaklab.experiments.paths import Paths
from leaklab.images.source import Uploads
from leaklab.runs.store import Store
from leaklab.settings import from_link, to_link, walk
from leaklab.ui import drift, words
from leaklab.ui.session import Services
from tests import app

WALK = Paths().changed(("iterations",), 2)
SMALL = Drift(clients=(2,), local_steps=(2, 3), local_lr=(1e-3, 1e-2), repeats=1, image_size=16)
SCHEDULE = ("inversion", "scenario", "federation", "schedule")


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


pytestmark = pytest.mark.usefixtures("store")


def opened(experiment: Paths | Drift, **address: str) -> AppTest:
    page = app.opened("drift", x=to_link(experiment), **address)
    assert not page.exception and not page.error
    return page


def turned(page: AppTest, key: str) -> AppTest:
    page = app.widget(page, "drift.part").set_value(key).run()
    assert not page.exception and not page.error
    return page


def asked(store: Store) -> list[Paths | Drift]:
    return [read(store.run(run.id).experiment) for run in reversed(store.runs())]


def client(photographs: int, **schedule: float) -> Paths:
    walked = WALK.changed(("inversion", "scenario", "federation", "images_per_client"), photographs)
    for name, value in schedule.items():
        walked = walked.changed((*SCHEDULE, name), value)
    return walked


def test_each_part_shows_something_at_once_and_whoever_comes_later_sees_the_same_runs(store: Store):
    page = app.opened("drift")
    assert not page.exception and not page.error and not page.warning
    walked = page.query_params["run"]
    page = turned(page, "drift")
    assert asked(store) == [PATHS_DEFAULT.experiment, DRIFT_DEFAULT.experiment]
    measured = page.query_params["run"]
    assert measured != walked and turned(page, "paths").query_params["run"] == walked
    later = app.opened("drift")
    assert later.query_params["run"] == walked and turned(later, "drift").query_params["run"] == measured
    assert len(store.runs()) == 2


def test_each_part_keeps_its_own_settings_and_runs(store: Store):
    page = app.widget(opened(WALK), "paths.start").click().run()
    page = turned(page, "drift")
    assert from_link(Drift, page.query_params["x"]) == DRIFT_DEFAULT.experiment
    page = app.widget(page, "repeats").set_value(2).run()
    page = turned(page, "paths")
    assert page.query_params["x"] == to_link(WALK) and app.held(page, "paths") == WALK
    assert app.held(page, "drift").repeats == 2
    assert words.parts("drift")["How to read it: The path of the weights"] in app.texts(page)


def test_the_address_says_which_part_is_meant(store: Store):
    assert app.held(opened(WALK), "paths") == WALK
    assert app.held(opened(SMALL), "drift") == SMALL and not store.runs()
    for experiment in (WALK, SMALL):
        run_id = store.enqueue(experiment.model_dump_json())
        page = app.opened("drift", run=run_id)
        assert not page.exception and not page.warning and app.held(page, experiment.kind) == experiment
        assert page.session_state[f"{experiment.kind}.runs"] == [run_id]


def test_the_part_that_was_left_is_there_again():
    page = app.opened("story", of=turned(app.opened("drift"), "drift"))
    page = app.opened("drift", of=page)
    assert not page.exception and page.metric == [] and app.widget(page, "drift.start").label == "Measure"


@pytest.mark.parametrize("broken", ["1.abc", "nonsense"])
def test_a_broken_link_gets_a_sentence_and_the_default(broken: str):
    page = app.opened("drift", x=broken)
    [complaint] = page.warning
    assert complaint.value.startswith("This link") and app.held(page, "paths") == PATHS_DEFAULT.experiment


def test_a_run_of_another_page_gets_a_sentence(store: Store):
    from tests.experiments import small

    run_id = store.enqueue(small.inversion().model_dump_json())
    page = app.opened("drift", run=run_id)
    assert f"Run {run_id} is of another kind" in page.warning[0].value and not page.exception


@pytest.mark.parametrize("key, presets", [("paths", PATHS_PRESETS), ("drift", DRIFT_PRESETS)])
def test_every_preset_is_put_into_the_controls(key: str, presets):
    page = opened({"paths": WALK, "drift": SMALL}[key])
    for preset in presets.values():
        page = app.widget(page, f"{key}.preset.{page.session_state[f'{key}.generation']}").set_value(preset.key).run()
        assert not page.exception and not page.error and not page.warning
        assert app.held(page, key) == preset.experiment and preset.sentence in app.shown(page)


def test_a_press_asks_for_what_the_controls_show(store: Store):
    page = app.widget(opened(WALK), "epochs").set_value(3).run()
    page = app.widget(page, "paths.start").click().run()
    page = app.widget(turned(page, "drift"), "samples_per_client").set_value(2).run()
    app.widget(page, "drift.start").click().run()
    wanted = DRIFT_DEFAULT.experiment.changed(("samples_per_client",), 2)
    assert asked(store) == [WALK.changed((*SCHEDULE, "epochs"), 3), DRIFT_DEFAULT.experiment, wanted]


def test_a_small_drift_is_measured(store: Store):
    page = app.widget(opened(SMALL), "drift.start").click().run()
    app.carry_out(store)
    page = page.run()
    assert not page.exception and not page.error and len(page.metric) == 3 and len(page.get("echarts_chart")) == 2


def test_several_numbers_are_chosen_by_pills_and_one_client_is_measured_last():
    page = app.widget(opened(SMALL), "clients").set_value([1, 8, 2]).run()
    assert app.held(page, "drift").clients == (2, 8, 1) and not page.error
    page = app.widget(page, "local_lr").set_value([1e-2, 1e-4]).run()
    assert app.held(page, "drift").local_lr == (1e-4, 1e-2)


def test_no_number_at_all_gets_a_sentence_and_the_old_ones_stay():
    page = app.widget(opened(SMALL), "local_steps").set_value([]).run()
    assert "write one number or more" in page.error[0].value and app.held(page, "drift") == SMALL


def test_numbers_from_a_link_are_among_the_pills():
    page = opened(SMALL.model_copy(update={"clients": (5, 2), "local_lr": (2.5e-3,)}))
    assert app.widget(page, "clients").options == ["1", "2", "3", "4", "5", "8"]
    assert "2.5e-3" in app.widget(page, "local_lr").options and app.held(page, "drift").clients == (5, 2)


@pytest.mark.parametrize("key, experiment", [("paths", WALK), ("drift", SMALL)])
def test_a_new_seed_changes_nothing_else(key: str, experiment: Paths | Drift):
    page = app.widget(opened(experiment), "reseed").click().run()
    path = drift.PARTS[key].seed
    seed = app.held(page, key).at(path)
    assert seed != experiment.at(path) and app.held(page, key) == experiment.changed(path, seed)


@pytest.mark.parametrize("experiment, said", [
    (client(4, batch_size=2, epochs=2), "2 epochs of 2 steps: 4 local steps."),
    (client(5, batch_size=2, epochs=2),
     "2 epochs of 3 steps: 6 local steps. The last batch of an epoch has 1 instead of 2."),
    (client(2, batch_size=4, epochs=3),
     "3 epochs, each a single step with all photographs: 3 local steps, and no order to guess."),
    (client(2, batch_size=0, epochs=1), "One step is a straight line: there is nothing to bend."),
])  # fmt: skip
def test_the_steps_are_counted_beneath_the_controls(experiment: Paths, said: str):
    assert drift.walked(experiment) == said
    assert said in app.shown(opened(experiment))


def test_what_cannot_start_gets_its_sentence_before_it_does():
    page = opened(WALK.changed(("inversion", "scenario", "threat", "labels"), False))
    assert "label" in page.warning[0].value and app.widget(page, "paths.start").disabled


@pytest.mark.parametrize("experiment", [WALK, SMALL], ids=["paths", "drift"])
def test_ones_own_photographs_are_not_offered(experiment: Paths | Drift):
    [source] = [knob for knob in walk(experiment) if knob.path[-1] == "source" and knob.choices]
    assert Uploads in source.choices
    assert "uploads" not in app.widget(opened(experiment), source.dotted).options


def test_every_part_has_its_words():
    parts = words.parts("drift")
    assert all(
        parts[f"How to read it: {part.title}"].startswith("**How to read it.**") for part in drift.PARTS.values()
    )
    assert parts["When would this not work?"] and parts[""].startswith("# Drift")
