"""The page Check: each finding in words with its mend, a test attack, and a class cleared away."""

import string
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from leaklab.experiments.experiment import read
from leaklab.experiments.frame import Frame
from leaklab.runs import health
from leaklab.runs.health import Finding
from leaklab.runs.store import Store
from leaklab.ui import check, words
from leaklab.ui.poll import poll
from leaklab.ui.session import Services
from tests import app


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


def lines(page: AppTest) -> dict[str, str]:
    """Return what stands behind the title of each line."""
    said = [text.value for text in page.markdown if text.value.startswith(":material/")]
    return {line.split("**")[1].split(":")[0]: line for line in said}


def opened() -> AppTest:
    page = app.opened("check")
    assert not page.exception and not page.error
    return page


def test_every_line_says_in_a_word_and_a_sign_how_things_stand_and_what_to_do(store: Store):
    found = lines(opened())
    assert list(found) == [
        "Connection", "Drawing in three dimensions", "Camera", "Graphics card", "LPIPS", "Shipped weights", "Disk",
        "Workers",
    ]  # fmt: skip
    for line in found.values():
        assert any(f"{icon} **" in line and f": {said}.**" in line for said, icon in check._STATES.values())
    assert "LEAKLAB_WORKERS=0" in found["Workers"] and "look here" in found["Workers"] and "  \n" in found["Workers"]
    assert "browser has not answered" in found["Connection"]


def test_every_finding_has_its_sentence_and_whatever_is_wrong_its_mend():
    facts = {name: 1 for case in words.table("checks").values() for told in case.values() if isinstance(told, dict)
             for text in told.values() for _, name, *_ in string.Formatter().parse(text) if name}  # fmt: skip
    for of, told in words.table("checks").items():
        for case in told.keys() - {"title"}:
            title, said, mend = check.sentence(Finding(of, case, "look", facts))
            assert title and said.endswith((".", "?")) and (not mend or mend.endswith(".")), (of, case)


@pytest.mark.parametrize(("of", "case"), [
    ("lpips", "absent"), ("lpips", "damaged"), ("shelf", "spoilt"), ("shelf", "empty"), ("room", "scarce"),
    ("workers", "dead"), ("workers", "stuck"), ("workers", "fewer"), ("connection", "slow"), ("camera", "refused"),
])  # fmt: skip
def test_what_is_wrong_says_how_to_mend_it(of: str, case: str):
    assert words.table("checks")[of][case]["mend"]


def test_the_test_attack_goes_through_the_queue_and_says_seconds_and_psnr(store: Store):
    page = app.widget(opened(), "check.attack").click().run()
    assert [read(store.run(run.id, run.owner).experiment) for run in store.runs()] == [check.TEST]
    _finish(store, psnr=41.0, seconds=4.2)
    page = page.run()
    assert not page.exception and page.success[0].value == (
        "Recovered in 4.2 s: PSNR 41 dB. Everything from the press to the picture works."
    )


@pytest.mark.parametrize(("psnr", "seconds", "said"), [
    (9.0, 3.0, "did not come back: PSNR 9 dB"), (9.0, 3.0, "look at the versions of PyTorch"),
    (41.0, 40.0, "It should take about five seconds"),
])  # fmt: skip
def test_a_test_attack_that_went_wrong_says_what(store: Store, psnr: float, seconds: float, said: str):
    page = app.widget(opened(), "check.attack").click().run()
    _finish(store, psnr=psnr, seconds=seconds)
    assert any(said in sentence for sentence in app.shown(page.run()))


def test_a_test_attack_that_nobody_takes_points_to_the_workers(store: Store, monkeypatch: pytest.MonkeyPatch):
    page = app.widget(opened(), "check.attack").click().run()
    now = time.time()
    monkeypatch.setattr(check.time, "time", lambda: now + 60)
    assert any("No worker has taken it" in warning.value for warning in page.run().warning)


def test_a_class_is_cleared_away_after_a_second_press_and_strangers_photographs_stay(store: Store):
    page = opened()
    public = store.enqueue("{}", owner="somebody")
    theirs = store.enqueue("{}", owner="somebody", private=True)
    poll().vote(("story",), "somebody", 2)
    poll().vote(("lesson", 1, 1), "somebody", "A")
    page = app.widget(page.run(), "check.clear").click().run()
    assert len(store.runs()) == 1 and any("1 private ones of other visitors" in said for said in app.shown(page))
    page = app.widget(page, "check.clear.no").click().run()
    assert store.run(public)
    page = app.widget(app.widget(page, "check.clear").click().run(), "check.clear.yes").click().run()
    assert not store.runs() and store.run(theirs, "somebody")
    assert not poll().counts(("story",)) and not poll().counts(("lesson", 1, 1))
    assert any(said.startswith("1 run deleted") for said in app.shown(page)) and not page.exception


def test_damaged_weights_are_named(tmp_path: Path):
    assert health.shipped(tmp_path).case == "empty" and health.shipped().case == "whole"
    (tmp_path / "one.json").write_text("{}")
    assert health.shipped(tmp_path) == Finding("shelf", "spoilt", "broken", {"count": 1, "names": "one"})


def _finish(store: Store, *, psnr: float, seconds: float) -> None:
    run = store.claim("a test", ("auto",))
    frames = read(run.experiment).run("cpu")
    first = next(frames)
    store.append(run.id, first, worker="a test")
    scalars = {"psnr": psnr, "iteration": 9.0, "iterations": 60.0}
    store.append(run.id, Frame(first.index + 1, seconds, scalars, pictures=first.pictures, final=True), worker="a test")
    store.finish(run.id, worker="a test")
