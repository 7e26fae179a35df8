"""Columns side by side as HTML, the colours of a heat map, the strip, and what can be kept."""

import io
import re

import numpy as np
import pytest
from PIL import Image

from leaklab.views import enhance
from tests.ui import exhibiting

NAMES = ("direct", "semantic", "gan")


def last():
    return exhibiting.frames()[-1]


def pictures():
    return last().pictures | {"truth": exhibiting.frames()[0].pictures["truth"]}


def board(heat: enhance.Heat = "none", *, truth: bool = False) -> str:
    return enhance.board(last(), NAMES, pictures(), heat=heat, truth=truth)


def test_the_columns_stand_side_by_side_and_the_one_that_is_not_there_says_so():
    titles = re.findall("<b>(.*?)</b>", board())
    assert titles == ["Raw", "Direct (DDRM)", "Semantic (diffusion)", "GAN (restoration)"]
    assert board().count("<img") == 3 and "left out, see below" in board()
    early = enhance.board(exhibiting.frames()[0], NAMES, pictures() | {}, heat="none", truth=False)
    assert early.count("<img") == 3  # whoever holds the pictures decides
    raw = {"raw": pictures()["raw"]}
    assert enhance.board(exhibiting.frames()[0], NAMES, raw, heat="none", truth=False).count("yet to come") == 3


def test_the_truth_and_all_that_is_measured_by_it_stay_away_until_they_are_asked_for():
    hidden, seen = board(), board(truth=True)
    assert "The truth" not in hidden and "PSNR" not in hidden and hidden.count("<dt>moved</dt>") == 2
    assert re.findall("<b>(.*?)</b>", seen)[0] == "The truth" and seen.count("<img") == 4
    assert seen.count("<dt>SSIM</dt>") == 3 and seen.count("<dt>pixels nearer</dt>") == 2 and "LPIPS" not in seen


@pytest.mark.parametrize(("heat", "maps"), [("none", 0), ("invented", 2), ("error", 3)])
def test_a_heat_map_stands_under_each_picture_that_has_one(heat: enhance.Heat, maps: int):
    assert board(heat).count("heat map: ") == maps and ("leaklab-scale" in board(heat)) == (heat != "none")


def test_the_heat_is_black_where_nothing_moved_and_brightest_from_four_tenths_on():
    levels = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, 2)
    colours = enhance.heated(levels)[0].astype(int)
    assert tuple(colours[0]) == (0, 0, 4) and all(tuple(one) == (252, 255, 164) for one in colours[102:])
    brightness = colours @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(brightness[:103]) > 0).all()


def test_a_strip_has_a_picture_a_moment_and_marks_the_choice():
    drawn = enhance.strip(last(), "semantic", pictures()["strip.semantic"], chosen=True, truth=False)
    assert drawn.count("<img") == 2 and re.findall("<b>(.*?)</b>", drawn) == ["1", "✓ chosen"]
    assert drawn.count('class="chosen"') == 1 and "SSIM" not in drawn
    going = enhance.strip(last(), "semantic", pictures()["strip.semantic"], chosen=False, truth=True)
    assert "✓" not in going and going.count("<dt>SSIM</dt>") == 2


def test_what_is_said_of_a_column_is_told_from_the_rest():
    assert enhance.lost(last().note, "gan") == "Its weights are not here." and not enhance.lost(last().note, "semantic")
    assert enhance.remarks(last().note, NAMES) == ["No LPIPS."]


def test_the_table_has_a_column_a_way_and_a_row_a_measure():
    table = enhance.table(last(), NAMES)
    assert list(table) == ["", "Raw", "Direct (DDRM)", "Semantic (diffusion)"]
    assert table[""] == ["PSNR", "SSIM", "pixels nearer", "pixels farther", "moved"]
    assert table["Raw"][2:] == ["–", "–", "–"] and table["Direct (DDRM)"][2:4] == ["100%", "0%"]


def test_the_pictures_are_kept_a_row_a_column():
    kept = np.asarray(Image.open(io.BytesIO(enhance.kept(last(), NAMES, pictures()))))[::4, ::4]
    rows = [kept[place : place + 16] for place in range(0, len(kept), 18)]
    for name, row in zip(("truth", "raw", "direct", "semantic"), rows, strict=True):
        assert np.array_equal(row, pictures()[name])


def test_a_second_one_of_a_kind_has_its_number():
    assert [enhance.titled(name) for name in ("gan", "direct 2")] == ["GAN (restoration)", "Direct (DDRM) 2"]
