"""Privacy against learning, drawn: where points stand, what tells them apart, and everything behind them as data."""

import csv
import io
import json

import pytest

from leaklab.views import tradeoff
from leaklab.views.palette import DARK, LIGHT
from leaklab.views.tradeoff import Spot

URI = "data:image/png;base64,AAAA"


def spot(key: str, strength: float, ssim: float, adaptive: float, accuracy: float, **more: float) -> Spot:
    attacked = {
        "ssim": ssim, "psnr": 100 * ssim, "adaptive.ssim": adaptive, "adaptive.psnr": 100 * adaptive, "bytes": 1000.0,
        "bytes.plain": 2000.0, "ratio": 0.5, "signal": 2.0, "noise": 1.0, **more,
    }  # fmt: skip
    pictures = {"plain": f"{URI}1", "adaptive": f"{URI}2"}
    return Spot(key, key.capitalize(), strength, "σ", attacked, {"accuracy": accuracy}, pictures)


NONE = Spot("none", "No defence", 0.0, "", {"ssim": 1.0, "psnr": 40.0, "adaptive.ssim": 1.0, "adaptive.psnr": 40.0},
            {"accuracy": 0.9})  # fmt: skip
NOISE = [spot("noise", 0.1, 0.75, 0.75, 0.9), spot("noise", 1.0, 0.25, 0.25, 0.5)]
PRUNED = [spot("top-k", 0.5, 0.25, 0.99, 0.9, epsilon=None), Spot("top-k", "Top-k", 0.9, "σ")]
SPOTS = [NONE, *NOISE, *PRUNED]


def test_a_line_goes_from_strength_to_strength_and_marks_grow():
    drawn = tradeoff.figure(SPOTS)
    noise = drawn["series"][0]
    assert [point["value"] for point in noise["data"]] == [[0.75, 90.0], [0.25, 50.0]]
    assert noise["data"][0]["symbolSize"] < noise["data"][1]["symbolSize"] and noise["name"] == "Noise"
    assert json.dumps(drawn, allow_nan=False)


def test_the_adaptive_attack_is_dashed_and_hollow_and_drawn_only_where_it_differs():
    drawn = tradeoff.figure(SPOTS)["series"]
    assert [one["name"] for one in drawn] == ["Noise", "Top-k", "Top-k", "No defence"]
    plain, adaptive = drawn[1:3]
    assert (plain["lineStyle"]["type"], adaptive["lineStyle"]["type"]) == ("solid", "dashed")
    assert adaptive["itemStyle"]["color"] == LIGHT.paper and "itemStyle" not in plain
    assert [one["data"][0]["value"] for one in (plain, adaptive)] == [[0.25, 90.0], [0.99, 90.0]]


def test_a_point_that_is_not_measured_yet_is_not_drawn():
    assert len(tradeoff.figure(SPOTS)["series"][1]["data"]) == 1
    assert tradeoff.figure([Spot("noise", "Noise", 0.1, "σ")])["series"][0]["data"] == []


@pytest.mark.parametrize(("dark", "ground"), [(False, LIGHT), (True, DARK)])
def test_defences_are_told_apart_by_colour_and_by_shape(dark: bool, ground):
    keys = ("noise", "dp", "top", "qsgd", "soteria")
    drawn = tradeoff.figure([spot(key, 1.0, 0.5, 0.5, 0.5) for key in keys], dark=dark)["series"]
    assert len({one["color"] for one in drawn}) == len({one["symbol"] for one in drawn}) == len(keys)
    assert drawn[0]["color"] == ground.line(0)


def test_what_stands_without_a_defence_is_marked_by_a_star():
    star = tradeoff.figure(SPOTS)["series"][-1]
    assert star["symbol"].startswith("path://") and star["data"][0]["value"] == [1.0, 90.0]
    assert {"name": "No defence"} in tradeoff.figure(SPOTS)["legend"]["data"]
    assert [held["name"] for held in tradeoff.figure(NOISE)["legend"]["data"]] == ["Noise"]


