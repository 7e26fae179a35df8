"""A drift drawn: powers as straight lines, the lemma dashed upon what was measured, and sentences beside both."""

import json
import math

import pytest

from leaklab.experiments.drift_cells import Cell, series
from leaklab.experiments.frame import Frame
from leaklab.views import drift
from leaklab.views.palette import DARK, LIGHT

RATES, STEPS, CLIENTS = (1e-4, 1e-3), (1, 2, 3), (1, 2, 4)


def _cell(clients: int, steps: int, lr: float) -> Cell:
    lemma = 8 * steps * (steps - 1) * lr**2 * (clients - 1)
    law = steps * (steps - 1) * lr**2 * (clients - 1) / (2 * clients)
    return Cell(clients, steps, lr, 2 * clients, 1.5 * lemma, lemma, law, 0.25 * lemma)


CELLS = [_cell(clients, steps, lr) for clients in CLIENTS for lr in RATES for steps in STEPS]
FRAME = Frame(2, 1.0, series=series(CELLS), note="It grows.\nThe network has kinks.", final=True)
EMPTY = Frame(0, 0.0)
STILL = Frame(0, 0.0, series=series([_cell(1, steps, lr) for lr in RATES for steps in STEPS]))


def measured(option: dict) -> dict[str, list[list[float]]]:
    """Return the points of what was measured by name; what the lemma says stands behind each."""
    return {drawn["name"]: [point["value"] for point in drawn["data"]] for drawn in option["series"][::2]}


def test_against_the_rate_each_number_of_steps_that_can_drift_is_a_line_of_logarithms():
    option = drift.against_rate(FRAME)
    assert [drawn["name"] for drawn in option["series"]] == ["τ = 2", "Lemma 1", "τ = 3", "Lemma 1"]
    logs = [math.log10(2.16e-6), math.log10(2.16e-4)]
    assert measured(option)["τ = 3"] == [[-4, pytest.approx(logs[0], abs=1e-4)], [-3, pytest.approx(logs[1], abs=1e-4)]]
    assert option["series"][3]["data"][0] == [-4, pytest.approx(math.log10(1.44e-6), abs=1e-4)]
    assert json.dumps(option, allow_nan=False)


def test_the_axes_reach_over_whole_powers_of_ten_and_write_them():
    option = drift.against_rate(FRAME)
    assert [option["xAxis"][name] for name in ("min", "max")] == [-4, -3]
    assert [option["yAxis"][name] for name in ("min", "max")] == [-7, -3]
    assert option["xAxis"]["axisLabel"]["formatter"] == option["yAxis"]["axisLabel"]["formatter"] == "1e{value}"


def test_a_tooltip_says_the_numbers_themselves():
    first = drift.against_rate(FRAME)["series"][2]["data"][0]
    assert first["tooltip"]["formatter"] == (
        "K = 4, τ = 3, η = 0.0001<br>divergence 2.16e-06 ± 3.6e-07<br>Lemma 1: 1.44e-06"
    )


def test_some_clients_or_the_most():
    few = measured(drift.against_rate(FRAME, clients=2))["τ = 2"]
    most = measured(drift.against_rate(FRAME))["τ = 2"]
    assert [y for _, y in most] == pytest.approx([y + math.log10(3) for _, y in few], abs=1e-3)


def test_of_one_client_nothing_has_a_logarithm():
    option = drift.against_rate(STILL)
    assert all(y is None for points in measured(option).values() for _, y in points)
    assert "min" not in option["yAxis"] and json.dumps(option, allow_nan=False)


def test_against_the_steps_each_number_of_clients_is_a_line_in_a_power_of_ten():
    option, large = drift.against_steps(FRAME), drift.against_steps(FRAME, lr=1e-3)
    assert list(measured(option)) == ["K = 1", "K = 2", "K = 4"]
    assert option["yAxis"]["name"] == "divergence ‖δ‖, in 1e-6" and large["yAxis"]["name"].endswith("in 1e-4")
    assert measured(option)["K = 4"] == [[1, 0.0], [2, pytest.approx(0.72)], [3, pytest.approx(2.16)]]
    assert measured(option)["K = 1"] == [[1, 0.0], [2, 0.0], [3, 0.0]]
    assert measured(large)["K = 4"][2] == [3, pytest.approx(2.16)]
    assert json.dumps(option, allow_nan=False)


