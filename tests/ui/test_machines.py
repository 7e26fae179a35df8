"""The section CPU against CUDA: what it says where there is no GPU, what a press runs, and what was recorded."""

import pytest
from streamlit.testing.v1 import AppTest

from benchmarks import machines as benchmark
from leaklab.experiments.experiment import read
from leaklab.experiments.machines import Machines
from leaklab.federation.rounds import Federation
from leaklab.runs.store import Store
from leaklab.settings import to_link
from leaklab.ui import machines, words
from leaklab.ui.session import Services
from tests import app
from tests.experiments import small

SAID = words.parts("playground")


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machines, "available", lambda: ("cpu",))


pytestmark = pytest.mark.usefixtures("store")


def tables(page: AppTest) -> list[list[str]]:
    return [list(table.value) for table in page.table]


def says(page: AppTest, heading: str) -> bool:
    return any(SAID[heading] in sentence for sentence in app.shown(page))


def test_without_a_gpu_it_says_so_and_shows_what_was_recorded():
    page = app.opened("playground", x=app.link())
    assert not page.exception and says(page, "Without a CUDA GPU") and not says(page, "The processor alone")
    assert any(text.value == SAID[machines._TITLE] for text in page.markdown)
    assert tables(page)[-1][:3] == ["seed", "cpu-float64 (dB)", "cpu-float32 (dB)"]


def test_a_press_runs_the_attack_of_the_page_in_every_way(store: Store):
    page = app.opened("playground", x=app.link())
    page = app.widget(page, "machines.start").click().run()
    assert [read(run.experiment) for run in map(store.run, [run.id for run in store.runs()])] == [
        Machines(inversion=small.inversion())
    ]
    run_id = app.carry_out(store)
    page = page.run()
    assert not page.exception and not page.error
    assert any(said.startswith("cpu-float32 never parted from cpu-float64") for said in app.shown(page))
    assert tables(page)[0] == ["", "cpu-float64", "cpu-float32"]
    [board] = [html.proto.body for html in page.get("html") if "leaklab-board ways" in html.proto.body]
    assert board.count("<img") == 3
    page = app.widget(page, "reseed").click().run()
    assert any("came of earlier settings" in said for said in app.shown(page))
    back = app.opened("playground", run=run_id)
    assert app.held(back) == small.inversion() and tables(back)[0] == ["", "cpu-float64", "cpu-float32"]
    assert app.widget(app.opened("runs"), f"pin.{run_id}").disabled


def test_what_the_attack_lacks_keeps_it_from_starting():
    page = app.opened("playground", x=to_link(small.inversion().changed(("scenario", "threat", "number"), False)))
    assert app.widget(page, "machines.start").disabled
    assert any(text.startswith(":material/block: How many photographs") for text in app.shown(page))


def test_with_a_gpu_the_processor_alone_is_run_only_where_it_was_chosen(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(machines, "available", lambda: ("auto", "cpu", "cuda"))
    page = app.opened("playground", x=app.link(small.inversion(Federation(images_per_client=2))))
    assert says(page, "The processor alone") and not says(page, "Without a CUDA GPU")


def test_the_record_says_whether_a_gpu_took_part(monkeypatch: pytest.MonkeyPatch):
    found = {f"psnr.{name}": 30.0 for name in ("cpu-float64", "cpu-float32", "cuda-float64", "cuda-float32")}
    kept = benchmark.record({1: found | {"loss.cpu-float64": float("inf")}}, "A GPU")
    assert kept["runs"] == [{"seed": 1, "scalars": found | {"loss.cpu-float64": None}}]
    monkeypatch.setattr(machines, "kept", lambda: kept)
    page = app.opened("playground", x=app.link())
    assert "cuda-float32 parted" in tables(page)[-1] and not says(page, "No record of a GPU yet")
    monkeypatch.setitem(kept["runs"][0], "scalars", {name: 1.0 for name in found if "cuda" not in name})
    assert says(app.opened("playground", x=app.link()), "No record of a GPU yet")


def test_the_shipped_record_is_small_and_true_to_its_runs():
    kept = machines.kept()
    assert machines.RECORD.stat().st_size < 100_000 and len(kept["runs"]) >= 3
    for run in kept["runs"]:
        assert {"psnr.cpu-float64", "psnr.cpu-float32", "loss.cpu-float64"} <= run["scalars"].keys()
