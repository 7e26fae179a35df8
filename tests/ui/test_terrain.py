"""What the map of a landscape is sent: pictures of truth and axes where a run has them, and less for older runs."""

import json

import pytest

from leaklab.experiments.landscape import Landscape
from leaklab.federation.rounds import Federation
from leaklab.runs.store import Store
from leaklab.ui import terrain
from leaklab.ui.session import Services
from leaklab.ui.watch import Watched
from leaklab.views import surfaces
from tests import app
from tests.experiments import small

SURVEY = Landscape(inversion=small.inversion(Federation(images_per_client=2), restarts=2, iterations=3), points=5)


@pytest.fixture
def watched(services: Services) -> Watched:
    """Return a finished survey of two photographs."""
    store: Store = services.store
    store.enqueue(SURVEY.model_dump_json(), title="survey")
    run = app.carry_out(store)
    return Watched(store.run(run), store.frames(run))


def test_truth_axes_and_paths_are_sent(watched: Watched):
    sent = terrain.payload(watched, surfaces.landscape(watched.frames))
    json.dumps(sent, allow_nan=False)
    assert sent["iterations"] == [0, 1, 2, 3, 3] and sent["best"] in sent["paths"]
    painted = sent["painted"]
    assert painted["tiles"] == 2 and painted["columns"] == 2 and painted["side"] == 16
    assert len(painted["axes"]) == len(painted["reach"]) == 2 and all(one > 0 for one in painted["reach"])


def test_a_run_of_before_has_a_map_without_pictures(watched: Watched):
    for frame in watched.frames:
        for name in ("reach", "path.iterations", "path.best"):
            frame.series.pop(name, None)
    sent = terrain.payload(watched, surfaces.landscape(watched.frames))
    assert sent["painted"] is None and sent["iterations"] == []
    assert sent["best"] == "0" and set(sent["paths"]) == {"0", "1"}
