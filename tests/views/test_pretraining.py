"""A training in words."""

from leaklab.experiments.frame import Frame
from leaklab.views.pretraining import line, summary
from tests.attacks.generative.test_shelf import ABOUT

FRAME = Frame(3, 65.4, {"step": 20.0, "steps": 40.0, "progress": 0.5, "critic": 1.23456}, note="Kept at step 20.")


def test_a_line_has_step_time_losses_and_note():
    assert line(FRAME) == "step 20 · 65 s · critic 1.2346 · Kept at step 20."
    assert line(Frame(0, 0.0, {"step": 0.0})) == "step 0 · 0 s"


def test_the_summary_has_the_losses_of_the_card():
    assert list(summary(ABOUT, FRAME)) == ["Kept at step 20.", "critic: 1"]
