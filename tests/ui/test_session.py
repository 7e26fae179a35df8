"""This visitor and this process: who is here, what is shared, and a store that cannot be opened."""

import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from leaklab.runs import database
from leaklab.runs.private import owner
from leaklab.runs.store import Store
from leaklab.ui import session
from leaklab.ui.session import Services
from tests import app
from tests.experiments import small


def _visitor(secret: str = "") -> AppTest:
    page = AppTest.from_file(str(app.ENTRY), default_timeout=60)
    if secret:
        page.session_state["visitor.secret"] = secret
    return page.run()


def test_a_visitor_has_a_secret_that_stands_in_no_address_and_no_row(services: Services):
    page = app.opened("playground", of=_visitor(), x=app.link())
    app.widget(page, "attack").click().run()
    secret = page.session_state["visitor.secret"]
    (run,) = services.store.runs()
    assert run.owner == owner(secret) and secret not in repr(run)
    assert len(secret) >= 32 and not any(secret in str(value) for value in dict(page.query_params).values())
    assert _visitor().session_state["visitor.secret"] != secret


def test_a_browser_that_comes_back_is_the_same_visitor(services: Services, monkeypatch: pytest.MonkeyPatch):
    app.as_served(monkeypatch, leaklab_visitor="anna")
    assert _visitor().session_state["visitor.secret"] == "anna"


def test_a_visitor_who_is_here_is_counted(services: Services, monkeypatch: pytest.MonkeyPatch):
    entered: list[str] = []
    monkeypatch.setattr(services.presence, "enter", entered.append)
    page = _visitor("anna")
    app.opened("runs", of=page).run()
    assert entered == [owner("anna")]


def test_a_lease_that_is_let_go_counts_the_visitor_out(services: Services, monkeypatch: pytest.MonkeyPatch):
    left: list[str] = []
    monkeypatch.setattr(services.presence, "leave", left.append)
    session.Lease(services.presence, "anna").release()
    assert left == ["anna"]


def test_what_is_loaded_beforehand_is_kept_from_the_garbage_collector(monkeypatch: pytest.MonkeyPatch):
    app.as_served(monkeypatch)
    st.cache_resource.clear()
    done: list[str] = []
    monkeypatch.setattr(session.gc, "collect", lambda: done.append("collect"))
    monkeypatch.setattr(session.gc, "freeze", lambda: done.append("freeze"))
    session.preload().join()
    assert done == ["collect", "freeze"] and "leaklab.experiments.catalogue" in sys.modules


def test_the_services_are_made_once(services: Services):
    _visitor()
    assert session.services() is services


def test_the_address_is_listened_to_once_when_a_page_is_entered(services: Services):
    page = app.opened("playground", of=_visitor(), x=app.link())
    page.query_params["x"] = app.link(small.inversion(restarts=4))
    assert app.held(page.run()) == small.inversion()
    assert page.query_params["x"] == app.link()


@pytest.fixture
def unserved(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave no services from elsewhere."""
    app.as_served(monkeypatch)
    st.cache_resource.clear()
    yield
    app.clear()


@pytest.mark.usefixtures("unserved")
@pytest.mark.parametrize("name", app.PAGES)
def test_a_store_that_cannot_be_opened_ends_every_page_in_its_sentence(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    path = tmp_path / "diary.sqlite"
    path.write_text("Dear diary, " * 200)
    monkeypatch.setenv("LEAKLAB_STORE", str(path))
    page = app.opened(name)
    (complaint,) = page.error
    assert complaint.value.startswith(f"The run store {path} is not a run store")
    assert not page.exception and not page.button and not page.markdown


@pytest.mark.usefixtures("unserved")
def test_a_read_only_store_is_said_to_be_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    path = tmp_path / "runs.sqlite"
    Store(f"sqlite:///{path}").close()
    monkeypatch.setenv("LEAKLAB_STORE", f"sqlite:///file:{path}?mode=ro&uri=true")
    (complaint,) = app.opened("playground").error
    assert "is read-only: make the file and its folder writable" in complaint.value


@pytest.mark.usefixtures("unserved")
@pytest.mark.parametrize("name", ["LEAKLAB_WORKERS", "LEAKLAB_PRIVATE_GRACE"])
def test_a_variable_that_is_no_number_is_named(monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setenv(name, "many")
    page = _visitor()
    (complaint,) = page.error
    assert complaint.value.startswith(f"{name} is 'many': give the ") and not page.exception


def test_a_locked_store_refuses_an_attack_in_a_sentence_and_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_home: Path
):
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    with app.serving(monkeypatch) as services:
        page = app.opened("playground", x=app.link())
        other = sqlite3.connect(tmp_home / "runs.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        page = app.widget(page, "attack").click().run()
        (complaint,) = page.error
        assert "is locked by another program: close whatever holds it open" in complaint.value
        other.execute("ROLLBACK")
        other.close()
        page = app.widget(page, "attack").click().run()
        assert not page.error and not page.exception and app.held(page) == small.inversion()
        assert len(services.store.runs()) == 1


def test_an_address_of_a_page_that_comes_first_goes_through_the_entry(
    services: Services, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(PagesManager, "uses_pages_directory", True)
    reruns: list[bool] = []
    monkeypatch.setattr(st, "rerun", lambda: reruns.append(True))
    session._leave_automatic_pages()
    session._leave_automatic_pages()
    assert reruns == [True] and not PagesManager.uses_pages_directory
