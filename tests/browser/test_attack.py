"""Attacks in a real browser: pictures that change, runs that end, are cancelled, kept, compared and found again."""

import io
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from leaklab.runs.store import Store
from leaklab.settings import to_link
from tests.browser import steps


def test_the_picture_changes_while_the_attack_goes_on_until_it_is_cancelled(page: Page):
    steps.visit_playground(page, steps.LONG)
    steps.attack(page)
    assert len(steps.pictures(page, 5)) == 5
    steps.slider(page, "Clients").press("ArrowRight")
    expect(page.get_by_text("Iteration").first).to_be_visible()
    assert len(steps.pictures(page, 3)) == 3  # a slider that moves loses nothing
    steps.cancel(page)
    expect(steps.said(page, "what was found until then is kept")).to_be_visible()


def test_a_finished_run_can_be_taken_home_compared_and_shared(page: Page, visit: Callable[..., Page]):
    steps.visit_playground(page, steps.FAST)
    steps.attack(page)
    expect(steps.verdict(page)).to_contain_text("of 2 restarts")
    expect(page.get_by_role("button", name="Pin to compare")).to_be_visible()  # the page is whole
    page.get_by_text("Take it home").click()
    assert Image.open(io.BytesIO(_download(page, "Strip (PNG)"))).format == "PNG"
    assert Image.open(io.BytesIO(_download(page, "Animation (GIF)"))).n_frames > 1
    assert json.loads(_download(page, "Numbers (JSON)"))["settings"]["kind"] == "inversion"
    assert _download(page, "Report (HTML)").startswith(b"<!doctype html>")
    shared = page.get_by_test_id("stCode").first.inner_text().strip()
    page.get_by_role("button", name="Pin to compare").click()
    first = steps.run_id(page)
    page.get_by_role("button", name="Again, same seed").click()
    page.wait_for_function("first => !location.search.includes(first)", arg=first)
    steps.verdict(page)
    page.get_by_role("button", name="Pin to compare").click()
    expect(page.get_by_role("button", name="Unpin")).to_have_count(2)
    other = visit()
    other.goto(shared)
    expect(steps.slider(other, "Restarts")).to_have_value("2")
    assert other.url.endswith(f"x={to_link(steps.FAST)}")


def test_a_run_goes_on_without_its_tab_and_is_found_under_runs(page: Page, store: Store):
    steps.visit_playground(page, steps.LONG)
    steps.attack(page)
    run_id = steps.run_id(page)
    steps.pictures(page, 2)
    context = page.context
    page.close()
    page = context.new_page()
    page.goto("/runs")
    card = page.get_by_test_id("stVerticalBlock").filter(has=page.locator(f".st-key-delete-{run_id}")).last
    expect(card).to_contain_text("Running.")
    card.get_by_role("link", name="Open").click()
    assert len(steps.pictures(page, 3)) == 3
    page.reload()  # the address knows which run is shown
    steps.cancel(page)
    assert store.run(run_id).status in ("cancelled", "running")
    page.get_by_role("link", name="Runs", exact=True).click()
    page.locator(f".st-key-delete-{run_id} button").click()
    page.get_by_role("button", name="Yes, delete").click()  # only a second press does it
    expect(page.locator(f".st-key-delete-{run_id}")).to_have_count(0)
    assert run_id not in [run.id for run in store.runs()]


def test_a_worker_that_is_killed_is_replaced_and_the_page_says_so(page: Page, store: Store):
    steps.visit_playground(page, steps.LONG)
    steps.attack(page)
    steps.pictures(page, 2)
    os.kill(store.run(steps.run_id(page)).pid, signal.SIGKILL)
    expect(page.get_by_text("Its worker died, so it was put back into the queue once.")).to_be_visible()
    steps.pictures(page, 2)
    steps.cancel(page)


def _download(page: Page, name: str) -> bytes:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=name).click()
    return Path(waiting.value.path()).read_bytes()
