"""The verdict's bars: the order given, one of them emphasised, a gap for what is missing."""

import json

from leaklab.views.charts import bars, bars_alt
from leaklab.views.palette import DARK

VALUES = {"this reconstruction": 41.2, "nearest other photograph": 14.1, "best grey": float("inf"), "noise": None}


def test_bars_stand_in_the_order_given_from_the_top():
    drawn = bars(VALUES, unit="PSNR (dB)", emphasised="this reconstruction", dark=True)
    assert drawn["yAxis"]["data"] == list(VALUES) and drawn["yAxis"]["inverse"]
    assert [bar["value"] for bar in drawn["series"][0]["data"]] == [41.2, 14.1, None, None]
    json.dumps(drawn, allow_nan=False)


def test_one_bar_is_emphasised_by_colour_and_by_weight():
    first, *others = bars(VALUES, unit="dB", emphasised="this reconstruction", dark=True)["series"][0]["data"]
    assert first["itemStyle"]["color"] == DARK.line(0) and first["label"]["fontWeight"] == "bold"
    assert {bar["label"]["fontWeight"] for bar in others} == {"normal"}


def test_the_sentence_names_the_best_of_the_others():
    told = bars_alt(VALUES, unit="dB", emphasised="this reconstruction")
    assert told == "this reconstruction: 41.2 dB, above the best of the others (nearest other photograph, 14.1 dB)."
    low = bars_alt({"it": 9.0, "grey": 12.0}, unit="dB", emphasised="it")
    assert low == "it: 9 dB, not above the best of the others (grey, 12 dB)."


def test_the_sentence_does_without_the_others():
    assert bars_alt({"it": 9.0}, unit="dB", emphasised="it") == "it: 9 dB."
    assert bars_alt({"it": float("nan")}, unit="dB", emphasised="it") == "it: no finite value."
