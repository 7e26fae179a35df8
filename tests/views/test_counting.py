"""Label recovery drawn: the bars a gradient shows, and true against recovered counts."""

import json
import math
from dataclasses import replace

import pytest

from leaklab.experiments.frame import Frame
from leaklab.views import counting, readings
from leaklab.views.palette import DARK, LIGHT

FRAME = Frame(
    index=2, seconds=1.0,
    scalars={"accuracy.zlr": 0.5},
    series={
        "true": [0.0, 9.0, 0.0, 1.0, 1.0], "bias": [0.04, -0.49, 0.0, -0.01, 0.09], "rows": [1.0, -5.0, 2.0, -1.0, 3.0],
        "counts.zlr": [1.0, 8.0, 0.0, 1.0, 1.0], "counts.alr": [0.0, 9.0, 0.0, 1.0, 1.0],
    },
)  # fmt: skip
WORDS = {"zlr": {"name": "ZLR", "once": True}, "alr": {"name": "ALR", "once": False}}


def drawn_classes(option: dict) -> list[int]:
    return [int(label) for label in option["xAxis"]["data"]]


def heights(series: dict) -> list[float | None]:
    return [bar and bar["value"] for bar in series["data"]]


def wide(classes: int) -> Frame:
    """Return a frame of many classes, of which every third occurs, and one method that names the first of all."""
    true = [float(label % 3 == 0) for label in range(classes)]
    named = [sum(true)] + [0.0] * (classes - 1)
    bias = [(label - classes / 2) / classes for label in range(classes)]
    return Frame(0, 0.0, series={"true": true, "bias": bias, "counts.alr": named})


def test_the_bars_stand_from_the_lowest_to_the_highest_and_show_roots():
    option = counting.signs(FRAME)
    below, above, dots = option["series"]
    assert drawn_classes(option) == [1, 3, 2, 0, 4]
    assert heights(below) == [-0.7, -0.1, None, None, None] and heights(above) == [None, None, 0.0, 0.2, 0.3]
    assert [dot["value"] for dot in dots["data"]] == [["1", 0], ["3", 0], ["4", 0]]
    json.dumps(option, allow_nan=False)


def test_a_dot_stands_on_the_side_that_its_bar_leaves_free():
    dots = counting.signs(FRAME)["series"][2]["data"]
    assert [math.copysign(1, dot["symbolOffset"][1]) for dot in dots] == [-1, -1, 1]


def test_a_tooltip_says_the_number_itself_and_what_is_in_the_batch():
    below, above, _ = counting.signs(FRAME)["series"]
    assert below["data"][0]["tooltip"]["formatter"] == "Class 1: −0.49<br>9 photographs of it"
    assert above["data"][3]["tooltip"]["formatter"] == "Class 0: 0.04<br>not in the batch"


def test_the_lines_are_written_as_values_and_stand_at_their_roots_apart_from_one_another():
    option = counting.signs(FRAME)
    lines = option["series"][0]["markLine"]["data"]
    for line in lines:
        value = float(line["label"]["formatter"].replace("−", "-"))
        assert line["yAxis"] == pytest.approx(math.copysign(math.sqrt(abs(value)), value))
    places = sorted(line["yAxis"] for line in lines)
    assert 0.0 in places and min(b - a for a, b in zip(places, places[1:], strict=False)) > 0.09
    assert option["yAxis"]["min"] < places[0] and places[-1] < option["yAxis"]["max"]


def test_without_a_bias_the_rows_are_drawn_and_it_is_said():
    bare = replace(FRAME, series={name: held for name, held in FRAME.series.items() if name != "bias"})
    assert heights(counting.signs(bare)["series"][0])[0] == pytest.approx(-math.sqrt(5), abs=1e-4)
    assert counting.signs_of(FRAME) == "the bias" and "there is no bias" in counting.signs_of(bare)


