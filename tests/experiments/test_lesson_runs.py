"""Trials: a start of a page with knobs turned, what is run of it, and refusals of what cannot be had."""

import pytest

from leaklab.experiments.comparison import Comparison
from leaklab.experiments.defended import Defended
from leaklab.experiments.lesson_runs import SHELVES, Trial
from leaklab.experiments.lessons import HOME
from leaklab.experiments.utility import Utility
from leaklab.experiments.viewpoints import Viewpoints
from leaklab.settings import Refusal


def test_a_run_is_a_start_with_knobs_turned():
    trial = Trial(start="playground/easy-leak", change={"recipe.stages.0.restarts": 1, "seed": 7})
    assert (trial.page, trial.held.seed, trial.held.recipe.stages[0].restarts) == ("playground", 7, 1)
    assert trial.experiment == trial.held


def test_a_start_of_the_federation_is_looked_at_from_all_places():
    trial = Trial(start="federation/three-neighbours")
    assert trial.experiment == Viewpoints(inversion=trial.held)


def test_a_column_of_the_defences_is_attacked_or_learnt_under():
    held = Trial(start="defences/four-defences").held
    assert isinstance(held, Comparison)
    attacked = Trial(start="defences/four-defences", column="top-k")
    assert isinstance(attacked.experiment, Defended) and attacked.experiment == held.defended("top-k", 0.9)
    stronger = Trial(start="defences/four-defences", column="noise", strength=0.1)
    assert stronger.experiment == held.defended("noise", 0.1)
    learnt = Trial(start="defences/four-defences", column="dp-sgd", learning=True)
    assert isinstance(learnt.experiment, Utility) and learnt.experiment == held.utility("dp-sgd", 1)
    assert Trial(start="defences/four-defences").experiment == held.defended()


@pytest.mark.parametrize(("wrong", "said"), [
    ({"start": "playground/no-such"}, "playground/easy-leak"),
    ({"start": "story/first"}, "There is no start"),
    ({"start": "playground/easy-leak", "change": {"recipe.stages.0.wings": 2}}, "no knob 'recipe.stages.0.wings'"),
    ({"start": "playground/easy-leak", "change": {"seed": -1}}, "seed"),
    ({"start": "defences/four-defences", "column": "wall"}, "There is no defence 'wall'"),
    ({"start": "defences/four-defences", "column": "noise", "strength": 99.0}, "not allowed"),
])  # fmt: skip
def test_a_run_that_cannot_be_had_is_refused_in_a_sentence(wrong: dict, said: str):
    with pytest.raises(Refusal, match=said):
        Trial.read(wrong)


def test_every_shelf_is_a_page():
    assert all((HOME.parents[1] / "pages" / f"{name}.py").exists() for name in SHELVES)
