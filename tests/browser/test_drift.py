"""The plane of the weights in a real browser: it is drawn, scrubbed, and moves the curves beneath it."""

from playwright.sync_api import Page, expect

from leaklab.runs.store import Store
from tests.browser.conftest import settle
from tests.ui import walking


def walked(page: Page, store: Store) -> None:
    """Open a finished walk and wait until all its paths are drawn."""
    page.goto(f"/drift?run={walking.keep(store)}")
    settle(page)
    expect(page.locator(".plane polyline")).to_have_count(5)


def test_every_path_and_every_picture_is_drawn_at_the_moment_that_is_chosen(page: Page, store: Store):
    page.emulate_media(reduced_motion="reduce")
    walked(page, store)
    now, scrub, numbers = page.locator(".walks .now"), page.locator(".walks .scrub"), page.locator(".list .numbers")
    expect(now).to_have_text("iteration 30 of 30")
    expect(numbers.nth(1)).to_have_text("PSNR 31.0 dB · 41° off the chord")
    last = page.locator(".list canvas").nth(1).evaluate("canvas => canvas.toDataURL()")
    scrub.press("Home")
    expect(now).to_have_text("before the first iteration")
    expect(page.locator(".plane polyline")).to_have_count(1)
    scrub.press("ArrowRight")
    expect(now).to_have_text("iteration 10 of 30")
    expect(numbers.nth(1)).to_have_text("PSNR 11.0 dB · 41° off the chord")
    assert page.locator(".list canvas").nth(1).evaluate("canvas => canvas.toDataURL()") != last
    for read in page.locator(".curve .read").all():
        expect(read).to_contain_text("iteration 10")
    page.locator(".walks").get_by_role("button", name="FedAvg-Epoch", exact=True).click()
    expect(page.locator(".plane polyline")).to_have_count(4)


def test_a_step_under_the_pointer_says_whose_it_is(page: Page, store: Store):
    page.emulate_media(reduced_motion="reduce")
    walked(page, store)
    spot = page.locator(".plane polyline").last.get_attribute("points").split()[2:4]  # the client lies on top
    page.locator(".plane svg").hover(position={"x": float(spot[0]), "y": float(spot[1])})
    expect(page.locator(".plane .read")).to_have_text("The client, after step 1 of 4, in epoch 1")


def test_it_moves_before_any_click_and_then_rests(page: Page, store: Store):
    page.goto(f"/drift?run={walking.keep(store)}")
    expect(page.locator(".walks .now")).to_have_text("before the first iteration")
    expect(page.locator(".walks .now")).to_have_text("iteration 30 of 30")
    expect(page.get_by_role("button", name="Replay")).to_be_enabled()
