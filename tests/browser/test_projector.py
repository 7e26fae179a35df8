"""Projector mode and tips in a real browser: larger type, nothing beyond the edge, Escape puts a tip away."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.conftest import WIDE, settle

SIDEWAYS = "most => [...document.querySelectorAll('html, [data-testid=stMain]')].every(e => e.scrollWidth <= most)"


@pytest.mark.parametrize("size", [WIDE, ViewportSize(width=390, height=844)], ids=["wide", "phone"])
def test_type_grows_by_a_third_and_nothing_scrolls_sideways(visit: Callable[..., Page], size: ViewportSize):
    page = visit(size)
    page.goto("/about")
    settle(page)
    text = page.get_by_text("leaklab takes a photograph").first
    before = text.evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    page.get_by_text("Projector", exact=True).click()
    page.wait_for_url("**projector=1*")
    settle(page)
    page.wait_for_function("getComputedStyle(document.documentElement).fontSize == '21.6px'")
    assert text.evaluate("e => parseFloat(getComputedStyle(e).fontSize)") == pytest.approx(1.35 * before, abs=0.1)
    page.wait_for_function(SIDEWAYS, arg=size["width"])
    term = page.locator(".leaklab-term").first
    term.focus()
    tip = "e => getComputedStyle(e, '::after').content"
    assert term.evaluate(tip) not in ("none", "normal")
    page.wait_for_function(SIDEWAYS, arg=size["width"])
    page.keyboard.press("Escape")
    assert term.evaluate(tip) in ("none", "normal")
    page.goto("/runs?projector=1")
    settle(page)
    expect(page.get_by_role("switch", name="Projector").or_(page.get_by_label("Projector")).first).to_be_checked()
    page.wait_for_function(SIDEWAYS, arg=size["width"])
