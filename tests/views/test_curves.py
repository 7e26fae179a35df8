"""Curves: one line a restart and term, gaps for what cannot be drawn, and a sentence beside each."""

import json
from dataclasses import replace

import pytest

from leaklab.experiments.frame import Frame
from leaklab.views import curves
from leaklab.views.palette import DARK, LIGHT


def _clients(frames):
    return [replace(f, series=f.series | {"losses.1": [7.0 - f.index, 8.0, 9.0]}) for f in frames]


def test_the_loss_is_drawn_by_term_a_line_a_restart(frames):
    drawn = curves.losses(frames)
    assert drawn["yAxis"]["type"] == "log" and drawn["xAxis"]["name"] == "iteration"
    assert [s["name"] for s in drawn["series"]] == ["loss"] * 3 + ["matching"] * 3 + ["total variation"] * 3


def test_the_best_restart_is_thick_and_speaks_alone(frames):
    for term in range(3):
        best, *others = curves.losses(frames)["series"][3 * term : 3 * term + 3]
        assert best["lineStyle"]["width"] > max(other["lineStyle"]["width"] for other in others)
        assert best["tooltip"]["show"] and not any(other["tooltip"]["show"] for other in others)
    assert curves.losses(frames)["series"][0]["data"] == [[0, 100], [10, 10], [20, 1], [30, 0.1]]
    assert "restart 2 of 3" in curves.losses(frames)["title"]["text"]


def test_what_has_no_logarithm_is_a_gap(frames):
    series = {s["name"]: s for s in reversed(curves.losses(frames)["series"])}
    assert [y for _, y in series["total variation"]["data"]] == [None] * 4  # zero in the best restart
    json.dumps(curves.losses(frames), allow_nan=False)  # the third restart is NaN throughout


def test_a_single_term_is_not_drawn_twice(frames):
    plain = [replace(f, series={"losses.0": [2.0], "terms.0.matching": [2.0]}) for f in frames]
    assert [s["name"] for s in curves.losses(plain)["series"]] == ["loss"]
    assert "title" not in curves.losses(plain)


def test_several_attacks_are_drawn_by_client(frames):
    both = _clients(frames)
    assert curves.attacks(both) == [0, 1]
    assert {s["name"] for s in curves.losses(both)["series"]} == {"client 1", "client 2"}
    assert {s["name"] for s in curves.losses(both, attack=1)["series"]} == {"loss"}


@pytest.mark.parametrize("dark, ground", [(False, LIGHT), (True, DARK)])
def test_curves_wear_the_colours_of_their_ground(frames, dark, ground):
    drawn = curves.losses(frames, dark=dark)
    assert {s["lineStyle"]["color"] for s in drawn["series"]} == set(ground.lines[:3])
    assert len({s["lineStyle"]["type"] for s in drawn["series"]}) == 3
    assert drawn["textStyle"]["color"] == ground.words


def test_scores_have_two_axes_and_a_line_an_image(frames):
    drawn = curves.scores(frames)
    assert [axis["name"] for axis in drawn["yAxis"]] == ["PSNR (dB)", "SSIM"]
    assert [(s["name"], s["yAxisIndex"]) for s in drawn["series"]] == [("PSNR", 0)] * 3 + [("SSIM", 1)] * 3
    assert drawn["series"][0]["data"] == [[0, 15], [10, 20], [20, 25], [30, 30]]


def test_one_image_is_one_line(frames):
    single = [replace(f, series={"psnr": f.series["psnr"][:1], "ssim": f.series["ssim"][:1]}) for f in frames]
    assert len(curves.scores(single)["series"]) == 2


@pytest.mark.parametrize(
    "losses, best", [([3, 1, 2], 1), ([float("nan"), 5], 1), ([None, float("inf")], None), ([], None)]
)
def test_the_best_restart_has_the_lowest_finite_loss(losses, best):
    assert curves.best_restart(losses) == best


def test_the_sentence_states_the_takeaway(frames):
    assert curves.losses_alt(frames) == "Loss fell from 100 to 0.1; restart 2 is best."
    assert curves.scores_alt(frames) == "PSNR went from 15.0 to 30.0 dB; SSIM went from 0.00 to 0.75."
    assert curves.losses_alt(_clients(frames)) == (
        "Client 1: loss fell from 100 to 0.1; restart 2 is best. Client 2: loss fell from 7 to 4; restart 1 is best."
    )


def test_nothing_yet_is_said_too():
    empty = [Frame(index=0, seconds=0.0)]
    assert curves.losses_alt(empty) == "No loss has been recorded yet."
    assert curves.scores_alt(empty) == "No score has been recorded yet."
    assert curves.losses(empty)["series"] == []
    assert [s["data"] for s in curves.scores(empty)["series"]] == [[[0, None]]] * 2


def test_a_diverged_run_says_so(frames):
    lost = [replace(f, series={"losses.0": [float("inf"), float("nan")]}) for f in frames]
    assert curves.losses_alt(lost) == "Loss: no restart has a finite value."
    assert all(y is None for s in curves.losses(lost)["series"] for _, y in s["data"])
