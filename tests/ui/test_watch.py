"""Runs as a page follows them: what it says of each state, cancelling, pins, and what happens when a run goes away."""

import pytest
from streamlit.testing.v1 import AppTest

from leaklab.runs.records import OVER
from leaklab.runs.store import Store
from leaklab.settings import Refusal
from leaklab.ui import watch
from leaklab.ui.session import Services
from leaklab.ui.watch import Watched
from tests import app
from tests.experiments import small


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


def attacked() -> AppTest:
    page = app.opened("playground", x=app.link(small.inversion(iterations=4)))
    page = app.widget(page, "attack").click().run()
    assert not page.exception and not page.error
    return page


def progress(page: AppTest) -> str:
    (bar,) = page.get("progress")
    return bar.proto.text


def press(page: AppTest, word: str) -> AppTest:
    (button,) = [button for button in page.button if word in button.key]
    page = button.click().run()
    assert not page.exception
    return page


def only(store: Store) -> str:
    (run,) = store.runs()
    return run.id


def test_a_run_says_that_it_waits_prepares_and_goes_on(store: Store):
    page = attacked()
    assert progress(page) == "Waiting: next in line."
    run = store.claim("a test", ("auto", "cpu"))
    assert progress(page.run()) == "Preparing: the clients train." and page.get("skeleton")
    for frame in small.inversion(iterations=4).run("cpu"):
        if frame.index == 2:
            break
        store.append(run.id, frame, worker="a test")
    assert progress(page.run()).startswith("Iteration 1 of 4, ") and not page.get("skeleton")
    assert not page.exception and not page.get("download_button")


def test_a_run_behind_others_says_how_many(store: Store):
    store.enqueue(small.inversion().model_dump_json(), owner="somebody else")
    assert progress(attacked()).startswith("Waiting: 1 run before this one")


def test_a_setting_that_changes_loses_no_run(store: Store):
    page = attacked()
    page = app.widget(page, "federation.clients").set_value(2).run()
    assert progress(page).startswith("Waiting") and app.held(page).scenario.federation.clients == 2
    app.carry_out(store)
    page = app.widget(page.run(), "federation.clients").set_value(3).run()
    assert page.get("download_button") and not page.exception


def test_a_queued_run_is_cancelled_in_a_sentence(store: Store):
    page = press(attacked(), "cancel")
    assert [warning.value for warning in page.warning] == ["Cancelled; what was found until then is kept."]
    assert store.run(only(store)).status == "cancelled" and not page.get("skeleton")


def test_a_running_run_is_cancelled_and_keeps_what_was_found(store: Store):
    page = attacked()
    run_id = app.carry_out(store, most=3)
    page = press(page.run(), "cancel")
    assert store.cancelled(run_id, "a test")
    store.stop(run_id, worker="a test")
    page = page.run()
    assert [warning.value for warning in page.warning] == [
        "Cancelled at iteration 2; what was found until then is kept."
    ]
    assert not page.exception and not page.get("progress")


def test_another_visitors_run_can_be_watched_but_not_cancelled(store: Store):
    run_id = store.enqueue(small.inversion().model_dump_json(), owner="somebody")
    page = app.opened("playground", run=run_id)
    assert progress(page) == "Waiting: next in line." and not [b for b in page.button if "cancel" in b.key]


def test_a_failure_is_said_with_its_reason(store: Store):
    page = attacked()
    run = store.claim("a test", ("auto", "cpu"))
    store.fail(run.id, "CIFAR-10 is not on this machine.", worker="a test")
    page = page.run()
    assert [error.value for error in page.error] == ["CIFAR-10 is not on this machine."]
    assert not page.exception and not page.get("skeleton")


def test_a_run_whose_worker_dies_begins_anew_and_says_so(store: Store):
    page = attacked()
    app.carry_out(store, most=3)
    assert progress(page.run()).startswith("Iteration 2 of 4")
    store.requeue_lost(["a test"])
    page = page.run()
    assert progress(page) == "Waiting: next in line."
    assert any("Its worker died, so it was put back into the queue once." in said for said in app.shown(page))
    app.carry_out(store)
    page = page.run()
    frames = page.session_state["watched"][only(store)].frames
    assert [frame.index for frame in frames] == list(range(len(frames))) and page.get("download_button")
    assert any("Its worker died" in said for said in app.shown(page)) and not page.exception


def test_a_run_whose_worker_dies_twice_is_lost_with_a_sentence(store: Store):
    page = attacked()
    for _ in range(2):
        app.carry_out(store, most=1)
        store.requeue_lost(["a test"])
    assert "Its worker died twice" in page.run().error[0].value


def test_a_run_that_was_deleted_elsewhere_gets_one_sentence(store: Store):
    page = attacked()
    run = store.runs()[0]
    store.delete(run.id, run.owner)
    page = page.run()
    assert [info.value for info in page.info if run.id in info.value] == [
        f"Run {run.id} is not in the store: it was deleted, or its address is misspelt."
    ]
    assert not page.exception and not page.error
    page = app.widget(page, "attack").click().run()
    assert progress(page) == "Waiting: next in line." and not page.info


def test_a_store_in_trouble_is_said_and_forgotten_when_it_is_well(store: Store, monkeypatch: pytest.MonkeyPatch):
    page = attacked()
    app.carry_out(store, most=3)

    def locked(*args: object, **kwargs: object) -> None:
        raise Refusal("The run store is locked.")

    with monkeypatch.context() as patch:
        patch.setattr(store, "place", locked)
        page = page.run()
        assert "The run store is locked." in app.shown(page) and not page.exception
    assert progress(page.run()).startswith("Iteration 2 of 4") and "The run store is locked." not in app.shown(page)


def test_two_runs_are_pinned_side_by_side_and_a_third_pushes_the_oldest_out(store: Store):
    page, pinned = attacked(), []
    for _ in range(3):
        pinned.append(app.carry_out(store))
        page = press(page.run(), "playground.pin")
        page = app.widget(page, "attack").click().run()
    app.carry_out(store)
    page = page.run()
    assert page.session_state["pins"] == pinned[1:] and not page.exception
    links = {one.proto.query_string for one in page.get("page_link") if one.proto.page == "compare"}
    assert links == {f"a={pinned[1]}&b={pinned[2]}"}
    assert "Pinned side by side" in [heading.value for heading in page.subheader]
    page = press(page, f"unpin.{pinned[1]}")
    assert page.session_state["pins"] == pinned[2:]


def test_a_session_remembers_a_few_runs_and_a_film_is_thinned(store: Store):
    page = attacked()
    run_id = app.carry_out(store)
    page = page.run()
    watched: Watched = page.session_state["watched"][run_id]
    assert watched.run.status in OVER and watched.verdict and watched.last.final
    film = watched.film(2)
    assert len(film.pictures) == 2 and film.truth.shape == film.pictures[0].shape == (16, 16, 3)
    assert len(watched.pictures) == 3  # only what is shown is kept
    for _ in range(9):
        page = app.widget(page, "again").click().run()
    assert len(page.session_state["watched"]) == 8


def test_the_more_people_are_here_the_more_seldom_a_page_looks(services: Services):
    paces = []
    for number in range(30):
        services.presence.enter(f"visitor {number}")
        paces.append(watch.tick())
    assert paces[0] == watch.TICK and paces[-1] == pytest.approx(1.05) and paces == sorted(paces)
    for number in range(30):
        services.presence.leave(f"visitor {number}")
    assert watch.tick() == watch.TICK
