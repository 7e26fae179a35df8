"""Runs that go while they are shown, and two tabs of one visitor: each a sentence, and a way on."""

import pytest
from streamlit.testing.v1 import AppTest

from leaklab.runs.private import owner
from leaklab.runs.store import Store
from leaklab.settings import to_link
from leaklab.ui.session import Services
from tests import app
from tests.experiments import small

PRESSED = {  # the button that puts runs into the queue; where there is none, the page has begun some by itself
    "playground": "attack", "landscape": "survey", "federation": "attack", "labels": "", "drift": "", "enhance": "",
    "defences": "", "compare": "", "sweeps": "",
}  # fmt: skip


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


def tab(page: str = "playground", **asked: str) -> AppTest:
    """Open a page in one more tab of a visitor's browser."""
    first = AppTest.from_file(str(app.ENTRY), default_timeout=60)
    first.session_state["visitor.secret"] = "anna"
    return app.opened(page, of=first.run(), **(asked or {"x": app.link(small.inversion(iterations=4))}))


def press(page: AppTest, key: str) -> AppTest:
    page = app.widget(page, key).click().run()
    assert not page.exception
    return page


def empty(store: Store) -> None:
    for run in store.runs():
        store.delete(run.id, run.owner)


def gone(page: AppTest) -> list[str]:
    return [info.value for info in page.info if "is not in the store: it was deleted" in info.value]


@pytest.mark.parametrize("name", PRESSED)
def test_a_store_that_is_emptied_while_a_page_shows_its_runs_leaves_a_page_that_can_begin_anew(name: str, store: Store):
    small_one = {"x": app.link()} if name in ("playground", "landscape", "federation") else {}
    page = app.opened(name, **small_one)
    page = press(page, PRESSED[name]) if PRESSED[name] else page
    assert store.runs() and not page.exception
    empty(store)
    page = page.run()
    assert not page.exception and not page.error
    page = app.opened(name, of=app.opened("runs", of=page), **small_one)
    assert not page.exception and not page.error
    [start] = [button for button in page.button if button.proto.type == "primary"]
    page = start.click().run()
    assert not page.exception and not page.error and store.runs()


def test_a_finished_run_that_is_deleted_while_it_is_shown_and_pinned_says_so(store: Store):
    page = press(tab(), "attack")
    app.carry_out(store)
    page = press(press(page.run(), "playground.pin"), "again")
    empty(store)
    page = app.widget(page.run(), "federation.clients").set_value(2).run()
    assert not page.exception and not page.error and gone(page)
    page = press(page, "attack")
    assert page.get("progress") and not gone(page)


def test_what_is_cancelled_or_deleted_in_one_tab_is_so_in_the_other(store: Store):
    here = press(tab(), "attack")
    [run] = store.runs()
    there = tab(run=run.id)
    assert [button for button in there.button if "cancel" in button.key]
    [cancel] = [button for button in here.button if "cancel" in button.key]
    here = cancel.click().run()
    assert [warning.value for warning in there.run().warning] == ["Cancelled; what was found until then is kept."]
    there = press(there, "attack")
    assert len(store.runs()) == 2 and run.owner == owner("anna") == store.runs()[0].owner
    press(press(tab("runs"), f"delete.{store.runs()[0].id}"), "gallery.sure")
    assert len(store.runs()) == 1 and gone(there.run()) and not there.exception
    assert press(there, "attack").get("progress")


def test_each_tab_keeps_its_own_settings(store: Store):
    here, there = tab(), tab()
    here = app.widget(here, "federation.clients").set_value(3).run()
    there = there.run()
    assert app.held(here).scenario.federation.clients == 3 and app.held(there).scenario.federation.clients == 1
    assert there.query_params["x"] == to_link(app.held(there)) != here.query_params["x"]
