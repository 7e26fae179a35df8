"""A sweep, drawn: colours that order, words that can be read on them, bands, the sheet, and the numbers behind it."""

import csv
import io
import json

import pytest

from leaklab.experiments.sweep_cells import Cell, Named, spreads
from leaklab.views import sweep_numbers, sweeps
from leaklab.views.sweep_grid import Grid, Shown, written
from tests.views.test_palette import _contrast

URI = "data:image/png;base64,AAAA"
AXES = (Named("TV weight", ("0", "0.01", "1e-05")), Named("Restarts", ("1", "2")))


def cell(x: int, y: int, psnr: float, seed: int = 0) -> Cell:
    return Cell(x, y, seed, psnr, psnr / 50, 1.5, 0)


GRID = Grid(
    AXES, spreads([cell(0, 0, 10.0), cell(2, 0, 30.0), cell(0, 1, 20.0)]),
    {"cell.0.0.0": Shown(f"{URI}1"), "cell.2.0.0": Shown(f"{URI}2", 2.0), "truth.0": Shown(f"{URI}T")},
)  # fmt: skip
LINE = Grid(AXES[:1], spreads([cell(x, 0, 10 + 10 * x + seed, seed) for x in range(3) for seed in range(3)]))


def test_every_known_cell_has_its_place_its_number_and_its_picture():
    drawn = sweeps.heat(GRID, "psnr")
    data = drawn["series"][0]["data"]
    assert [one["value"] for one in data] == [[0, 0, 10.0], [0, 1, 20.0], [2, 0, 30.0]]
    assert [one["label"]["formatter"] for one in data] == ["10.0", "20.0", "30.0"]
    assert f"{URI}2" in data[2]["tooltip"]["formatter"] and f"{URI}T" in data[2]["tooltip"]["formatter"]
    assert "width:208px;height:104px" in data[2]["tooltip"]["formatter"]
    assert "<b>TV weight = 1e-05, Restarts = 1</b>" in data[2]["tooltip"]["formatter"]
    assert (drawn["visualMap"]["min"], drawn["visualMap"]["max"]) == (10.0, 30.0)
    assert drawn["xAxis"]["data"] == list(AXES[0].values) and drawn["yAxis"]["data"] == ["1", "2"]
    assert json.dumps(drawn, allow_nan=False)


def test_small_differences_stay_small_to_the_eye():
    alike = Grid(AXES[:1], spreads([cell(0, 0, 20.0), cell(1, 0, 20.4)]))
    drawn = sweeps.heat(alike, "psnr")["visualMap"]
    assert drawn["max"] - drawn["min"] == pytest.approx(5) and drawn["min"] < 20 < drawn["max"]
    assert sweeps.heat(alike, "ssim")["visualMap"]["max"] == pytest.approx(0.504)


@pytest.mark.parametrize("dark", [False, True])
def test_words_can_be_read_on_every_colour_of_the_map(dark: bool):
    many = Grid((Named("x", tuple(map(str, range(41)))),), spreads([cell(x, 0, float(x)) for x in range(41)]))
    drawn = sweeps.heat(many, "psnr", dark=dark)
    colours = drawn["visualMap"]["inRange"]["color"]
    for one in drawn["series"][0]["data"]:
        place = one["value"][2] / 40 * (len(colours) - 1)
        ground = _between(colours[int(place)], colours[min(int(place) + 1, len(colours) - 1)], place % 1)
        assert _contrast(one["label"]["color"], ground) >= 4.5, (one["value"], ground)


