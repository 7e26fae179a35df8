"""Paths drawn: the client in ink, the chord dashed, axes that stand still, and a sentence beside each drawing."""

import json

import pytest

from leaklab.experiments.frame import Frame
from leaklab.views import paths
from leaklab.views.palette import DARK, LIGHT

NAMES = {"fedavg": "FedAvg simulation", "fedavg_line": "FedAvg simulation + Line"}
ENDS = [0.0, 0.0, 1.0, 0.0, 1.0]


def frame(number: int, **walks: list[float]) -> Frame:
    """Return a moment at which every walk goes across as given, and the client by 0.2 at most."""
    series = {}
    for name, across in ({"client": [0, 0.2, 0.1, 0.2, 0]} | walks).items():
        series |= {f"path.{name}.x": [0, 0.25, 0.5, 0.75, 1], f"path.{name}.y": across, f"ends.{name}": ENDS}
    scalars = {"iteration": 10.0 * number, "straightness.client": 0.05}
    for name in walks:
        scalars |= {f"straightness.{name}": 0.2 - 0.05 * number, f"psnr.{name}": 10.0 * number + len(name)}
        scalars |= {f"apart.{name}": 1 / (number + len(name))}
    return Frame(number, float(number), scalars, series)


@pytest.fixture
def run() -> list[Frame]:
    far, near = [0, 0.5, 0.6, 0.5, -0.2], [0, 0.1, 0.1, 0.1, 0]
    return [frame(0), frame(1, fedavg=far, fedavg_line=far), frame(2, fedavg=near, fedavg_line=near)]


def test_the_client_is_drawn_in_ink_and_each_simulation_in_a_colour_of_its_own(run):
    for dark, ground in ((False, LIGHT), (True, DARK)):
        chord, client, *others = paths.plane(run, NAMES, dark=dark)["series"]
        assert (chord["data"], chord["lineStyle"]["type"]) == ([[0, 0], [1, 0]], "dashed")
        assert client["lineStyle"]["color"] == ground.words and client["lineStyle"]["width"] == 3.5
        assert [series["lineStyle"]["color"] for series in others] == list(ground.lines[:2])
        assert len({series["symbol"] for series in [client, *others]}) == 3  # told apart without colour
        assert [series["name"] for series in others] == list(NAMES.values())


def test_the_ends_of_epochs_are_larger_and_every_mark_says_what_it_is(run):
    client = paths.plane(run, NAMES)["series"][1]
    assert [mark["name"] for mark in client["data"]] == [
        "the weights sent out", "after step 1", "end of epoch 1", "after step 3", "end of epoch 2",
    ]  # fmt: skip
    sizes = [mark["symbolSize"] for mark in client["data"]]
    assert sizes[2] == sizes[4] > sizes[0] == sizes[1] == sizes[3]
    assert [mark["value"] for mark in client["data"]][1] == [0.25, 0.2]


def test_an_attack_that_has_not_begun_is_not_drawn(run):
    drawn = paths.plane(run, NAMES, moment=0)
    assert [series["name"] for series in drawn["series"]] == ["chord", "client"]
    assert drawn["legend"]["data"] == ["client"]


def test_the_axes_are_those_of_the_whole_run_and_hold_all_of_it(run):
    drawn = [paths.plane(run, NAMES, moment=moment) for moment in range(3)]
    for name in ("xAxis", "yAxis"):
        assert drawn[0][name] == drawn[1][name] == drawn[2][name]
    assert drawn[0]["xAxis"]["min"] < 0 and drawn[0]["xAxis"]["max"] > 1
    assert drawn[0]["yAxis"]["min"] < -0.2 and drawn[0]["yAxis"]["max"] > 0.6


@pytest.mark.parametrize(("high", "enlarged"), [
    (1.0, 1), (0.3, 1), (0.24, 2), (0.06, 5), (0.012, 20), (0.0, 100),
])  # fmt: skip
def test_a_flat_run_is_drawn_larger_across_by_a_round_number_that_is_said(high: float, enlarged: int):
    flat = frame(1, client=[0, high, 0, high, 0])
    drawn = paths.plane([flat], NAMES, aspect=2)
    wide, tall = (drawn[name]["max"] - drawn[name]["min"] for name in ("xAxis", "yAxis"))
    assert wide / tall == pytest.approx(2 * enlarged, rel=1e-3)
    said = f"across the chord, drawn about {enlarged} times larger" if enlarged > 1 else "across the chord"
    assert drawn["yAxis"]["name"] == said
    assert drawn["yAxis"]["max"] > high and drawn["xAxis"]["max"] > 1


def test_what_has_run_away_is_a_gap(run):
    lost = frame(3, fedavg=[0, 1, float("inf"), float("nan"), float("nan")])
    drawn = paths.plane([*run, lost], NAMES)
    assert [mark["value"][1] for mark in drawn["series"][2]["data"]] == [0, 1, None, None, None]
    json.dumps(drawn, allow_nan=False)
    assert drawn["yAxis"]["max"] < 2


def test_a_measure_is_drawn_over_the_iterations_and_the_clients_beside_it(run):
    client, *others = paths.curve(run, NAMES, "straightness")["series"]
    assert client["name"] == "client" and client["data"] == [[0, 0.05], [10, 0.05], [20, 0.05]]
    assert [series["data"] for series in others] == [[[10, 0.15], [20, 0.1]]] * 2
    drawn = paths.curve(run, NAMES, "psnr")
    assert drawn["yAxis"]["name"] == "PSNR (dB)"
    assert [series["name"] for series in drawn["series"]] == list(NAMES.values())
    assert drawn["series"][0]["data"] == [[10, 16], [20, 26]]


def test_the_sentences_state_the_takeaway(run):
    client = "The client's path leaves the chord by at most 0.2 of its length in this plane."
    assert paths.plane_alt(run, NAMES) == (
        f"{client} After 20 iterations the mean distance from it, in all directions, is 0.08 for FedAvg simulation + "
        "Line, 0.12 for FedAvg simulation."
    )
    assert paths.plane_alt(run, NAMES, moment=0) == f"{client} No attack has made a guess yet."
    assert paths.curve_alt(run, NAMES, "straightness") == (
        "1 − cos to the chord: client 0.05, FedAvg simulation 0.1, FedAvg simulation + Line 0.1."
    )
    assert paths.curve_alt(run[:1], NAMES, "psnr") == "Nothing has been measured yet."
