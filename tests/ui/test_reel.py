"""The reel: what is sent to the browser, and that a page with it runs. What it draws is tested in a browser."""

import base64
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from leaklab.ui.reel import payload
from leaklab.views.strips import Film

RANDOM = np.random.default_rng(0)


def _film(moments: int = 3, tiles: int = 2, side: int = 4) -> Film:
    pictures = RANDOM.integers(0, 256, (moments + 1, side, side * tiles, 3)).astype(np.uint8)
    psnr = tuple((float(10 + k), *[None] * (tiles - 1)) for k in range(moments))
    return Film(pictures[0], tuple(pictures[1:]), tuple(range(0, 10 * moments, 10)), psnr, tiles)


def _read(uri: str) -> np.ndarray:
    head, body = uri.split(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(body))))


def test_what_is_sent_holds_every_pixel_and_number():
    film = _film()
    sent = payload(film, live=True)
    assert np.array_equal(_read(sent["truth"]), film.truth)
    assert np.array_equal(_read(sent["atlas"]), np.concatenate(film.pictures, axis=1))
    assert (sent["frames"], sent["tiles"], sent["tile"], sent["columns"]) == (3, 2, [4, 4], 2)
    assert sent["iterations"] == [0, 10, 20] and sent["psnr"][2] == [12.0, None]
    json.dumps(sent, allow_nan=False)


def test_a_long_film_is_sent_thinned_and_thinner_while_live():
    film = _film(moments=200, tiles=1)
    live, resting = payload(film, live=True), payload(film, live=False)
    assert (live["frames"], resting["frames"]) == (24, 48)
    assert live["iterations"][0] == 0 and live["iterations"][-1] == 1990


def test_large_pictures_are_sent_in_smaller_number():
    assert payload(_film(moments=10, tiles=32, side=32), live=True)["frames"] == 4


def test_before_the_first_picture_there_is_room_for_it():
    sent = payload(replace(_film(), pictures=(), iterations=(), psnr=()), live=True)
    assert sent["atlas"] is None and sent["frames"] == 0 and sent["tile"] == [4, 4]
    empty = payload(Film(None, (), (), (), tiles=3), live=True)
    assert empty["truth"] is None and empty["tile"] == [32, 32]


def _page(moments: int, hidden: bool) -> None:
    import numpy as np

    from leaklab.ui.reel import reel
    from leaklab.views.strips import Film

    pictures = tuple(np.zeros((4, 8, 3), np.uint8) for _ in range(moments))
    truth = None if hidden else np.zeros((4, 8, 3), np.uint8)
    film = Film(truth, pictures, tuple(range(moments)), ((1.0, 2.0),) * moments, 2)
    reel(film, key="a", live=True)
    reel(film, key="b", autoplay=True, captions=("yours", "theirs"))


@pytest.mark.parametrize("moments, hidden", [(0, False), (3, False), (3, True)])
def test_a_page_with_two_reels_runs(moments, hidden):
    page = AppTest.from_function(_page, args=(moments, hidden), default_timeout=20).run()
    assert not page.exception
    first, second = (json.loads(element.proto.json) for element in page.get("bidi_component"))
    assert first["frames"] == moments and first["live"] and not first["autoplay"] and first["group"] == "a"
    assert second["autoplay"] and second["captions"] == ["yours", "theirs"]
    assert first["captions"] == ["Private photographs", "Reconstructions"]
