"""Attacks side by side in a real browser: a start cut short by its link, rows that fill, and one cursor for all."""

from playwright.sync_api import Page, expect

from leaklab.experiments.catalogue import tuned
from leaklab.experiments.lineup import Entry, Lineup
from leaklab.experiments.lineup_presets import LINEUP_DEFAULT
from leaklab.settings import to_link
from tests.browser.conftest import settle
from tests.browser.steps import attack

SHORT = LINEUP_DEFAULT.experiment.model_copy(
    update={
        "entries": tuple(
            Entry(title=entry.title, recipe=tuned(entry.recipe, iterations=3))
            for entry in LINEUP_DEFAULT.experiment.entries
        )
    }
)  # fmt: skip
PHONE = {"width": 390, "height": 844}


def compared(page: Page, lineup: Lineup) -> None:
    """Open a line-up, attack with all, and wait until every row has ended."""
    page.goto(f"/compare?x={to_link(lineup)}")
    settle(page)
    attack(page)
    expect(page.get_by_text("attacks recovered everything")).to_be_visible()
    settle(page)


def test_rows_fill_and_move_together_and_nothing_scrolls_sideways_on_a_phone(page: Page):
    page.set_viewport_size(PHONE)
    compared(page, SHORT)
    lines, said, scrub = page.locator(".abreast .line"), page.locator(".abreast .said"), page.locator(".abreast .scrub")
    expect(lines).to_have_count(5)  # the private photograph, three attacks, and the difference of two
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    expect(said.nth(3)).to_contain_text("ended after 4 evaluations")
    last = [canvas.evaluate("canvas => canvas.toDataURL()") for canvas in page.locator(".abreast .large").all()]
    scrub.press("Home")
    for number in (1, 2, 3):
        expect(said.nth(number)).to_contain_text("1 evaluation · ")
    first = [canvas.evaluate("canvas => canvas.toDataURL()") for canvas in page.locator(".abreast .large").all()]
    assert first[0] == last[0] and all(a != b for a, b in zip(first[1:], last[1:], strict=True))
    for read in page.locator(".curve .read").all():
        expect(read).to_contain_text("evaluations 1 · DLG")
    page.locator(".abreast .truth .moment").last.click()
    expect(page.locator(".abreast .now")).to_contain_text("At 6")
