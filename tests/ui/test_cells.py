"""What is shown of a measured drift: the powers beside the lemma's, where nothing drifts, and every cell."""

import csv
import io

import pytest

from leaklab.experiments.drift import Drift
from leaklab.experiments.drift_cells import cell, laws, series
from leaklab.experiments.frame import Frame
from leaklab.runs.store import Store
from leaklab.settings import to_link
from leaklab.ui import cells
from leaklab.ui.session import Services
from tests import app

SMALL = Drift(clients=(2, 1), local_steps=(1, 2, 3), local_lr=(1e-3, 1e-2), repeats=2)


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


def frame(number: int = 1) -> Frame:
    """Return a frame of SMALL after its first number of clients, or after both, as exact as the lemma."""
    found = [
        cell(
            clients, steps, rate, images=4 * clients, found=[steps * (steps - 1) * rate**2 * (clients - 1)] * 2,
            second=[2.0 * (clients - 1)] * 2,
        )
        for clients in SMALL.clients[: number + 1]
        for rate in SMALL.local_lr
        for steps in SMALL.local_steps
    ]  # fmt: skip
    note = "The lemma holds.\nA note on the network." if number else ""
    return Frame(number, 1.0, {"progress": (number + 1) / 2} | laws(found), series(found), note=note, final=number == 1)


def keep(store: Store, frames: int = 2) -> str:
    """Store a run of SMALL, of which a worker has brought so many frames, and return its id."""
    run_id = store.enqueue(SMALL.model_dump_json(), title=SMALL.title)
    store.claim("a test", ("auto", "cpu"))
    for number in range(frames):
        store.append(run_id, frame(number), worker="a test")
    if frames == 2:
        store.finish(run_id, worker="a test")
    return run_id


def test_a_finished_drift_shows_the_powers_the_drawings_and_all_cells(store: Store):
    page = app.opened("drift", run=keep(store))
    assert not page.exception and not page.error and not page.warning
    assert [(metric.value, metric.delta) for metric in page.metric] == [
        ("2.00", "the lemma says 2"), ("3.00 ×", "the lemma says 3"), ("1.00 ×", "the lemma says 1"),
    ]  # fmt: skip
    assert len(page.get("echarts_chart")) == 2 and len(page.dataframe[0].value) == 2 * 3 * 2
    assert [box.value for box in page.info] == ["The lemma holds."]
    assert ":material/info: A note on the network." in app.shown(page)
    assert [button.label for button in page.get("download_button")] == ["Cells (CSV)", "Numbers (JSON)"]
    link, command = (code.value for code in page.code)
    assert link.endswith(f"?x={to_link(SMALL)}") and command.startswith("leaklab drift ")


def test_a_drift_that_goes_on_is_shown_as_far_as_it_has_come(store: Store):
    page = app.opened("drift", run=keep(store, frames=1))
    assert not page.exception and not page.error and not page.dataframe
    assert page.metric[0].value == "2.00" and len(page.get("echarts_chart")) == 2


def test_one_may_look_at_another_learning_rate(store: Store):
    page = app.opened("drift", run=keep(store))
    before = page.get("echarts_chart")[1].proto.alt
    page = app.widget(page, ".lr").set_value(1e-2).run()
    assert not page.exception and "rate 0.001" in before and "rate 0.01" in page.get("echarts_chart")[1].proto.alt


def test_where_nothing_drifts_is_said_with_what_was_measured():
    assert cells.still(frame()) == (
        "A single client is its own super-client: measured 0. "
        "After one step, the average of all steps is one common step: measured 0."
    )
    found = [cell(2, 1, 1e-2, images=8, found=[3e-17], second=[1.0])]
    said = cells.still(Frame(0, 0.0, series=series(found)))
    assert said == "After one step, the average of all steps is one common step: measured 3e-17, which is rounding."
    assert cells.still(Frame(0, 0.0, series=series([cell(2, 2, 1e-2, images=8, found=[1.0], second=[1.0])]))) == ""


def test_cells_are_kept_a_row_each():
    rows = list(csv.DictReader(io.StringIO(cells.table(frame()))))
    assert len(rows) == 12 and rows[1]["steps"] == "2" and float(rows[1]["divergence"]) == 2e-6
    assert set(rows[0]) == {"clients", "steps", "lr", "images", "divergence", "lemma", "law", "spread"}


@pytest.mark.parametrize("rate, said", [(1e-5, "1e-5"), (2.5e-3, "2.5e-3"), (0.01, "0.01"), (1.0, "1"), (4, "4")])
def test_learning_rates_are_written_by_hand(rate, said):
    assert cells.short(rate) == said
