"""Runs that are found again: public ones by everybody, private ones by their visitor alone."""

import pytest
import streamlit as st

from leaklab.images import files
from leaklab.images.photos import picture
from leaklab.images.source import Uploads
from leaklab.runs.store import Store
from leaklab.settings import Refusal
from leaklab.ui import session, shared
from leaklab.ui.session import Services
from leaklab.views.strips import png
from tests.experiments import small

PLAIN, OTHER = small.inversion(), small.inversion(restarts=2)
PRIVATE = PLAIN.changed(("scenario", "source"), Uploads(pictures=(files.shrink(png(picture("cat", 64))),)))


@pytest.fixture
def store(services: Services, monkeypatch: pytest.MonkeyPatch) -> Store:
    visit(monkeypatch)
    return services.store


def visit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a visitor who has just come."""
    monkeypatch.setattr(st, "session_state", {"visitor.secret": "a secret"})


def other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "session_state", {"visitor.secret": "another"})


def test_what_somebody_has_asked_for_is_found_by_everybody(store: Store, monkeypatch: pytest.MonkeyPatch):
    assert shared.find(PLAIN) is None
    run_id = shared.begin(PLAIN)
    assert store.run(run_id).owner == "" and shared.find(PLAIN) == run_id and shared.find(OTHER) is None
    other(monkeypatch)
    assert shared.find(PLAIN) == run_id


def test_what_was_finished_before_this_server_began_is_found_too(store: Store):
    run_id = store.enqueue(PLAIN.model_dump_json())
    assert shared.find(PLAIN) is None, "it waits, and nobody here has asked for it"
    store.claim("w", ("auto", "cpu"))
    store.finish(run_id)
    assert shared.find(PLAIN) == run_id


def test_a_run_that_ended_early_or_was_deleted_is_not_offered(store: Store):
    run_id = shared.begin(PLAIN)
    store.claim("w", ("auto", "cpu"))
    store.fail(run_id, "Broken.", worker="w")
    assert shared.find(PLAIN) is None
    run_id = shared.begin(PLAIN)
    store.delete(run_id)
    assert shared.find(PLAIN) is None


def test_private_runs_are_their_visitors_alone(store: Store, monkeypatch: pytest.MonkeyPatch):
    run_id = shared.begin(PRIVATE)
    run = store.run(run_id, session.visitor())
    assert run.private and run.owner == session.visitor() and shared.find(PRIVATE) == run_id
    assert not any(run_id in str(value) for value in shared._everybodys().values())
    other(monkeypatch)
    assert shared.find(PRIVATE) is None and shared.state(run_id) is None


def test_nothing_of_a_private_photograph_stays_in_the_session_but_a_digest(store: Store):
    run_id = shared.begin(PRIVATE)
    store.claim("w", ("auto", "cpu"))
    store.finish(run_id)
    assert shared.state(run_id).status == "finished"
    [inside] = PRIVATE.scenario.source.pictures
    assert inside not in str(st.session_state)


def test_a_visitors_own_run_waits_for_the_one_before(store: Store):
    first, second = (shared.begin(one, own=True) for one in (PLAIN, OTHER))
    assert store.claim("w", ("auto", "cpu")).id == first and store.claim("w", ("auto", "cpu")) is None
    assert store.run(second).owner == session.visitor()


def test_only_what_this_session_has_asked_for_is_cancelled(store: Store, monkeypatch: pytest.MonkeyPatch):
    run_id = shared.begin(PLAIN)
    other(monkeypatch)
    shared.cancel(run_id)
    assert store.run(run_id).status == "queued"
    mine = shared.begin(OTHER)
    shared.cancel(mine)
    assert store.run(mine).status == "cancelled"


def test_a_finished_run_is_asked_for_once(store: Store, monkeypatch: pytest.MonkeyPatch):
    st.session_state["held.runs"] = [shared.begin(PLAIN)]
    assert shared.first("held.runs").status == "queued" and shared.first("nothing.runs") is None
    run = store.claim("w", ("auto", "cpu"))
    store.finish(run.id)
    assert shared.first("held.runs").status == "finished"

    def never(*args: object) -> None:
        raise AssertionError("the store was asked again")

    monkeypatch.setattr(store, "run", never)
    assert shared.first("held.runs").status == "finished"


def test_a_store_in_trouble_refuses_in_a_sentence(store: Store, monkeypatch: pytest.MonkeyPatch):
    def locked(*args: object, **options: object) -> None:
        raise Refusal("The run store is locked.")

    monkeypatch.setattr(store, "run", locked)
    assert shared.state("0000000000") is None
    monkeypatch.setattr(store, "known", locked)
    with pytest.raises(Refusal, match="locked"):
        shared.find(PLAIN)
