"""The tour in a real browser: it greets who is new, leaves everything in reach, and Escape puts it away for good."""

from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.conftest import settle


def test_it_greets_who_is_new_and_escape_puts_it_away(page: Page):
    page.goto("/playground")
    title = page.get_by_text("1 of 6 · A photograph stays at home")
    expect(title).to_be_visible()
    expect(page.locator(".st-key-attack button")).to_be_in_viewport()
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.get_by_text("2 of 6 · Go back and look")).to_be_visible()
    settle(page)
    page.keyboard.press("Escape")
    expect(page.get_by_text("2 of 6 · Go back and look")).to_have_count(0)
    page.reload()
    settle(page)
    expect(page.locator(".st-key-attack button")).to_be_visible()
    expect(page.get_by_text("1 of 6")).to_have_count(0)


def test_a_step_opens_at_its_address_with_its_settings(page: Page):
    page.goto("/playground?tour=5")
    expect(page.get_by_text("5 of 6 · Safe in a crowd?")).to_be_visible()
    expect(steps.slider(page, "Clients")).to_have_attribute("aria-valuetext", "3")
