"""Likely causes on the page, a press that shows the same without one, and what a run cost and will cost."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from leaklab.experiments.causes import causes
from leaklab.experiments.experiment import read
from leaklab.federation.rounds import Federation
from leaklab.protocol.defences import GaussianNoise
from leaklab.runs.store import Store
from leaklab.ui import cost
from leaklab.ui.session import Services
from leaklab.ui.words import table
from tests import app
from tests.experiments import small

NOISY = small.inversion(Federation(defences=(GaussianNoise(sigma=0.5),)), iterations=2)


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


def attacked(store: Store, experiment: object) -> AppTest:
    page = app.widget(app.opened("playground", x=app.link(experiment)), "attack").click().run()
    app.carry_out(store)
    page = page.run()
    assert not page.exception and not page.error
    return page


def said(page: AppTest) -> list[str]:
    return [each.value for each in page.markdown]


def test_a_failure_names_its_likely_cause_and_one_press_shows_the_same_without_it(store: Store):
    page = attacked(store, NOISY)
    [first] = [one for one in said(page) if one.startswith("Likely the noise on what is sent")]
    assert "Noise of length " in first and "over a gradient of length about" in first
    assert any(one.startswith("**What likely went wrong**") for one in said(page))
    [button] = [one for one in page.button if one.key.endswith((".without.noise", ".without.drowned"))]
    page = button.click().run()
    assert not page.exception
    held = app.held(page)
    assert [defence.sigma for defence in held.scenario.federation.defences] == [0]
    assert read(store.claim("a test", ("auto", "cpu")).experiment) == held  # it is attacked at once


def test_nothing_is_blamed_where_everything_came_back(store: Store):
    page = app.widget(app.opened("playground", x=app.link(NOISY)), "attack").click().run()
    run = store.claim("a test", ("auto", "cpu"))
    *earlier, last = NOISY.run("cpu")
    for frame in (*earlier, replace(last, series=last.series | {"psnr": [60.0]})):
        store.append(run.id, frame, worker="a test")
    store.finish(run.id, worker="a test")
    page = page.run()
    assert page.get("download_button") and not any("likely" in one.lower() for one in said(page))


def test_every_cause_stands_in_the_words_and_claims_no_more_than_likely():
    for key, words in table("causes").items():
        assert words.keys() == {"likely", "evidence", "without"}, key
        assert words["likely"].startswith("Likely ") and words["likely"].count(". ") == 0
    found = causes(NOISY, list(NOISY.run("cpu")))
    for cause in found:
        assert table("causes")[cause.key]["evidence"].format(**cause.facts) and table("causes")[cause.key][
            "without"
        ].format(**cause.facts)


def test_a_finished_run_says_what_it_took_why_it_ended_and_how_its_photograph_ranks(store: Store):
    page = attacked(store, NOISY)
    [took] = [one for one in app.shown(page) if "on the CPU" in one]
    assert "It ended because all 2 iterations were used up." in took and took.endswith("seed 1234.")
    assert any("of 10 by likeness; by chance it would be the 1st once in 10 times." in one for one in app.shown(page))


def test_seconds_are_told_before_a_run_only_where_earlier_runs_tell(store: Store, monkeypatch: pytest.MonkeyPatch):
    captions: list[str] = []
    monkeypatch.setattr(cost.st, "caption", captions.append)
    quick = small.inversion(iterations=4)
    cost.before(quick)
    assert captions == [":material/timer: At most about 21 evaluations of the gradient."]
    run_id = store.enqueue(quick.model_dump_json(), title=quick.title)
    app.carry_out(store)
    seconds = store.run(run_id).seconds
    cost.before(quick)
    assert captions[-1].endswith(f"about {seconds:.1f} s, as earlier runs like it took.")
    cost.before(quick.changed(("recipe", "stages", 0, "iterations"), 400))
    assert "At most about 2,001 evaluations of the gradient, about " in captions[-1]
    cost.before(quick.changed(("scenario", "image_size"), 32))
    assert "earlier" not in captions[-1]
