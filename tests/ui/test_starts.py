"""Starts that texts name: each leads to a setting that is allowed, and every page that says so shows where it fails."""

import re

import pytest

from leaklab.experiments.experiment import Experiment
from leaklab.settings import Refusal, Settings, from_link
from leaklab.ui import starts, words
from leaklab.ui.session import Services
from tests import app

PAGES = ("playground", "landscape", "labels", "federation", "drift", "defences", "enhance", "sweeps")
NAMED = sorted({
    start for path in (words.ASSETS / "words").glob("*.md")
    for start in re.findall(r"\(see:([^)\s]+)\)", path.read_text(encoding="utf-8"))
})  # fmt: skip


@pytest.mark.parametrize("asked", NAMED)
def test_every_start_that_a_text_names_is_there(asked: str):
    page, _, link = starts.address(asked).partition("?x=")
    held = starts.experiment(asked)
    assert page == asked.partition("/")[0] and from_link(type(held), link) == held


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_when_it_would_not_work_with_settings_that_show_it_and_a_paper(page: str):
    text = words.parts(page)["When would this not work?"]
    assert re.findall(r"\(see:", text) and re.findall(r"\[cite:\w+\]", text)
    linked = words.linked(text)
    assert "see:" not in linked and "cite:" not in linked and f"({page}?x=1." in linked


@pytest.mark.parametrize("page", ["playground", "labels", "landscape"])
def test_a_link_of_a_text_opens_the_page_with_that_setting(page: str, services: Services):
    asked = next(start for start in NAMED if start.startswith(page))
    shown = app.opened(page, x=starts.address(asked).partition("?x=")[2])
    assert not shown.exception and not shown.warning and app.held(shown, page) == starts.experiment(asked)


def test_changes_are_made_to_a_start():
    start: Experiment | Settings = starts.experiment('playground/easy-leak?seed=3&scenario.network.name="mlp"')
    assert start.seed == 3 and start.scenario.network.name == "mlp"


@pytest.mark.parametrize("asked", [
    "playground/nothing", "nowhere/easy-leak", "playground/easy-leak?no.such=1", "playground/easy-leak?seed=three",
    "playground/easy-leak?scenario.federation.clients=0",
])  # fmt: skip
def test_a_start_that_nobody_offers_is_refused_in_a_sentence(asked: str):
    with pytest.raises(Refusal):
        starts.experiment(asked)
