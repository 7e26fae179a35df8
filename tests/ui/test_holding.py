"""Pause, resume and step on the page, as a visitor presses them."""

import pytest
from streamlit.testing.v1 import AppTest

from leaklab.experiments.frame import Frame
from leaklab.runs.holds import Hold
from leaklab.runs.store import Store
from leaklab.ui import holding
from leaklab.ui.session import Services
from tests import app
from tests.experiments import small
from tests.ui.test_watch import press, progress


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


def names(page: AppTest) -> list[str]:
    found = [button for button in page.button if ".playground." not in button.key]
    return [b.label for b in found if any(f".{word}" in b.key for word in ("pause", "resume", "step", "cancel"))]


def test_a_run_is_paused_stepped_and_resumed(store: Store):
    page = app.opened("playground", x=app.link(small.inversion(iterations=4)))
    page = app.widget(page, "attack").click().run()
    assert names(page) == ["Cancel"]  # what waits cannot be paused
    run_id = app.carry_out(store, most=3)
    page = page.run()
    assert names(page) == ["Pause", "Cancel"]
    page = press(page, ".pause.")
    assert store.holds.look(run_id) == Hold(0, False) and progress(page).startswith("Pausing after the next moment: ")
    assert names(page) == ["Resume", "Step", "Step 10", "Step 100", "Cancel"]
    store.holds.passes(run_id)
    told = progress(page.run())
    assert told.startswith("Paused: Iteration 2 of 4, ") and "; the last step took 1 iteration and " in told
    page = press(page, ".step10.")
    assert store.holds.look(run_id) == Hold(10, False) and progress(page).startswith("10 more moments, then it waits: ")
    page = press(page, ".resume.")
    assert store.holds.look(run_id) is None and names(page) == ["Pause", "Cancel"]
    page = press(press(page, ".pause."), "cancel")
    assert store.cancelled(run_id, "a test")
    store.stop(run_id, worker="a test")
    assert "Cancelled at iteration 2; what was found until then is kept." in app.shown(page.run())


def test_another_visitors_run_has_no_buttons_and_says_that_it_is_paused(store: Store):
    run_id = store.enqueue(small.inversion(iterations=4).model_dump_json(), owner="somebody")
    app.carry_out(store, most=2)
    store.holds.pause(run_id, "somebody")
    store.holds.passes(run_id)
    page = app.opened("playground", run=run_id)
    assert progress(page).startswith("Paused: Iteration 1 of 4") and names(page) == []


def test_a_step_is_told_in_iterations_and_evaluations():
    frames = [Frame(0, 0, {"iteration": 3, "evaluations": 60}), Frame(1, 1, {"iteration": 4, "evaluations": 85})]
    assert holding.said(Hold(0, True), frames, "S") == "Paused: S; the last step took 1 iteration and 25 evaluations."
    assert holding.said(Hold(0, True), frames[:1], "S") == holding.said(Hold(0, True), [Frame(0, 0)] * 2, "S")
    assert holding.said(Hold(1, False), frames, "S") == "1 more moment, then it waits: S."
