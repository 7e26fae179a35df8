"""One's own photographs in a real browser: taken, attacked in private, and forgotten."""

import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from leaklab.experiments.experiment import read
from leaklab.runs.private import owner
from leaklab.runs.store import Store
from tests.browser import steps
from tests.browser.conftest import settle
from tests.ui import test_photographs as made


def _send(page: Page, **files: bytes) -> None:
    page.get_by_role("radio", name="Your own").click()
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        [{"name": f"{name}.png", "mimeType": "image/png", "buffer": raw} for name, raw in files.items()]
    )


def _kept(page: Page) -> Locator:
    return page.get_by_test_id("stSidebar").get_by_test_id("stImage").locator("img")


def test_uploads_that_are_no_photographs_get_their_sentences(page: Page):
    steps.visit_playground(page, steps.FAST)
    _send(
        page,
        diary=b"Dear diary",
        empty=b"",
        bomb=made.bomb(),
        good=made.turned(),
        print=made.photograph(1, "CMYK", "JPEG"),
    )
    for sentence in ("diary.png: This file is not a picture", "empty.png: This file is empty", "bomb.png: "):
        expect(steps.said(page, sentence)).to_be_visible()
    expect(_kept(page)).to_have_count(2)


def test_a_private_run_is_seen_by_one_browser_alone_until_it_is_forgotten(page: Page, visit: Callable[..., Page]):
    steps.visit_playground(page, steps.FAST)
    _send(page, me=made.photograph())
    expect(_kept(page)).to_have_count(1)
    steps.attack(page)
    steps.verdict(page)
    run_id = steps.run_id(page)
    page.reload()
    steps.verdict(page)
    expect(_kept(page)).to_have_count(1)  # the browser's cookie says who it is

    other = visit()
    other.goto("/runs")
    settle(other)
    expect(other.get_by_role("heading", name="Runs")).to_be_visible()
    expect(other.locator(f".st-key-pin-{run_id}")).to_have_count(0)
    other.goto(f"/playground?{page.url.partition('?')[2]}")
    expect(steps.said(other, f"Run {run_id} is private: only the browser that started it may open it.")).to_be_visible()
    expect(other.get_by_text("a drawn picture stands in").first).to_be_visible()
    assert page.context.cookies()[0]["value"] not in page.url

    page.get_by_role("link", name="Runs", exact=True).click()
    expect(page.locator(f".st-key-pin-{run_id}")).to_have_count(1)
    page.get_by_role("link", name="Playground", exact=True).click()
    page.get_by_role("button", name="Forget my photographs").click()
    expect(_kept(page)).to_have_count(0)
    page.get_by_role("link", name="Runs", exact=True).click()
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    expect(page.locator(f".st-key-pin-{run_id}")).to_have_count(0)


def test_when_the_visitor_has_gone_the_run_goes_to_the_last_byte(page: Page, store: Store, home: Path):
    steps.visit_playground(page, steps.FAST)
    _send(page, me=made.photograph(7))
    expect(_kept(page)).to_have_count(1)
    steps.attack(page)
    steps.verdict(page)
    (secret,) = [cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "leaklab_visitor"]
    run = store.run(steps.run_id(page), owner(secret))
    (photograph,) = read(run.experiment).scenario.source.pictures
    # A few bytes of each, for longer texts lie in several pieces in the file.
    traces = (photograph[60:160].encode(), store.picture(run.id, 0, "truth")[40:120], run.owner.encode())
    assert all(trace in _bytes(home) for trace in traces)
    page.context.close()
    late = time.monotonic() + 30
    while run.id in [kept.id for kept in store.runs(owner(secret))]:
        assert time.monotonic() < late, "the run was never deleted"
        time.sleep(0.2)
    while any(trace in _bytes(home) for trace in traces):
        assert time.monotonic() < late, "traces of the run are left"
        time.sleep(0.2)


def _bytes(home: Path) -> bytes:
    """Return all that lies in the store's file, its -wal and its -shm."""
    return b"".join(path.read_bytes() for path in sorted(home.glob("runs.sqlite*")))


def test_a_drawing_is_a_photograph_of_ones_own(page: Page):
    steps.visit_playground(page, steps.FAST)
    page.get_by_role("radio", name="Your own").click()
    page.get_by_text("Draw one").click()
    pad, use = page.locator(".pad canvas"), page.get_by_role("button", name="Use this drawing")
    expect(use).to_be_disabled()
    page.get_by_role("radio", name="red").click()
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    for across in (0.2, 0.6):
        page.mouse.move(box["x"] + across * box["width"], box["y"] + 0.2 * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + (across + 0.2) * box["width"], box["y"] + 0.8 * box["height"], steps=5)
        page.mouse.up()
    dots = "pad.getContext('2d').getImageData(0, 0, 256, 256).data"
    ink = f"pad => {dots}.filter((value, index) => index % 4 === 1 && value < 128).length"  # little green, so red
    both = pad.evaluate(ink)
    page.get_by_role("button", name="Undo").click()
    assert 0 < pad.evaluate(ink) < both
    use.click()
    expect(_kept(page)).to_have_count(1)
    expect(use).to_be_disabled()  # a fresh pad
    expect(page.get_by_alt_text("Your photograph 1")).to_be_visible()
