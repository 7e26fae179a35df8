"""Projector mode: kept in the session and in the address, on every page, and nothing on a page is lost by it."""

import pytest
from streamlit.testing.v1 import AppTest

from leaklab.ui import projector, words
from leaklab.ui.session import Services
from tests import app


@pytest.fixture(autouse=True)
def served(services: Services) -> None:
    """Let all pages share services without workers."""


def larger(page: AppTest) -> bool:
    return any("--leaklab-ink" in html.proto.body and "21.6px" in html.proto.body for html in page.get("html"))


def controls(page: AppTest) -> list[tuple[str, object]]:
    held = (*page.slider, *page.selectbox, *page.toggle)
    return [(each.key, each.value) for each in held if each.key != "projector"]


def test_it_is_off_at_first_and_a_press_writes_it_into_the_address():
    page = app.opened("labels")
    assert not larger(page) and "projector" not in page.query_params
    page = app.widget(page, "projector").set_value(True).run()
    assert larger(page) and page.query_params["projector"] in ("1", ["1"]) and not page.exception
    page = app.widget(page, "projector").set_value(False).run()
    assert not larger(page) and "projector" not in page.query_params


def test_an_address_turns_it_on_and_other_pages_keep_it():
    page = app.opened("labels", projector="1")
    assert larger(page) and app.widget(page, "projector").value is True
    page = app.opened("runs", of=page)
    assert larger(page) and page.query_params["projector"] in ("1", ["1"])
    page = app.widget(page, "projector").set_value(False).run()
    assert not larger(app.opened("labels", of=page))


@pytest.mark.parametrize("asked", ["0", "yes", ""])
def test_any_other_word_leaves_it_off(asked: str):
    assert not larger(app.opened("runs", projector=asked))


def test_turning_it_on_changes_nothing_else_on_the_page():
    page = app.widget(app.opened("playground", x=app.link()), "federation.clients").set_value(3).run()
    before = controls(page)
    held, count = app.held(page), len(page.main)
    page = app.widget(page, "projector").set_value(True).run()
    assert controls(page) == before and app.held(page) == held and len(page.main) == count


def test_its_style_sheet_asks_nobody_and_has_an_ink_for_either_ground():
    assert "font-size" not in projector.style(dark=True)  # off outside of a session
    assert projector.style(dark=True) != projector.style(dark=False)
    sheet = words.sheet("projector")
    assert "http" not in sheet and "@import" not in sheet and "var(--leaklab-ink)" in sheet