def test_an_axis_reaches_to_the_least_that_was_measured():
    assert tradeoff.figure(SPOTS)["xAxis"]["min"] == 0
    assert tradeoff.figure([spot("noise", 1.0, -0.03, -0.03, 0.5)])["xAxis"]["min"] == pytest.approx(-0.1)
    assert tradeoff.figure([])["xAxis"]["min"] == 0
    assert [tradeoff.figure(spots)["yAxis"]["min"] for spots in ([], [NONE], SPOTS)] == [0, 85, 45]


def test_a_tooltip_says_the_numbers_and_shows_the_pictures():
    told = tradeoff.figure(SPOTS)["series"][1]["data"][0]["tooltip"]["formatter"]
    for said in ("Top-k, 0.5 (σ)", "plain: 25 dB, SSIM 0.25", "adaptive: 99 dB, SSIM 0.99", "accuracy 90.0%", URI):
        assert said in told
    assert "ε: beyond all bounds" in told and told.count("<img") == 2
    assert tradeoff.figure(SPOTS)["series"][0]["data"][0]["tooltip"]["formatter"].count("<img") == 1


def test_the_sentence_says_how_much_each_defence_hides_before_learning_suffers():
    assert tradeoff.figure_alt(SPOTS) == (
        "Without a defence SSIM 1.00 at 90%; Noise down to SSIM 0.75 at 90%; Top-k down to SSIM 0.99 at 90%."
    )
    assert tradeoff.figure_alt([]) == "No point has been measured yet."


def test_every_point_is_a_row_in_the_words_of_the_shell():
    found = json.loads(tradeoff.as_json(SPOTS))
    assert [(row["defence"], row["strength"]) for row in found] == [
        ("none", 0.0), ("noise", 0.1), ("noise", 1.0), ("top-k", 0.5),
    ]  # fmt: skip
    assert found[3]["adaptive"] == {"psnr": 99.0, "ssim": 0.99} and found[3]["epsilon"] is None
    assert found[1] == {
        "defence": "noise", "strength": 0.1, "epsilon": None, "bytes": 1000, "psnr": 75.0, "ssim": 0.75,
        "accuracy": 0.9, "adaptive": {"psnr": 75.0, "ssim": 0.75}, "signal": 2.0, "noise": 1.0, "ratio": 0.5,
        "trained_epsilon": None,
    }  # fmt: skip


def test_the_same_as_csv_and_for_the_screen():
    read = list(csv.DictReader(io.StringIO(tradeoff.as_csv(SPOTS))))
    assert len(read) == 4 and read[3]["adaptive.ssim"] == "0.99" and read[3]["defence"] == "top-k"
    assert [row["defence"] for row in tradeoff.table(SPOTS)] == ["No defence", "Noise", "Noise", "Top-k"]
    assert tradeoff.as_csv([]).strip() == ""


def test_the_sheet_has_a_row_a_defence_and_says_what_each_picture_is():
    html = tradeoff.sheet(SPOTS)
    assert html.count("<tr>") == 2 and html.count("<img") == 2 + 2 and html.count("<td>–</td>") == 1
    assert 'alt="adaptive attack, SSIM 0.99"' in html and "0.5, 90%" in html
    assert tradeoff.sheet([NONE]) == ""


@pytest.mark.parametrize(
    ("series", "index", "found"),
    [("noise plain", 1, NOISE[1]), ("top-k adaptive", 0, PRUNED[0]), ("top-k plain", 1, None), (None, 0, None)],
)
def test_a_click_tells_which_point_it_was(series: str | None, index: int, found: Spot | None):
    ids = [one.get("id") for one in tradeoff.figure(SPOTS)["series"]]
    assert series is None or series in ids
    assert tradeoff.touched(SPOTS, [{"series_id": series, "data_indices": [index]}]) == found
