"""A client's guesses drawn: its own photographs against what it assumed, its choice, and the truth."""

import json
import math

import numpy as np

from leaklab.experiments.frame import Frame
from leaklab.views.guesses import against_guess, alt, sheet

RATES = {"guess.lr": [1e-3, 1e-2, 1e-1], "guess.images": [2.0] * 3, "own": [12.0, 18.0, 9.0], "all": [11.0, 17.0, 8.0]}
NUMBERS = {"guess.lr": [1e-2] * 2, "guess.images": [2.0, 3.0], "own": [math.nan, 30.0], "all": [math.nan, 31.0]}


def frame(series: dict[str, list[float]], *, final: bool = True) -> Frame:
    scalars = {"true.lr": 1e-2, "true.images": 3.0} | ({"chosen": 1.0} if final else {})
    return Frame(0, 0.0, scalars, series, final=final)


def names(drawn: dict) -> list[str]:
    return [one["name"] for one in drawn["series"]]


def test_rates_stand_on_a_logarithmic_axis_with_the_choice_and_the_truth():
    drawn = against_guess(frame(RATES), dark=True)
    own, everybody, truth, choice = drawn["series"]
    assert drawn["xAxis"]["type"] == "log" and "learning rate" in drawn["xAxis"]["name"]
    assert own["data"] == [[1e-3, 12.0], [1e-2, 18.0], [1e-1, 9.0]] and everybody["data"][1] == [1e-2, 17.0]
    assert [x for x, _ in truth["data"]] == [1e-2, 1e-2] and choice["data"] == [[1e-2, 18.0]]
    assert own["lineStyle"]["type"] != everybody["lineStyle"]["type"] and own["symbol"] != everybody["symbol"]
    json.dumps(drawn, allow_nan=False)


def test_numbers_stand_on_a_plain_one_and_what_is_not_known_is_a_gap():
    drawn = against_guess(frame(NUMBERS))
    assert drawn["xAxis"]["type"] == "value" and "number of photographs" in drawn["xAxis"]["name"]
    assert drawn["series"][0]["data"] == [[2.0, None], [3.0, 30.0]]
    assert [x for x, _ in drawn["series"][2]["data"]] == [3.0, 3.0]


def test_before_the_end_nothing_is_chosen_and_the_truth_is_not_told():
    going = {name: values[:1] for name, values in RATES.items()}
    assert len(names(against_guess(frame(going, final=False)))) == 2


def test_a_sentence_says_what_was_drawn():
    assert alt(frame(RATES)) == (
        "The client's own photographs, by its guess. 0.001: 12.0 dB; 0.01: 18.0 dB; 0.1: 9.0 dB."
    )
    assert alt(frame(NUMBERS)).endswith("by its guess. 3: 30.0 dB.")
    assert alt(frame(dict.fromkeys(RATES, []), final=False)) == "No guess has been tried yet."


def test_the_first_of_its_own_photographs_is_shown_under_every_guess_that_was_tried():
    two = np.zeros((4, 8, 3), np.uint8)
    html = sheet({"own": two, "own.guess.1": two}, frame(NUMBERS))
    assert html.count("<img") == 2 and "3: 30 dB" in html and "2: " not in html