@pytest.mark.parametrize("bias, said", [
    ([0.04, -0.49, 0.0, -0.01, 0.09],
     "2 of 5 bars lie below zero, and each of them is a class of the batch; 1 more of its classes hide above zero."),
    ([0.1, -0.5, 0.1, 0.1, 0.1],
     "1 of 5 bars lies below zero, and this one is a class of the batch; 2 more of its classes hide above zero."),
    ([-0.1, -0.1, 0.0, -0.1, -0.1], "4 of 5 bars lie below zero, and 3 of them are classes of the batch."),
    ([0.1] * 5, "No bar lies below zero: all 3 classes of the batch hide."),
    ([float("nan"), -0.1, 0.0, -0.1, -0.1], "3 of 5 bars lie below zero, and each of them is a class of the batch."),
])  # fmt: skip
def test_the_sentence_counts_what_the_signs_betray(bias, said):
    assert counting.signs_alt(replace(FRAME, series=FRAME.series | {"bias": bias})) == said


def test_of_many_bars_the_lowest_are_drawn():
    option, note = counting.signs(wide(300)), counting.signs_note(wide(300))
    assert drawn_classes(option) == list(range(120)) and "Drawn are the 120 lowest of 300." in note
    assert "Drawn" not in counting.signs_note(FRAME)


def test_counts_are_those_of_classes_that_occur_or_are_named_the_most_frequent_first():
    assert counting.shown(FRAME) == [1, 3, 4, 0] and counting.shown_note(FRAME) == ""
    option = counting.counts(FRAME, "zlr")
    truth, filled = option["series"]
    assert drawn_classes(option) == [1, 3, 4, 0]
    assert heights(truth) == [3.0, 1.0, 1.0, None]
    assert heights(filled) == pytest.approx([math.sqrt(8), 1.0, 1.0, 1.0], abs=1e-4)
    json.dumps(option, allow_nan=False)


@pytest.mark.parametrize("dark, ink", [(False, LIGHT), (True, DARK)])
def test_a_wrong_count_has_another_colour_and_every_count_is_written_above_the_taller_bar(dark, ink):
    truth, filled = counting.counts(FRAME, "zlr", dark=dark)["series"]
    colours = [bar["itemStyle"]["color"] for bar in filled["data"]]
    assert colours == [ink.line(1), ink.line(0), ink.line(0), ink.line(1)]
    assert [bar["label"]["show"] for bar in truth["data"]] == [True, True, True, False]
    assert [bar["label"]["show"] for bar in filled["data"]] == [False, False, False, True]
    assert truth["data"][0]["label"]["formatter"] == "8"
    assert filled["data"][0]["tooltip"]["formatter"] == "Class 1<br>in the batch: 9<br>recovered: 8"


def test_all_methods_are_drawn_to_one_scale():
    tall = replace(FRAME, series=FRAME.series | {"counts.llg": [0.0, 16.0, 0.0, 0.0, 0.0]})
    assert {counting.counts(tall, key)["yAxis"]["max"] for key in ("zlr", "alr", "llg")} == {5.0}


def test_before_a_method_has_counted_the_truth_stands_alone():
    [truth] = counting.counts(replace(FRAME, series={"true": FRAME.series["true"]}), "")["series"]
    assert [bar["label"]["formatter"] for bar in truth["data"]] == ["9", "1", "1"]
    assert counting.true_alt(FRAME) == "11 photographs of 3 of 5 classes, the most frequent 9 times."


def test_of_too_many_classes_the_first_are_drawn_and_it_is_said():
    assert len(counting.shown(wide(300))) == 40 and counting.shown(wide(300))[0] == 0
    assert counting.shown_note(wide(300)) == (
        "Drawn are 40 of the 100 classes that occur or are named, the most frequent first."
    )


def test_the_sentence_of_a_method_names_its_worst_error():
    zlr, alr = readings.readings(FRAME, WORDS)
    assert counting.counts_alt(FRAME, alr) == "ALR: all 11 labels right."
    told = counting.counts_alt(FRAME, replace(zlr, right=10 / 11))
    assert told == "ZLR: 10 of 11 labels right; class 0 is named 1 times and occurs 0 times."
    assert counting.counts_alt(FRAME, replace(zlr, counts=None)) == "ZLR: no counts."
