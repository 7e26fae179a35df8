"""Attacks aligned by evaluations: which picture each had, how far two are apart, and what each came to."""

import json

import numpy as np
import pytest

from leaklab.experiments.frame import Frame
from leaklab.views import lineup
from leaklab.views.lineup import Row
from leaklab.views.lineup_curves import curves, curves_alt, stroke
from leaklab.views.lineup_sheet import sheet

FOUND = "Recovered in 1 min 2 s: PSNR 40 dB, label right. 3 of 4 restarts recovered."
LOST = "Not recovered after 4.1 s: PSNR 9 dB; without any attack, the best grey reaches 11 dB."


def row(title: str, evaluations: list[int], note: str = "", **more: bool) -> Row:
    """Return an attack whose likeness is as many decibels as it has taken evaluations, and whose loss falls."""
    frames = [
        Frame(
            n, n / 2, {"evaluations": float(e), "psnr": float(e), "ssim": e / 100, "loss": 1 / e, "iteration": n},
            note=note if last else "", final=bool(note) and last,
        )
        for n, e in enumerate(evaluations)
        for last in [n == len(evaluations) - 1]
    ]  # fmt: skip
    return Row(title, frames, **more)


QUICK, SLOW = row("Quick", [1, 4, 10], FOUND), row("Slow", [1, 21, 41, 61], LOST)
NONE = Row("None", ())


def test_marks_rise_end_with_the_last_end_and_are_no_more_than_asked_for():
    assert lineup.marks([QUICK, SLOW], 18) == (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 61)
    assert lineup.marks([QUICK, SLOW], 8) == (1, 2, 5, 10, 20, 50, 61)
    assert lineup.marks([NONE], 18) == (0,)
    for most in (2, 3, 5):
        found = lineup.marks([row("Long", [1, 123_456])], most)
        assert len(found) <= most and found[-1] == 123_456 and list(found) == sorted(set(found))


def test_marks_stay_where_they_are_while_an_attack_goes_on():
    early, later = (lineup.marks([row("One", [1, end])], 18) for end in (200, 900))
    assert set(early) <= set(later)


def test_a_row_shows_what_its_attack_had_at_so_many_evaluations():
    assert [QUICK.at(mark).index for mark in (0, 1, 3, 4, 9, 10, 61)] == [0, 0, 0, 1, 1, 2, 2]
    assert [SLOW.place(mark) for mark in (1, 20, 21, 60, 61)] == [0, 0, 1, 2, 3]


def test_a_caption_states_evaluations_and_decibels():
    assert lineup.caption(QUICK, 1) == "1 evaluation · 1.0 dB"
    assert lineup.caption(SLOW, 60) == "41 evaluations · 41.0 dB"
    assert lineup.caption(QUICK, 61) == "ended after 10 evaluations · 10.0 dB"
    assert lineup.caption(row("On", [1, 5]), 61) == "so far 5 evaluations · 5.0 dB"
    assert lineup.caption(row("Cancelled", [1, 5], stopped=True), 61) == "ended after 5 evaluations · 5.0 dB"
    assert lineup.caption(NONE, 5) == "nothing yet"
    assert lineup.alt(QUICK, 4) == "Reconstruction by Quick: 4 evaluations · 4.0 dB"


def test_a_score_that_is_not_a_number_is_a_dash():
    broken = Row("Broken", [Frame(0, 0.0, {"evaluations": 1.0, "psnr": float("nan"), "loss": float("inf")})])
    assert lineup.caption(broken, 1) == "1 evaluation · – dB" and lineup.deltas(broken, QUICK, 1) == ""
    assert "–" in lineup.table([broken])["Broken"]
    json.dumps(lineup.record([broken], {}), allow_nan=False)


def test_the_difference_is_black_where_two_pictures_are_the_same():
    one = np.full((4, 8, 3), 100, np.uint8)
    other = one.copy()
    other[0, 0] = 255
    found = lineup.difference(one, other)
    assert found.dtype == np.uint8 and found.shape == one.shape
    assert (found[1:] == found[3, 7]).all() and found[3, 7].sum() < 10 < found[0, 0].sum()
    assert np.array_equal(found, lineup.difference(other, one))


def test_deltas_say_by_how_much_the_second_is_above_the_first():
    assert lineup.deltas(QUICK, SLOW, 61) == "PSNR +51.0 dB · SSIM +0.510 · loss × 0.16"
    assert lineup.deltas(SLOW, QUICK, 61) == "PSNR −51.0 dB · SSIM −0.510 · loss × 6.1"
    assert lineup.deltas(QUICK, SLOW, 1).startswith("PSNR +0.0 dB")


