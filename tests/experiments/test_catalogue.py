"""What is offered to start from: recipes with some of their knobs set, in the stages that have them."""

from leaklab.attacks.matching.priors import TotalVariation
from leaklab.attacks.recipes import CINET, DLG, RGAP, RGAP_POLISH
from leaklab.experiments.catalogue import tuned


def test_what_is_not_asked_for_stays():
    assert tuned(DLG) == DLG and tuned(RGAP_POLISH) == RGAP_POLISH


def test_every_stage_that_has_a_knob_gets_it():
    [stage] = tuned(DLG, restarts=2, iterations=7, scale=0.5, tv_weight=0.1).stages
    assert (stage.restarts, stage.iterations, stage.space.scale) == (2, 7, 0.5)
    assert stage.priors == (TotalVariation(weight=0.1),) and stage.optimiser == DLG.stages[0].optimiser


def test_a_stage_without_the_knob_is_left_alone():
    assert tuned(RGAP, restarts=2, iterations=7, scale=0.5, tv_weight=0.1) == RGAP
    solving, search = tuned(RGAP_POLISH, iterations=7, scale=0.5).stages
    assert solving == RGAP_POLISH.stages[0] and (search.iterations, search.space.scale) == (7, 0.5)
    assert tuned(CINET, scale=0.5) == CINET  # the noise of an untrained network has no scale
