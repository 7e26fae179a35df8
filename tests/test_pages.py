"""Every page, run whole in this process: what it says, what its controls hold, and what a press asks for."""

import pytest
from streamlit.testing.v1 import AppTest

from leaklab.experiments import catalogue
from leaklab.experiments.experiment import read
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.landscape import Landscape
from leaklab.federation.rounds import Federation
from leaklab.images import files
from leaklab.images.photos import picture
from leaklab.images.source import Cifar10, Uploads
from leaklab.runs.store import Store
from leaklab.settings import to_link
from leaklab.ui.session import Services
from leaklab.views.strips import png
from tests import app
from tests.experiments import small


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


pytestmark = pytest.mark.usefixtures("store")


def press(page: AppTest, key: str) -> AppTest:
    page = app.widget(page, key).click().run()
    assert not page.exception
    return page


def asked(store: Store) -> list[Inversion | Landscape]:
    """Return the experiments of every run, the oldest first."""
    return [read(store.run(run.id, run.owner).experiment) for run in reversed(store.runs())]


def uploaded() -> Inversion:
    source = Uploads(pictures=(files.shrink(png(picture("cat", 64))),))
    return small.inversion().changed(("scenario", "source"), source)


@pytest.mark.parametrize("name", app.PAGES)
def test_a_page_opens_without_a_complaint(name: str):
    page = app.opened(name)
    assert not page.exception and not page.error and not page.warning
    assert page.markdown[0].value.startswith("# ")


@pytest.mark.parametrize("preset", catalogue.PRESETS.values(), ids=lambda preset: preset.key)
def test_a_preset_is_put_into_the_controls_and_the_address(preset: catalogue.Preset):
    page = app.opened("playground", x=app.link())
    pills = app.widget(page, f"preset.{page.session_state['playground.generation']}")
    page = pills.set_value(preset.key).run()
    assert not page.exception and not page.error and not page.warning
    assert app.held(page) == preset.experiment and preset.sentence in app.shown(page)
    assert page.query_params["x"] == to_link(preset.experiment)


@pytest.mark.parametrize("name", ["playground", "landscape"])
def test_a_link_restores_every_setting(name: str):
    asked_for = small.inversion(Federation(clients=2, view="aggregated"), restarts=3).changed(("attack_seed",), 5)
    page = app.opened(name, x=to_link(asked_for))
    assert app.held(page, name) == asked_for and not page.warning and not page.exception
    assert app.widget(page, "federation.clients").value == 2 and app.widget(page, "restarts").value == 3
    assert app.widget(page, ".view").value == "aggregated"


def test_a_link_to_a_page_one_has_already_been_to_is_followed_too():
    page = app.opened("landscape", of=app.opened("playground"), x=app.link())
    assert app.held(page, "landscape") == small.inversion()
    page = app.opened("playground", of=page, x=app.link())
    assert app.held(page) == small.inversion()


@pytest.mark.parametrize("broken", ["1.abc", "nonsense", app.link()[:-6]])
def test_a_broken_link_gets_a_sentence_and_the_default(broken: str):
    page = app.opened("playground", x=broken)
    (complaint,) = page.warning
    assert complaint.value.startswith("This link") and complaint.value.endswith("The page starts from its default.")
    assert app.held(page) == catalogue.DEFAULT.experiment and not page.exception
    assert not page.run().warning


def test_a_link_to_ones_own_photographs_says_that_they_stayed_behind():
    page = app.opened("playground", x=to_link(uploaded()))
    assert any("a drawn picture stands in" in sentence for sentence in app.shown(page))
    assert app.held(page) == uploaded().changed(("scenario", "source", "pictures"), ())
    assert not page.exception and not page.warning


def test_attack_enqueues_what_the_controls_show_and_again_the_very_same(store: Store):
    page = press(app.opened("playground", x=app.link()), "attack")
    assert any("Waiting: next in line" in bar.proto.text for bar in page.get("progress"))
    press(page, "again")
    assert asked(store) == [small.inversion()] * 2
    assert page.query_params["run"] == store.runs()[0].id


def test_a_new_seed_changes_nothing_else():
    page = press(app.opened("playground", x=app.link()), "reseed")
    seed = app.held(page).seed
    assert seed != small.inversion().seed and app.held(page) == small.inversion().changed(("seed",), seed)


