"""The plane of the weights: what is sent to the browser. What is drawn of it is tested in a browser."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from leaklab.experiments.paths import ATTACKS
from leaklab.runs.store import Store
from leaklab.ui import plane
from leaklab.ui.session import Services
from leaklab.ui.watch import Watched
from leaklab.views.palette import DARK, LIGHT
from tests.ui import walking


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


def watched(store: Store, most: int = 100) -> Watched:
    run_id = walking.keep(store, most=most)
    return Watched(store.run(run_id), store.frames(run_id))


def read(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))).convert("RGB"))


def test_of_a_run_that_goes_on_the_newest_moment_is_sent(store: Store):
    sent = plane.payload(watched(store, most=2), dark=False)
    assert sent["live"] and [moment["iteration"] for moment in sent["moments"]] == [10]
    assert sent["client"] == [[0, 0], [0.2, 0.3], [0.5, 0.1], [0.8, 0.2], [1, 0]] and sent["ends"] == [0, 0, 1, 0, 1]
    for name in ATTACKS:
        assert sent["pictured"][name] == [0] and np.array_equal(read(sent["sheets"][name]), walking.pixels(1, name))
    assert np.array_equal(read(sent["truth"]), walking.truth()) and (sent["tiles"], sent["tile"]) == (2, [16, 16])
    json.dumps(sent, allow_nan=False)


def test_of_a_run_that_is_over_all_moments_are_sent(store: Store):
    sent = plane.payload(watched(store), dark=False)
    assert not sent["live"] and [moment["iteration"] for moment in sent["moments"]] == [0, 10, 20, 30]
    for name in ATTACKS:
        assert sent["pictured"][name] == [1, 2, 3]
        assert np.array_equal(
            read(sent["sheets"][name]), np.concatenate([walking.pixels(k, name) for k in (1, 2, 3)], 1)
        )
    assert sent["moments"][0]["paths"] == {} and set(sent["moments"][3]["paths"]) == set(ATTACKS)
    assert sent["moments"][3]["numbers"]["fedavg"] == "PSNR 31.0 dB · 41° off the chord"
    assert sent["moments"][3]["numbers"]["client"] == "60° off the chord"


def test_before_a_simulation_sets_out_it_has_a_name_and_no_colour(store: Store):
    begun, opened = plane.payload(watched(store), dark=False), plane.payload(watched(store, most=1), dark=True)
    titles = ["The client", *(recipe.name for recipe in ATTACKS.values())]
    assert [walk["title"] for walk in begun["walks"]] == [walk["title"] for walk in opened["walks"]] == titles
    assert ["colour" in walk for walk in opened["walks"]] == [True, *[False] * len(ATTACKS)]
    assert opened["walks"][0]["colour"] == DARK.words and opened["sheets"] == dict.fromkeys(ATTACKS)
    assert [walk["colour"] for walk in begun["walks"]] == [LIGHT.words, *LIGHT.lines[:4]]
    assert len({walk["symbol"] for walk in begun["walks"]}) == 5  # told apart without colour


def test_a_long_run_is_sent_thinned(store: Store):
    run = walking.keep(store)
    frames = store.frames(run)
    long = Watched(store.run(run), frames[:1] + frames[1:] * 40)
    sent = plane.payload(long, dark=False)
    assert len(sent["moments"]) == 48 and sent["moments"][-1]["iteration"] == 30


@pytest.mark.parametrize("turned, said", [(0.0, "0°"), (1.0, "90°"), (2.0, "180°"), (float("nan"), "–"), (None, "–")])
def test_a_turn_is_said_in_degrees(turned, said):
    assert plane.degrees(turned) == said
