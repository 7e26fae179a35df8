"""The examples that ship: whole, true to what the program computes, and there before anything is computed."""

import itertools
import json
import re

import pytest
from streamlit.testing.v1 import AppTest

from leaklab.experiments.experiment import Experiment, read
from leaklab.images.source import Photos
from leaklab.settings import from_link
from leaklab.ui import address, words
from leaklab.ui.session import Services
from leaklab.views import exemplars, gallery
from leaklab.views.exemplars import Exemplar
from tests import app

HOME = words.ASSETS / "exemplars"
ALL = exemplars.read(HOME)
QUICK = ("no-search", "one-division")  # the quickest two
OWED = (
    "easy-leak", "needs-restarts", "aggregated-fails", "aggregated-rescued", "noise-wins", "deep-network",
    "little-budget", "no-search", "one-division", "untrained-painter", "labels-repeat", "generator", "fedavg",
    "enhanced",
)  # fmt: skip
NEAR = 0.5  # dB

pytestmark = pytest.mark.usefixtures("services")


def opened() -> AppTest:
    page = app.opened("runs")
    assert not page.exception and not page.error and not page.warning
    return page


def titles(page: AppTest) -> list[str]:
    known = {f"**{one.title}**": one.key for one in ALL}
    return [known[text.value] for text in page.markdown if text.value in known]


def again(one: Exemplar) -> dict[str, float]:
    """Return the last numbers of an example that is run once more."""
    *_, last = read(one.experiment).run("cpu")
    return last.scalars


def compared(one: Exemplar) -> None:
    found = again(one)
    names = [name for name in one.scalars if name.split(".")[0] == "psnr"]
    assert names and {name: found[name] for name in names} == pytest.approx(
        {name: one.scalars[name] for name in names}, abs=NEAR
    )


def test_all_that_are_owed_ship_and_weigh_little():
    assert [one.key for one in ALL] == list(OWED)
    assert sum(path.stat().st_size for path in HOME.iterdir()) <= 1_500_000


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.key)
def test_an_example_is_whole(one: Exemplar):
    experiment: Experiment = read(one.experiment)
    assert isinstance(experiment.source, Photos)  # nobody's own
    assert experiment.kind == one.kind and from_link(type(experiment), one.link) == experiment
    assert 1 <= len(one.film.pictures) <= 12 and len(one.film.iterations) == len(one.film.psnr)
    assert all(picture.shape == one.truth.shape for picture in one.film.pictures)
    assert all(before < after for before, after in itertools.pairwise(one.film.iterations))
    inversion = getattr(experiment, "inversion", experiment)
    assert one.attack == inversion.recipe.name and one.network == inversion.scenario.network.row.title
    assert gallery.psnr(one.scalars) is not None and one.verdict.endswith(".") and one.sentence.endswith(".")


def test_no_example_says_where_it_was_made():
    for path in HOME.glob("*.json"):
        assert not re.search(r'"/|[A-Z]:\\|~/|/home|/work|/tmp', path.read_text(encoding="utf-8")), path.name


@pytest.mark.parametrize("one", [one for one in ALL if one.key in QUICK], ids=lambda one: one.key)
def test_the_quickest_come_to_the_same_numbers_today(one: Exemplar):
    compared(one)


@pytest.mark.slow
@pytest.mark.parametrize("one", [one for one in ALL if one.key not in QUICK], ids=lambda one: one.key)
def test_every_other_comes_to_the_same_numbers_today(one: Exemplar):
    compared(one)


def test_they_stand_there_with_an_empty_store_and_lead_to_their_pages():
    page = opened()
    assert titles(page) == list(OWED) and f"{len(ALL)} examples." in app.shown(page)
    links = {one.proto.query_string: one.proto.page for one in page.get("page_link") if one.proto.label == "Open"}
    assert links == {f"x={one.link}": address.page(one.kind) for one in ALL}


def test_one_opens_with_its_settings_on_its_page():
    enhanced = next(one for one in ALL if one.kind == "enhancing")
    page = app.opened("enhance", x=enhanced.link)
    assert app.held(page, "enhance") == read(enhanced.experiment) and not page.warning


def test_they_are_found_and_sorted_as_runs_are():
    page = app.widget(opened(), "gallery.attack").set_value("R-GAP").run()
    assert titles(page) == ["no-search"] and f"1 of {len(ALL)} examples shown." in app.shown(page)
    page = app.widget(page, "gallery.attack").set_value(None).run()
    page = page.text_input(key="gallery.text").set_value("three clients").run()
    assert titles(page) == ["aggregated-fails", "aggregated-rescued"]
    page = app.widget(page, "gallery.state").set_value("going").run()
    assert titles(page) == [] and f"None of the {len(ALL)} examples fits what is chosen above." in app.shown(page)
    page = page.text_input(key="gallery.text").set_value("").run()
    page = app.widget(page, "gallery.state").set_value("all").run()
    page = app.widget(page, "gallery.order").set_value("best PSNR").run()
    assert titles(page)[:2] == ["no-search", "one-division"]
    page = app.widget(page, "gallery.order").set_value("quickest").run()
    assert titles(page)[0] == min(ALL, key=lambda one: one.seconds).key


def test_one_is_watched_without_a_run(services: Services):
    page = app.widget(opened(), "watch.easy-leak").click().run()
    assert not page.exception and services.store.runs() == []
    (reel,) = [
        json.loads(one.proto.json) for one in page.get("bidi_component") if "leaklab_reel" in one.proto.component_name
    ]
    easy = ALL[0]
    assert reel["frames"] == len(easy.film.pictures) and reel["iterations"] == list(easy.film.iterations)
    assert easy.verdict in app.shown(page)