@pytest.mark.parametrize("draw", [drift.against_rate, drift.against_steps])
@pytest.mark.parametrize(("dark", "ground"), [(False, LIGHT), (True, DARK)])
def test_the_lemma_is_thin_and_dashed_upon_the_pale_line_and_the_marks_of_what_was_measured(draw, dark, ground):
    drawn = draw(FRAME, dark=dark)["series"]
    for index, (broad, thin) in enumerate(zip(drawn[::2], drawn[1::2], strict=True)):
        assert broad["lineStyle"]["color"] == thin["lineStyle"]["color"] == ground.line(index)
        assert (broad["lineStyle"]["type"], thin["lineStyle"]["type"]) == ("solid", "dashed")
        assert broad["lineStyle"]["width"] > 3 * thin["lineStyle"]["width"] and broad["lineStyle"]["opacity"] < 0.5
        assert thin["symbol"] == "none" and thin["z"] > broad["z"]
    marks = [broad["symbol"] for broad in drawn[::2]]
    assert len(set(marks)) == len(marks) and "none" not in marks


def test_the_legend_shows_every_mark_and_the_lemma_once():
    legend = drift.against_rate(FRAME)["legend"]
    assert legend["itemStyle"] == {"opacity": 1}
    assert [entry["name"] for entry in legend["data"]] == ["τ = 2", "τ = 3", "Lemma 1"]


def test_the_sentences_state_the_takeaway():
    assert drift.against_rate_alt(FRAME, clients=2) == (
        "2 clients after 3 steps: divergence 7.2e-07 at learning rate 0.0001 and 7.2e-05 at 0.001, a slope of 2.00; "
        "Lemma 1 says 4.8e-07 and 4.8e-05, a slope of 2."
    )
    assert drift.against_steps_alt(FRAME) == (
        "Divergence at learning rate 0.0001: 1 client 0 after 3 steps; 2 clients 7.2e-07 after 3 steps; "
        "4 clients 2.2e-06 after 3 steps."
    )


def test_one_rate_has_no_slope():
    one = Frame(0, 0.0, series=series([cell for cell in CELLS if cell.lr == 1e-3]))
    assert drift.against_rate_alt(one) == (
        "4 clients after 3 steps: divergence 0.00022 at learning rate 0.001, Lemma 1 says 0.00014."
    )


def test_nothing_yet_and_nothing_at_all_are_said_too():
    for told in (drift.against_rate_alt(EMPTY), drift.against_steps_alt(EMPTY)):
        assert told == "No divergence has been measured yet."
    assert drift.against_rate_alt(STILL) == "One client, or one step, and there is no divergence."
    assert drift.against_rate(EMPTY)["series"] == drift.against_steps(EMPTY)["series"] == []


def test_what_ran_away_is_a_gap_and_a_dash():
    lost = [*CELLS, Cell(4, 2, 1e-2, 8, math.inf, 1.0, 1.0, math.nan)]
    frame = Frame(0, 0.0, series=series(lost))
    assert measured(drift.against_rate(frame))["τ = 2"][-1] == [-2, None]
    assert measured(drift.against_steps(frame, lr=1e-2))["K = 4"] == [[2, None]]
    assert drift.against_steps_alt(Frame(0, 0.0, series=series(lost[-1:]))) == "No divergence has been measured yet."
    assert any("–" in line for line in drift.summary("Drift", Frame(0, 0.0, series=series(lost), note="It ran away.")))


def test_what_can_be_chosen_is_what_was_measured():
    assert drift.rates(FRAME) == list(RATES) and drift.crowds(FRAME) == list(CLIENTS)
    assert drift.rates(EMPTY) == drift.crowds(EMPTY) == []


def test_the_lines_for_people_are_a_row_a_cell_and_what_was_said():
    lines = list(drift.summary("Drift of 4 clients", FRAME))
    assert lines[0] == "Drift of 4 clients" and lines[-2:] == ["It grows.", "Note: The network has kinks."]
    assert len(lines) == 3 + len(CELLS) + 3
    assert lines[-4].split() == ["4", "3", "0.001", "8", "0.000216", "3.6e-05", "0.000144", "2.25e-06"]
