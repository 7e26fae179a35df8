"""A sweep in a real browser: the picture beside the pointer, and the way from a click to the attack itself."""

from playwright.sync_api import Page, expect

from leaklab.runs.store import Store
from leaklab.settings import to_link
from tests.browser.conftest import settle
from tests.ui import sweeping


def test_a_cell_shows_its_picture_and_a_click_leads_to_its_attack(page: Page, store: Store):
    page.goto(f"/sweeps?run={sweeping.keep(store)}")
    settle(page)
    chart = page.get_by_test_id("stEChartsChart")
    chart.scroll_into_view_if_needed()
    box = chart.locator("canvas").first.bounding_box()
    spot = {"x": box["width"] * 0.85, "y": box["height"] * 0.65}  # the last cell of the second row
    chart.hover(position=spot)
    beside = page.locator("div").filter(has_text="TV weight = 0.01, Photographs a client = 2").filter(
        has=page.locator("img[src^='data:image/png']")
    )  # fmt: skip
    expect(beside.last).to_be_visible()
    assert beside.last.locator("img").evaluate_all("images => images.map(image => image.naturalWidth)") == [33, 33]
    chart.click(position=spot)
    expect(page.get_by_role("combobox", name="Cell")).to_have_value("TV weight = 0.01, Photographs a client = 2: 26.0")
    page.get_by_role("link", name="Open this attack in the playground").click()
    page.wait_for_url(f"**/playground?x={to_link(sweeping.GRID.cell(2, 1))}*")