def test_the_table_has_a_column_an_attack():
    found = lineup.table([QUICK, SLOW, row("On", [1, 2]), row("Gone", [1], stopped=True), NONE])
    heads = dict(zip(found[""], zip(*(found[name] for name in ("Quick", "Slow", "On", "Gone", "None")), strict=True),
                     strict=True))  # fmt: skip
    assert heads["PSNR"][:2] == ("10.0 dB", "61.0 dB") and heads["evaluations"][:3] == ("10", "61", "2")
    assert heads["seconds"][:2] == ("1.0", "1.5") and heads["evaluations a second"][0] == "10"
    assert heads["starts recovered"] == ("3 of 4", "0 of 1", "–", "–", "–")
    assert heads["verdict"] == ("Recovered", "Not recovered", "going on", "ended early", "–")


def test_the_headline_waits_for_all_and_names_the_seed():
    assert lineup.headline([QUICK, row("On", [1, 2])], 7) == "" == lineup.headline([QUICK, NONE], 7)
    said = lineup.headline([QUICK, SLOW], 7)
    assert said.startswith("1 of 2 attacks recovered everything; the fewest evaluations took Quick: 10. One seed (7)")
    assert lineup.headline([SLOW, SLOW], 7).startswith("0 of 2 attacks recovered everything. One")


@pytest.mark.parametrize(("note", "told"), [
    ("All 3 photographs recovered in 2.0 s: mean PSNR 40 dB.", "All 3 photographs recovered"),
    ("1 of 3 photographs recovered, 2 hinted at after 2.0 s: mean", "1 of 3 photographs recovered, 2 hinted at"),
    ("Only a hint after 1 min 2 s: PSNR 12 dB", "Only a hint"),
])  # fmt: skip
def test_an_outcome_is_what_the_verdict_begins_with(note: str, told: str):
    assert lineup.outcome(row("One", [1], note)) == told


def test_all_numbers_can_be_kept():
    kept = lineup.record([QUICK, NONE], {"seed": 7})
    assert kept["settings"] == {"seed": 7} and kept["attacks"][1]["moments"] == []
    assert kept["attacks"][0]["outcome"] == "Recovered" and kept["attacks"][0]["moments"][-1]["psnr"] == 10


def test_a_line_ends_where_its_attack_does_and_all_can_be_read_at_one_place():
    drawn = curves([QUICK, SLOW], "psnr", "evaluations")
    quick, slow = (dict(map(tuple, series["data"])) for series in drawn["series"])
    assert list(quick) == [1, 4, 10] and list(slow) == [1, 4, 10, 21, 41, 61]
    assert slow[4] == slow[10] == 1 and slow[61] == 61
    assert drawn["xAxis"]["name"] == "evaluations" and drawn["yAxis"]["name"] == "PSNR (dB)"


def test_curves_may_be_drawn_against_seconds_and_of_the_loss():
    drawn = curves([QUICK, SLOW, NONE], "loss", "seconds", dark=True)
    assert [point[0] for point in drawn["series"][0]["data"]] == [0, 0.5, 1] and drawn["series"][2]["data"] == []
    assert drawn["yAxis"]["type"] == "log"


def test_four_lines_differ_by_more_than_colour():
    for dark in (False, True):
        drawn = [stroke(number, dark=dark) for number in range(4)]
        assert len({one.dash for one in drawn}) == len({one.colour for one in drawn}) == 4


def test_a_curve_says_who_is_best():
    assert curves_alt([QUICK, SLOW, NONE], "psnr", "evaluations") == (
        "PSNR at the end, best first: Slow 61 after 61 evaluations; Quick 10 after 10 evaluations."
    )
    assert "best first: Slow 0.0164 after 1.5 seconds" in curves_alt([QUICK, SLOW], "loss", "seconds")
    assert curves_alt([NONE], "psnr", "evaluations") == "Nothing yet."


@pytest.mark.parametrize("tiles", [1, 3])
def test_a_sheet_has_a_row_an_attack_and_shows_every_pixel_as_it_is(tiles: int):
    truth = np.random.default_rng(0).integers(0, 256, (16, 16 * tiles, 3), dtype=np.uint8)
    whole = sheet(truth, [("A title that is far too long to stand", [truth] * 3), ("B", [truth] * 2)], (1, 2, 5),
                  tiles=tiles)  # fmt: skip
    assert whole.dtype == np.uint8 and whole.shape[0] > 3 * 64
    first = whole[4 : 4 + 64, 170 : 170 + 64]
    assert np.array_equal(first[::4, ::4], truth[:, :16])
