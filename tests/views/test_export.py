"""What is taken away: an animation that rests, JSON without NaN, a page that asks nobody for anything."""

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from leaklab.experiments.frame import Frame
from leaklab.views import export
from leaklab.views.strips import enlarge, film

SETTINGS = {
    "kind": "inversion",
    "seed": 0,
    "recipe": {"name": "<script>alert(1)</script>", "stages": [{"iterations": 300}]},
}


def _report(frames) -> str:
    return export.html(
        export.Report("A <b>title</b>", 'Recovered & "right"', SETTINGS, "leaklab run --recipe dlg", frames)
    )


def test_the_animation_goes_round_and_rests_on_the_last(frames):
    moving = Image.open(io.BytesIO(export.gif(film(frames), seconds=2, hold=3)))
    lasting = []
    for moment in range(moving.n_frames):
        moving.seek(moment)
        lasting.append(moving.info["duration"])
    assert moving.n_frames == 4 and moving.info["loop"] == 0
    assert lasting == [500, 500, 500, 3000]


def test_the_animation_takes_at_most_so_many_moments(frames):
    assert Image.open(io.BytesIO(export.gif(film(frames), most=2))).n_frames == 2


def test_the_animation_shows_whole_pixels(frames, pixels):
    still = np.asarray(Image.open(io.BytesIO(export.gif(film(frames)))).convert("RGB"))
    tile = enlarge(pixels[0][:, :4], 60)  # two tiles of four pixels and a gap in 540 pixels
    assert any(np.array_equal(still[12 : 12 + 240, x : x + 240], tile) for x in range(12, 30))


def test_a_film_without_the_photograph_is_animated_alone(frames):
    both, alone = (
        Image.open(io.BytesIO(export.gif(shown))) for shown in (film(frames), replace(film(frames), truth=None))
    )
    assert alone.width < both.width


def test_the_record_is_strict_json_with_every_number(frames):
    def refuse(name):
        raise AssertionError(name)

    written = json.loads(export.record(SETTINGS, frames), parse_constant=refuse)
    assert written["settings"] == SETTINGS and len(written["frames"]) == 4
    last = written["frames"][-1]
    assert set(last) == {"index", "seconds", "scalars", "series", "note"}
    assert last["series"]["losses.0"] == [50.0, 0.1, None] and last["scalars"]["iteration"] == 30


class _Loads(HTMLParser):
    """Collects every address a page would fetch or lead to, and its tags."""

    def __init__(self, page: str):
        super().__init__()
        self.addresses, self.tags = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        names = ("src", "srcset", "href", "data", "poster", "action")
        self.addresses += [value for name, value in attributes if name in names]


def test_the_page_loads_nothing(frames):
    page = _report(frames)
    loads = _Loads(page)
    assert len(loads.addresses) == 5  # private, reconstruction, strip, animation, and its still
    assert all(re.match(r"data:image/(png|gif);base64,[A-Za-z0-9+/=]+$", address) for address in loads.addresses)
    assert not {"script", "link", "iframe"} & set(loads.tags)
    assert not re.search(r"https?://|@import|url\(", page)


def test_the_page_escapes_every_text(frames):
    page = _report(frames)
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<b>title" not in page and "Recovered &amp; &#34;right&#34;" in page


def test_the_page_holds_scores_settings_and_the_command(frames):
    page = _report(frames)
    for expected in ("leaklab run --recipe dlg", "recipe.stages.0.iterations", "PSNR (dB), mean", "true label", "25"):
        assert expected in page
    assert "prefers-color-scheme: dark" in page


def test_a_page_without_pictures_has_its_numbers(frames):
    bare = [replace(f, pictures={}) for f in frames]
    page = _report(bare)
    assert _Loads(page).addresses == [] and "PSNR (dB), mean" in page


def test_the_photograph_may_be_left_out(frames):
    hidden = [replace(f, pictures={"reconstruction": f.pictures["reconstruction"]}) for f in frames]
    assert len(_Loads(_report(hidden)).addresses) == 4


@pytest.mark.parametrize(
    "value, rows",
    [
        ({"a": {"b": 1}, "c": "x"}, [("a.b", "1"), ("c", "x")]),
        ({"a": [{"b": None}, {"b": True}]}, [("a.0.b", "null"), ("a.1.b", "true")]),
        ({"a": [1, 2], "b": [], "c": {}}, [("a", "[1, 2]"), ("b", "[]"), ("c", "{}")]),
        ({"a": float("inf")}, [("a", "null")]),
        ({"a": "p" * 500}, [("a", "p" * 60 + "… (500 characters)")]),
    ],
)
def test_settings_are_laid_flat(value, rows):
    assert export.flat(value) == rows


def test_tables_follow_the_last_frames(frames):
    assert ("iterations", "30") in export.totals(frames)
    heads, rows = export.per_image(frames)
    assert heads == ["PSNR (dB)", "SSIM", "true label", "recovered label"]
    assert rows == [["25", "0.75", "3", "3"], ["35", "0.6", "1", "2"]]
    assert export.per_image([]) == ([], [])


def test_a_page_about_labels_says_what_each_method_got_right(frames):
    scalars = {"progress": 1.0, "accuracy.alr": 1.0, "accuracy.zlr": 0.375, "seconds.alr": 0.01}
    labels = [Frame(0, 0.0, {"progress": 0.0}), Frame(1, 1.0, scalars, {"true": [1.0, 0.0]}, final=True)]
    assert export.totals(labels) == [("labels right by alr (share)", "1"), ("labels right by zlr (share)", "0.375")]
    page = _report(labels)
    assert "labels right by zlr (share)" in page and _Loads(page).addresses == []
