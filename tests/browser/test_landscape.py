"""The map of a landscape in a real browser: what is under the pointer is painted, and one slider walks all restarts."""

from playwright.sync_api import Page, ViewportSize, expect

from leaklab.experiments.landscape import Landscape
from leaklab.federation.rounds import Federation
from leaklab.runs.store import Store
from tests.browser.conftest import settle
from tests.experiments import small
from tests.ui.claiming import taken

PHONE = ViewportSize(width=390, height=844)
INK = "canvas => canvas.toDataURL()"


def keep(store: Store) -> str:
    """Put a finished survey into the store as a worker would, and return its id."""
    survey = Landscape(inversion=small.inversion(Federation(), restarts=2, iterations=5), points=5)
    run = taken(store, survey)
    for frame in survey.run("cpu"):
        store.append(run, frame, worker="a test")
    store.finish(run, worker="a test")
    return run


def test_the_picture_under_the_pointer_is_painted_and_the_slider_walks(page: Page, store: Store):
    page.goto(f"/landscape?run={keep(store)}")
    settle(page)
    ground, painted, read = (
        page.locator(".terrain .map"),
        page.locator(".terrain .place"),
        page.locator(".terrain .read"),
    )
    expect(page.locator(".terrain .now")).to_have_text("Iteration 5 of 5")
    end = painted.evaluate(INK)
    ground.hover(position={"x": 10, "y": 10})
    expect(read).to_contain_text("Here (-1.4")
    corner = painted.evaluate(INK)
    assert corner != end
    ground.press("ArrowRight")
    expect(read).to_contain_text("Here (-1.3")
    page.locator(".terrain .scrub").press("Home")
    expect(page.locator(".terrain .now")).to_have_text("Iteration 0 of 5")
    expect(read).to_contain_text("Where the best restart stands (1.00, 0.00)")
    assert painted.evaluate(INK) not in (end, corner)
    page.set_viewport_size(PHONE)
    settle(page)
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
    expect(painted).to_be_visible()
