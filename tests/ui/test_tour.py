"""The tour: it opens for who is new, sets the controls, has addresses, and stays away once it was left."""

import pytest
from streamlit.testing.v1 import AppTest

from leaklab.experiments.catalogue import PRESETS
from leaklab.experiments.label_recovery import LabelRecovery
from leaklab.runs.private import owner
from leaklab.ui import tour, words
from leaklab.ui.session import Services
from tests import app

pytestmark = pytest.mark.usefixtures("services")


def shown(page: AppTest) -> str:
    """Return the number and title of the step that is shown, empty when none is."""
    assert not page.exception
    return next((text.value.split("**")[1] for text in page.markdown if f" of {len(tour.STARTS)} · " in text.value), "")


def press(page: AppTest, key: str) -> AppTest:
    return app.widget(page, key).click().run()


def starts(page: AppTest) -> str:
    held = app.held(page)
    return next(key for key, preset in PRESETS.items() if preset.experiment == held)


def test_every_step_has_its_words_and_a_start_that_is_offered():
    told = words.parts("tour")
    assert len(told) == 1 + len(tour.STARTS) and set(tour.STARTS) <= set(PRESETS)
    assert all(text.count(" ") < 70 for text in told.values())


def test_it_opens_by_itself_and_each_step_sets_the_controls_and_the_address():
    page = app.opened("playground")
    for number, start in enumerate(tour.STARTS, 1):
        assert shown(page).startswith(f"{number} of 6 · ") and starts(page) == start
        assert page.query_params["tour"] == str(number)
        page = press(page, "tour.next")
    assert shown(page) == "" and "tour" not in page.query_params and starts(page) == tour.STARTS[-1]


def test_it_goes_back_and_whoever_leaves_it_is_left_alone():
    page = press(press(app.opened("playground"), "tour.next"), "tour.next")
    page = press(page, "tour.back")
    assert shown(page).startswith("2 of 6") and starts(page) == "easy-leak"
    page = press(page, "tour.skip")
    assert shown(page) == "" and shown(page.run()) == ""


@pytest.mark.parametrize("asked", [{"x": app.link()}, {"preset": "noise-wins"}, {"hide": "iterations"}])
def test_an_address_that_asks_for_something_is_no_first_visit(asked: dict[str, str]):
    assert shown(app.opened("playground", **asked)) == ""


def test_who_has_runs_knows_the_place(services: Services):
    page = app.opened("about")
    services.store.enqueue(
        LabelRecovery().model_dump_json(), title="mine", owner=owner(page.session_state["visitor.secret"])
    )
    assert shown(app.opened("playground", of=page)) == ""


@pytest.mark.parametrize("number, step", [("4", "4 of 6"), ("0", ""), ("7", ""), ("x", ""), ("٣", ""), ("", "")])
def test_a_step_has_an_address_and_a_strange_one_shows_none(number: str, step: str):
    page = app.opened("playground", tour=number)
    assert shown(page).startswith(step) and bool(shown(page)) == bool(step)
    if step:
        assert starts(page) == "noise-wins"