def _between(one: str, other: str, share: float) -> str:
    pairs = zip(*([int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in (one, other)), strict=True)
    return "#" + "".join(f"{round(low + share * (high - low)):02x}" for low, high in pairs)


def test_a_line_a_value_of_the_second_knob_told_apart_without_colour():
    drawn = sweeps.curves(GRID, "psnr")
    assert [one["name"] for one in drawn["series"]] == ["Restarts = 1", "Restarts = 2"] and drawn["legend"]["show"]
    assert [[point["value"] for point in one["data"]] for one in drawn["series"]] == [
        [[0, 10.0], [2, 30.0]],
        [[0, 20.0]],
    ]
    assert len({one["symbol"] for one in drawn["series"]}) == 2
    assert len({one["lineStyle"]["type"] for one in drawn["series"]}) == 2


def test_several_seeds_have_a_band_from_the_worst_to_the_best():
    low, width, median = sweeps.curves(LINE, "psnr")["series"]
    assert [point["value"][1] for point in median["data"]] == [11.0, 21.0, 31.0]
    assert [point[1] for point in low["data"]] == [10.0, 20.0, 30.0] and {point[1] for point in width["data"]} == {2.0}
    assert low["stack"] == width["stack"] and width["areaStyle"]["opacity"] < 0.5
    assert "PSNR 11.0 (10.0 to 12.0) dB" in median["data"][0]["tooltip"]["formatter"]
    assert "3 seeds: the median" in median["data"][0]["tooltip"]["formatter"]


def test_a_score_that_is_nothing_has_no_sign():
    assert [written(value, "ssim") for value in (-0.001, -0.01, float("nan"))] == ["0.00", "-0.01", "–"]


def test_the_takeaway_is_said():
    assert sweeps.alt(GRID, "psnr") == (
        "PSNR (dB) of 3 cells: best 30.0 at TV weight = 1e-05, Restarts = 1; worst 10.0 at TV weight = 0, Restarts = 1."
    )
    assert sweeps.alt(LINE, "ssim").startswith("SSIM of 3 cells: best 0.62 (0.60 to 0.64) at TV weight = 1e-05")
    empty = Grid(AXES, {})
    assert sweeps.alt(empty, "psnr") == "No cell of this sweep is finished yet." and sweeps.sheet(empty, "psnr") == ""
    assert sweeps.heat(empty, "psnr")["series"][0]["data"] == []


def test_the_sheet_has_a_picture_a_cell_with_words_for_it():
    shown = sweeps.sheet(GRID, "psnr")
    assert (
        "width:72px;height:36px" in shown
        and shown.count("<img") == 2
        and shown.count("<td>–</td>") == 3
        and shown.count("<tr>") == 3
    )
    assert 'alt="what came back at TV weight = 0, Restarts = 1, PSNR (dB) 10.0"' in shown
    assert "<b>" not in sweeps.sheet(Grid((Named("<b>", ("0",)),), LINE.spreads), "psnr")


def test_numbers_are_written_in_the_words_of_the_shell():
    found = sweep_numbers.rows(GRID, ["tv-weight", "restarts"])
    assert [(one["tv-weight"], one["restarts"], one["psnr"]) for one in found] == [
        (0, 1, 10.0), (0, 2, 20.0), (1e-5, 1, 30.0),
    ]  # fmt: skip
    assert json.loads(sweep_numbers.as_json(found)) == found
    assert [row["psnr"] for row in csv.DictReader(io.StringIO(sweep_numbers.as_csv(found)))] == ["10.0", "20.0", "30.0"]
    [first, *_] = sweep_numbers.rows(LINE, ["tv-weight"])
    assert (first["psnr_low"], first["psnr"], first["psnr_high"], first["seeds"]) == (10.0, 11.0, 12.0, 3)


def test_a_terminal_gets_a_row_a_cell_and_what_changed():
    lines = list(sweep_numbers.summary("A sweep", LINE, "It changed.\n\nOne seed."))
    assert lines[0] == "A sweep" and lines[2].split() == ["TV", "weight", "PSNR", "(dB)", "SSIM", "seconds"]
    assert lines[3].split("  ")[-1] == "4.5" and "11.0 (10.0 to 12.0)" in lines[3]
    assert lines[-2:] == ["It changed.", "Note: One seed."]
