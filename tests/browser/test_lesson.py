"""A lesson in a real browser, from its cover to its end: predict, run, see what came of it, and go on."""

import re

from playwright.sync_api import Page, expect

from leaklab.experiments.lessons import lessons
from leaklab.runs.store import Store
from tests.browser.conftest import settle
from tests.ui import teaching

LESSON = lessons()[0]


def test_a_lesson_is_walked_from_its_cover_to_its_end(page: Page, store: Store):
    for step in LESSON.steps:
        teaching.keep(store, step)
    page.goto("/lessons?lesson=1")
    settle(page)
    page.get_by_role("button", name="Begin").click()
    for number, step in enumerate(LESSON.steps, start=1):
        expect(page.get_by_role("heading", name=f"{number}. {step.title}")).to_be_visible()
        assert page.url.endswith(f"lesson=1&step={number}")
        run = page.get_by_role("button", name="Run it here")
        expect(run).to_be_disabled()
        page.get_by_role("radio", name=re.compile(rf"^{step.check.expected}\. ")).press("Space")
        expect(run).to_be_enabled()
        run.click()
        expect(page.get_by_test_id("stAlert").filter(has_text=f"came true: {step.check.expected}.")).to_be_visible()
        expect(page.locator(".leaklab-votes")).to_contain_text("your prediction, ✓ what the run says")
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
        page.get_by_role("button", name="To the end" if step is LESSON.steps[-1] else "Next step").click()
    expect(page.get_by_text("5 of 5 predictions came true.")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name=f"5. {LESSON.steps[-1].title}")).to_be_visible()
    page.get_by_role("link", name="Open it on the page Labels").click()
    expect(page.get_by_text("Half of 64 photographs show one thing").first).to_be_visible()


def test_a_phone_shows_the_code_and_the_paper(page: Page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/lessons?lesson=2&step=1")
    settle(page)
    page.get_by_text("For the room").click()
    expect(page.get_by_test_id("stCode").filter(has_text="lesson=2&step=1")).to_be_visible()
    code = page.get_by_alt_text("QR code of the address that stands with it")
    expect(code).to_be_visible()
    assert code.evaluate("image => image.naturalWidth > 0") and code.bounding_box()["width"] > 120
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    with page.expect_download() as paper:
        page.get_by_role("button", name="Print: with answers").click()
    written = paper.value.path().read_text(encoding="utf-8")
    assert "Answer: C." in written and LESSON.title not in written
