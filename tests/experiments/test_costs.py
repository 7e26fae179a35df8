"""How many evaluations an attack takes: read from the recipe, and as many as were counted."""

import pytest

from leaklab.attacks.matching.optimisers import CMAES, Adam
from leaklab.attacks.recipe import Recipe
from leaklab.attacks.recipes import DLG, IG, RGAP
from leaklab.experiments.catalogue import PRESETS
from leaklab.experiments.costs import Evaluations, alike, evaluations
from leaklab.experiments.inversion import Inversion
from leaklab.federation.rounds import Federation
from tests.experiments import small

TWO = Federation(clients=2)
STAGE = ("recipe", "stages", 0)


@pytest.mark.parametrize(
    ("inversion", "exact"),
    [
        (small.inversion(of=IG, iterations=4), True),
        (small.inversion(TWO, of=IG, restarts=2), True),
        (small.inversion(TWO), False),
        (small.inversion().changed((*STAGE, "optimiser"), CMAES(population=4)).changed((*STAGE, "space"),
         {"kind": "bicubic", "factor": 4}), True),
    ],
    ids=["adam", "two-clients", "l-bfgs", "cma-es"],
)  # fmt: skip
def test_they_are_as_many_as_were_counted(inversion: Inversion, exact: bool):
    inversion = inversion.changed((*STAGE, "enough"), 0)
    told = evaluations(inversion)
    *_, last = inversion.run("cpu")
    assert (told.exact, told.early) == (exact, False)
    if exact:
        assert told.count == last.scalars["evaluations"]
    else:
        assert told.count / 2 <= last.scalars["evaluations"] <= 2 * told.count


def test_several_stages_and_cycles_add_up():
    stage = small.inversion(of=IG, iterations=4).recipe.stages[0]
    recipe = Recipe(stages=(stage, stage), cycles=3)
    assert evaluations(small.inversion().changed(("recipe",), recipe)).count == 3 * 2 * 5


def test_equations_take_none_and_what_nothing_tells_is_not_made_up():
    assert evaluations(Inversion(recipe=RGAP)) == Evaluations(0, exact=True, early=False)
    assert evaluations(small.inversion().changed((*STAGE, "optimiser"), CMAES(population=0))) is None
    assert all(evaluations(preset.experiment) for preset in PRESETS.values())


def test_a_slow_run_of_the_default_took_about_what_is_expected():
    assert evaluations(PRESETS["aggregated-fails"].experiment) == Evaluations(
        681, exact=False, early=True
    )  # about 700 were


def test_experiments_of_the_same_pace_differ_in_seed_photograph_and_length_alone():
    one = small.inversion()
    assert alike(one) == alike(one.changed(("seed",), 5).changed((*STAGE, "iterations"), 50))
    assert alike(one) != alike(one.changed((*STAGE, "restarts"), 2))
    assert alike(one) != alike(small.inversion(TWO)) and alike(Inversion(recipe=DLG)) != alike(Inversion(recipe=IG))
    assert alike(one) != alike(one.changed((*STAGE, "optimiser"), Adam()))
