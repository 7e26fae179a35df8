"""The app in a real browser, as a visitor meets it: pages, addresses, small screens."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, ViewportSize, expect

from leaklab.federation.rounds import Federation
from leaklab.settings import to_link
from tests.app import PAGES
from tests.browser import steps
from tests.browser.conftest import settle
from tests.experiments import small

PHONE = ViewportSize(width=390, height=844)


def test_a_page_that_is_the_first_a_new_server_is_asked_for_has_the_whole_navigation(page: Page):
    page.goto("/playground")  # this must stay the first test: it wants a server nobody has been to
    expect(page.get_by_role("heading", name="Playground")).to_be_visible()
    settle(page)
    found = page.get_by_test_id("stTopNavLink").all_inner_texts()
    for section in page.get_by_test_id("stTopNavSection").all():
        section.click()
        page.get_by_test_id("stTopNavDropdownLink").first.wait_for()
        found += page.get_by_test_id("stTopNavDropdownLink").all_inner_texts()
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("stTopNavDropdownLink")).to_have_count(0)
    assert sorted(text.split()[-1].lower() for text in found) == sorted(PAGES)
    expect(page.get_by_test_id("stSidebarNav")).to_have_count(0)


def test_it_opens_on_the_story_and_moves_without_a_click(page: Page):
    page.goto("/")
    expect(page).to_have_title(re.compile("leaklab"))
    expect(page.get_by_role("heading", name="Your photograph never left your phone.")).to_be_visible()
    assert len(steps.pictures(page, 3)) == 3
    page.get_by_role("link", name="Try it yourself in the playground").click()
    expect(page.get_by_role("heading", name="Playground")).to_be_visible()
    expect(page.locator(".st-key-attack button")).to_be_enabled()


def test_a_link_restores_the_settings_for_somebody_else(page: Page):
    asked_for = small.inversion(Federation(clients=2), restarts=3)
    steps.visit_playground(page, asked_for)
    clients, restarts = steps.slider(page, "Clients"), steps.slider(page, "Restarts")
    expect(clients).to_have_attribute("aria-valuetext", "2")
    expect(restarts).to_have_value("3")
    clients.press("ArrowRight")
    changed = to_link(asked_for.changed(("scenario", "federation", "clients"), 3))
    page.wait_for_url(f"**x={changed}*")
    page.reload()
    expect(clients).to_have_attribute("aria-valuetext", "3")


def test_a_broken_link_gets_a_sentence_and_the_default(page: Page):
    page.goto("/playground?x=1.abc")
    expect(steps.said(page, "This link is broken: part of it is missing or was changed.")).to_be_visible()
    expect(page.locator(".st-key-attack button")).to_be_enabled()


def test_no_page_is_wider_than_a_telephone(visit: Callable[..., Page]):
    page = visit(PHONE)
    for name in PAGES:
        page.goto(f"/{name}" if name != "story" else "/")
        page.locator("h1").wait_for()
        settle(page)
        # While it is first drawn, a page may be too wide for the blink of an eye.
        page.wait_for_function(
            "most => [...document.querySelectorAll('html, [data-testid=stMain]')].every(e => e.scrollWidth <= most)",
            arg=PHONE["width"],
        )
