"""What is shown of a walk: the plane, what the line did, the numbers, and what can be kept."""

import csv
import io
import json

import numpy as np
import pytest
from PIL import Image

from leaklab.experiments.paths import ATTACKS
from leaklab.runs.store import Store
from leaklab.settings import to_link
from leaklab.ui import walks
from leaklab.ui.session import Services
from leaklab.ui.watch import Watched
from tests import app
from tests.ui import walking


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


def drawn(page) -> list[dict]:
    written = [element.proto.json for element in page.get("bidi_component")]
    return [json.loads(one) for one in written if one not in ("", "{}")]


def test_a_finished_walk_shows_plane_curves_notes_and_numbers(store: Store):
    page = app.opened("drift", run=walking.keep(store))
    assert not page.exception and not page.error and not page.warning
    assert [box.value for box in page.info] == ["FedAvg is nearest."]
    assert {":material/info: The client bends.", ":material/info: The line helps."} <= set(app.shown(page))
    assert list(page.table[0].value["walk"]) == ["The client", *(recipe.name for recipe in ATTACKS.values())]
    [plane] = [data for data in drawn(page) if "moments" in data]
    curves = [data for data in drawn(page) if "option" in data]
    assert len(curves) == 2 and {data["group"] for data in curves} == {plane["group"]}  # one cursor moves all
    assert [button.label for button in page.get("download_button")] == [
        "Pictures (PNG)", "Paths (CSV)", "Numbers (JSON)",
    ]  # fmt: skip
    assert page.code[0].value.endswith(f"?x={to_link(walking.SMALL)}")


@pytest.mark.parametrize("most", [0, 1, 2])
def test_a_walk_that_goes_on_is_shown_as_far_as_it_has_come(store: Store, most: int):
    page = app.opened("drift", run=walking.keep(store, most=most))
    assert not page.exception and not page.error and not page.table
    assert len([data for data in drawn(page) if "moments" in data]) == bool(most)


def test_numbers_have_a_dash_where_there_is_nothing():
    numbers = walks.numbers(walking.frames()[-1])
    assert numbers["PSNR (dB)"] == ["–", "31.0", "32.0", "33.0", "34.0"]
    assert numbers["epochs off the chord"] == ["60°", "41°", "34°", "29°", "26°"]
    assert numbers["from the client (chords)"] == ["–", "0.25", "0.20", "0.17", "0.14"]


def test_the_paths_are_kept_a_row_a_step():
    rows = list(csv.DictReader(io.StringIO(walks.table(walking.frames()[-1]))))
    assert len(rows) == 5 * 5 and {row["walk"] for row in rows} == {"client", *(r.name for r in ATTACKS.values())}
    assert rows[2] == {"walk": "client", "step": "2", "ends an epoch": "1", "along": "0.5", "across": "0.1"}


def test_the_pictures_are_kept_a_row_a_simulation(store: Store):
    run_id = walking.keep(store)
    kept = np.asarray(Image.open(io.BytesIO(walks.pictures(Watched(store.run(run_id), store.frames(run_id))))))
    rows = [walking.truth(), *(walking.pixels(3, name) for name in ATTACKS)]
    assert np.array_equal(kept[::4, ::4], np.concatenate(rows))
