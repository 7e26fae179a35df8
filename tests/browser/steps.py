"""What a visitor does in the app, as words of the browser tests."""

import time

from playwright.sync_api import Locator, Page, expect

from leaklab.experiments import catalogue
from leaklab.experiments.inversion import Inversion
from leaklab.settings import to_link
from tests.browser.conftest import PATIENCE, settle

ITERATIONS = ("recipe", "stages", 0, "iterations")
FAST = catalogue.DEFAULT.experiment.changed(ITERATIONS, 3).changed(("recipe", "stages", 0, "restarts"), 2)
LONG = catalogue.DEFAULT.experiment.changed(ITERATIONS, 5000).changed(("recipe", "stages", 0, "enough"), 0.0)

_PICTURE = "canvas => canvas.width + canvas.toDataURL()"


def visit_playground(page: Page, experiment: Inversion) -> None:
    page.goto(f"/playground?x={to_link(experiment)}")
    settle(page)


def slider(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=name, exact=True).get_by_role("slider")


def attack(page: Page) -> None:
    page.locator(".st-key-attack button").click()


def cancel(page: Page) -> None:
    page.get_by_role("button", name="Cancel").click()
    expect(said(page, "Cancelled")).to_be_visible()


def said(page: Page, sentence: str) -> Locator:
    """Return the coloured box with a sentence in it."""
    return page.get_by_test_id("stAlert").filter(has_text=sentence)


def verdict(page: Page) -> Locator:
    """Wait for the sentence a run ends with, and return it."""
    found = said(page, "PSNR").first
    found.wait_for()
    settle(page)
    return found


def run_id(page: Page) -> str:
    """Return the run that the address names."""
    page.wait_for_url("**run=*")
    return page.evaluate("new URLSearchParams(location.search).get('run')")


def pictures(page: Page, count: int) -> set[str]:
    """Return so many different pictures of the reconstruction, as they come."""
    canvas, found, late = page.locator(".reel .guess canvas").first, set(), time.monotonic() + PATIENCE / 1000
    while len(found) < count:
        assert time.monotonic() < late, f"only {len(found)} different pictures came"
        found.add(canvas.evaluate(_PICTURE))
        page.wait_for_timeout(50)
    return found
