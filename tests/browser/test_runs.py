"""The page Runs in a real browser: examples are there before anything was run, and one is watched."""

from collections.abc import Callable

from playwright.sync_api import Page, ViewportSize, expect

from tests.browser import steps
from tests.browser.conftest import settle

PHONE = ViewportSize(width=390, height=844)
FITS = "() => [...document.querySelectorAll('html, [data-testid=stMain]')].every(e => e.scrollWidth <= innerWidth)"


def test_examples_are_there_on_a_telephone_and_one_moves(visit: Callable[..., Page]):
    page = visit(PHONE)
    page.goto("/runs")
    expect(page.get_by_role("heading", name="Examples that ship with leaklab")).to_be_visible()
    settle(page)
    expect(page.locator("[class*=st-key-example-]")).to_have_count(14)
    expect(page.get_by_role("img", name="private photograph").first).to_be_visible()
    assert page.locator("[class*=st-key-example-] img:not([alt])").count() == 0
    page.wait_for_function(FITS)
    card = page.locator(".st-key-example-easy-leak")
    assert "playground?x=" in card.get_by_role("link", name="Open").get_attribute("href")
    card.get_by_role("button", name="Watch").click()
    expect(page.get_by_role("dialog").get_by_text("Recovered in")).to_be_visible()
    assert len(steps.pictures(page, 3)) == 3
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
