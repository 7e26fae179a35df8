"""A link that goes from one browser to another: the same settings, what a teacher allows, and what is out of date."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from leaklab.federation.rounds import Federation
from leaklab.settings import to_link
from tests.browser import steps
from tests.browser.conftest import settle
from tests.experiments import small
from tests.experiments.test_older import packed


def chosen(page: Page, label: str, title: str) -> None:
    """Choose one of the controls that a class does not see, or cannot move."""
    box = page.get_by_role("combobox", name=label)
    box.click()
    box.press_sequentially(title)
    box.press("Enter")
    settle(page)


def test_a_link_made_in_one_browser_opens_in_another_as_its_teacher_wants_it(visit: Callable[..., Page]):
    asked_for = small.inversion(Federation(clients=2), restarts=3)
    teacher = visit()
    steps.visit_playground(teacher, asked_for)
    teacher.get_by_role("button", name="Share").click()
    expect(teacher.get_by_alt_text("QR code of the address that stands with it")).to_be_visible()
    chosen(teacher, "Hide from the class", "Iterations")
    chosen(teacher, "Lock for the class", "Clients")
    said = teacher.get_by_test_id("stPopoverBody").get_by_test_id("stCode")
    expect(said).to_contain_text("&hide=iterations&lock=clients")
    address = said.inner_text().replace("\n", "").strip()

    pupil = visit()
    pupil.goto(address)
    settle(pupil)
    clients, restarts = steps.slider(pupil, "Clients"), steps.slider(pupil, "Restarts")
    expect(clients).to_have_attribute("aria-valuetext", "2")
    expect(clients).to_be_disabled()
    expect(restarts).to_have_value("3")
    expect(steps.slider(pupil, "Iterations")).to_have_count(0)
    assert f"x={to_link(asked_for)}" in pupil.url
    pupil.reload()
    expect(clients).to_be_disabled()
    pupil.get_by_role("button", name="Show all").click()
    expect(clients).to_be_enabled()
    expect(steps.slider(pupil, "Iterations")).to_have_count(1)
    assert "hide=" not in pupil.url


def test_an_old_link_is_used_as_far_as_it_goes_and_says_so(page: Page):
    old = small.inversion(Federation(clients=3)).model_dump(mode="json") | {"hats": 3}
    page.goto(f"/playground?x={packed(old)}")
    expect(steps.said(page, "Not known here, and left out: hats. Everything else is as the link says.")).to_be_visible()
    expect(steps.slider(page, "Clients")).to_have_attribute("aria-valuetext", "3")
