"""The story in a real browser: it moves by itself, stands still when asked to, counts answers, takes a photograph."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import find_chromium, steps
from tests.browser.conftest import PATIENCE, settle
from tests.browser.test_app import PHONE


@pytest.fixture
def camera(chromium: Browser, server: str) -> Iterator[Page]:
    """Return the page of a visitor whose browser has a camera that films a test picture."""
    browser = chromium.browser_type.launch(
        executable_path=find_chromium.find(),
        args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking",
              "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
    )  # fmt: skip
    page = browser.new_context(base_url=server, permissions=["camera"], viewport=PHONE).new_page()
    page.set_default_timeout(PATIENCE)
    yield page
    browser.close()


def _opened(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="When it does not work")).to_be_visible()
    settle(page)


def _own_camera(page: Page) -> None:
    page.get_by_role("radio", name="Your own").click()
    page.get_by_text("Use the camera").click()


def test_it_moves_by_itself_and_answers_are_counted_for_everybody(page: Page, visit: Callable[..., Page]):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/")
    assert len(steps.pictures(page, 4)) == 4
    expect(page.get_by_role("button", name="Replay").first).to_be_visible()  # once, and then it rests
    assert not [url for url in asked if "lotly" in url], "drawings come with the pages that have some"

    page.get_by_role("button", name="Not yet").click()
    uncovered = page.locator(".leaklab-board.moments img")
    expect(uncovered).to_have_count(2)
    page.get_by_role("button", name="I recognise her").click()
    expect(uncovered).to_have_count(8)
    expect(page.get_by_text("You recognised her at picture 2 of 8. Nobody else")).to_be_visible()

    other = visit(PHONE)
    _opened(other)
    other.get_by_role("button", name="I recognise her").click()
    expect(other.get_by_text("You recognised her at picture 1 of 8. Of 2 answers")).to_be_visible()
    expect(page.get_by_text("Of 2 answers")).to_be_visible()  # without a click
    assert other.evaluate(
        "most => [...document.querySelectorAll('html, [data-testid=stMain]')].every(e => e.scrollWidth <= most)",
        PHONE["width"],
    )


def test_it_stands_still_for_those_who_ask_for_that(page: Page):
    page.emulate_media(reduced_motion="reduce")
    _opened(page)
    shown = steps.pictures(page, 1)
    page.wait_for_timeout(700)
    assert steps.pictures(page, 1) == shown
    expect(page.locator("[class*=st-key-px-step] img")).to_have_count(5)


def test_a_photograph_from_the_camera_is_rebuilt(camera: Page):
    _opened(camera)
    _own_camera(camera)
    camera.get_by_role("button", name="Take photo").click()
    expect(camera.get_by_role("img", name="Your photograph 1")).to_be_visible()
    camera.get_by_role("button", name="Rebuild it from its gradient").click()
    expect(steps.said(camera, "Recovered in")).to_be_visible(timeout=4 * PATIENCE)
    expect(camera.locator(".leaklab-board.exhibits img")).to_have_count(2)
    expect(camera.get_by_text("This run is private")).to_be_visible()


def test_a_camera_that_is_refused_leaves_a_way_on(page: Page):
    _opened(page)
    _own_camera(page)
    expect(page.get_by_text("has said no to it")).to_be_visible()
    page.get_by_role("radio", name="One of ours").click()
    expect(page.get_by_role("button", name="Rebuild it from its gradient")).to_be_enabled()
