"""The app in a real browser, as a visitor meets it."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import settle


def test_it_opens_on_the_story(page: Page):
    page.goto("/")
    settle(page)
    expect(page).to_have_title(re.compile("leaklab"))
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