def test_both_views_are_two_experiments_of_one_group(store: Store):
    page = app.opened("playground", x=app.link(small.inversion(Federation(clients=2))))
    page = press(app.widget(page, ".view").set_value("both").run(), "attack")
    assert [one.scenario.federation.view for one in asked(store)] == ["per-client", "aggregated"]
    assert len({run.group for run in store.runs()}) == 1 and store.runs()[0].group
    assert [text.value for text in page.markdown if text.value.startswith("**From")] == [
        "**From each client's own update**", "**From the average alone**",
    ]  # fmt: skip
    assert page.query_params["both"] == "1"
    address = {"x": page.query_params["x"], "both": "1", "run": [run.id for run in store.runs()]}
    assert app.widget(app.opened("playground", **address), ".view").value == "both"
    del address["run"]
    assert app.widget(app.opened("playground", **address), ".view").value == "both"


def test_inverting_gradients_wants_the_labels_of_several_photographs_and_a_press_tells_them(store: Store):
    several = small.inversion(Federation(images_per_client=2), of=catalogue.recipe("ig"))
    page = app.opened("playground", x=to_link(several))
    assert len(page.warning) == 1 and "label" in page.warning[0].value and app.widget(page, "attack").disabled
    page = press(page, "tell")
    assert not page.warning and app.held(page).scenario.threat.labels and app.widget(page, "threat.labels").value
    press(page, "attack")
    assert asked(store) == [app.held(page)]


def test_a_finished_run_is_shown_with_its_verdict_and_all_that_can_be_taken_home(store: Store):
    page = press(app.opened("playground", x=app.link()), "attack")
    app.carry_out(store)
    page = page.run()
    assert not page.exception and not page.error
    assert any("PSNR" in sentence for sentence in app.shown(page))
    assert [button.label for button in page.get("download_button")] == [
        "Strip (PNG)", "Animation (GIF)", "Numbers (JSON)", "Report (HTML)",
    ]  # fmt: skip
    link, command = (code.value for code in page.code)
    assert link.endswith(f"?x={app.link()}") and command.startswith("leaklab run ")


def test_a_past_run_is_opened_with_its_settings_and_survives_a_reload(store: Store):
    press(app.opened("playground", x=app.link()), "attack")
    run_id = app.carry_out(store)
    visited = app.opened("runs", of=app.opened("playground"))
    for page in (app.opened("playground", run=run_id), app.opened("playground", of=visited, run=run_id)):
        assert app.held(page) == small.inversion() and page.get("download_button") and not page.exception
    page = app.opened("playground", run=run_id, x=to_link(small.inversion(restarts=2)))
    assert app.held(page) == small.inversion(restarts=2) and page.get("download_button")


def test_a_past_survey_is_opened_with_its_cut(store: Store):
    cut = Landscape(inversion=small.inversion(restarts=2), points=9, shape="line")
    store.enqueue(cut.model_dump_json())
    page = app.opened("landscape", run=app.carry_out(store))
    assert not page.exception and not page.error
    assert app.held(page, "landscape") == cut.inversion and app.widget(page, "cut.points").value == 9
    (drawn,) = page.get("plotly_chart")
    assert drawn.proto.spec
    elsewhere = app.opened("playground", run=store.runs()[0].id)
    assert app.held(elsewhere) == cut.inversion and not elsewhere.exception and not elsewhere.info


def test_a_run_that_is_not_there_gets_a_sentence():
    page = app.opened("playground", run="0000000000")
    (complaint,) = page.warning
    assert "Run 0000000000 is not in the store" in complaint.value
    assert app.held(page) == catalogue.DEFAULT.experiment and not page.exception


def test_somebody_elses_private_run_gets_a_sentence_and_shows_nothing(store: Store):
    run_id = store.enqueue(uploaded().model_dump_json(), owner="somebody", private=True)
    app.carry_out(store)
    page = app.opened("playground", run=run_id)
    (complaint,) = page.warning
    assert f"Run {run_id} is private" in complaint.value
    assert not page.get("download_button") and not page.exception
    beside = app.opened("playground", run=run_id, x=to_link(uploaded()))
    assert app.held(beside) == uploaded().changed(("scenario", "source", "pictures"), ())
    assert "The settings are kept." in beside.warning[0].value


def test_a_data_set_that_is_missing_is_said_where_it_belongs():
    page = app.opened("playground", x=to_link(small.inversion().changed(("scenario", "source"), Cifar10())))
    assert not page.exception
    assert any("CIFAR-10" in warning.value for warning in page.warning)
