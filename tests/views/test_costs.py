"""What an attack costs, in words."""

import pytest

from leaklab.experiments.costs import Evaluations
from leaklab.views.costs import ended, expected, taken

AT = {"iteration": 43.0, "iterations": 300.0}


def test_before_a_run_only_what_is_known_is_said():
    assert expected(None, None) == expected(Evaluations(0, exact=True, early=False), None) == ""
    assert expected(Evaluations(4801, exact=True, early=False), None) == "4,801 evaluations of the gradient."
    said = expected(Evaluations(6001, exact=False, early=True), 4.06)
    assert said == "At most about 6,001 evaluations of the gradient, about 4.1 s, as earlier runs like it took."
    assert expected(None, 75.0) == "About 1 min 15 s, as earlier runs like it took."


def test_afterwards_seconds_device_pace_evaluations_and_seed():
    said = taken({"iteration": 300.0, "evaluations": 6099.0, "cuda": 0.0}, 12.0, 7)
    assert said == "12.0 s on the CPU, 25 iterations a second, 6,099 evaluations of the gradient; seed 7."
    assert taken({"cuda": 1.0, "iteration": 3.0}, 2.0, 7) == "2.0 s on the GPU, 1.5 iterations a second; seed 7."
    assert taken({}, 90.0, 1) == "1 min 30 s; seed 1."


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("enough", "stopped by itself at iteration 43 of 300: the loss is so low that nothing is left to match."),
        ("stuck", "stopped by itself at iteration 43 of 300: no step lowers the loss any further."),
        ("diverged", "stopped by itself at iteration 43 of 300: the loss is no longer a number."),
        ("used up", "ended because all 300 iterations were used up."),
        ("solved", "ended because all equations are solved."),
    ],
)
def test_why_a_run_ended_is_one_sentence(why: str, said: str):
    assert ended(AT | {f"ended.{why}": 2.0}) == f"It {said}"


def test_attacks_that_ended_otherwise_are_counted():
    said = ended(AT | {"ended.enough": 2.0, "ended.used up": 1.0})
    assert said.startswith("Of 3 attacks ended 2 because the loss is so low") and "1 because all 300 iter" in said
    assert ended(AT) == ""
