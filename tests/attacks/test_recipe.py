"""A recipe as a whole: labels first, stages in a row, and a refusal where something is not told."""

import inspect

import pytest
import torch

from leaklab.attacks.labels import IDLG, Given, GivenOrIDLG, Jointly
from leaklab.attacks.matching.dummy_updates import AveragedGradient, FedAvg
from leaklab.attacks.matching.optimisers import LBFGS, Adam
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.recipe import Recipe
from leaklab.protocol.observation import ThreatModel
from leaklab.settings import Refusal
from tests.scene import scene

ADAM = GradientMatching(optimiser=Adam(), iterations=3)
FEDAVG = GradientMatching(dummy_update=FedAvg())
UNTOLD = ThreatModel(labels=False, schedule=False)
REFUSED = [  # recipe, number of images, the words expected
    (Recipe(labels=Given()), 1, "tick 'Labels are told'"),
    (Recipe(labels=GivenOrIDLG()), 2, "choose label recovery 'jointly'"),
    (Recipe(labels=IDLG()), 2, "use one photograph a client"),
    (Recipe(labels=Jointly(), stages=(FEDAVG,)), 1, "tick 'Local training is told'"),
    (Recipe(labels=Jointly(), stages=(ADAM, GradientMatching(dummy_update=AveragedGradient()))), 1, "'fedsgd'"),
    (Recipe(labels=Given(), stages=(FEDAVG,)), 1, "choose label recovery 'jointly'. The schedule of local"),
]


@pytest.mark.parametrize(("recipe", "count", "words"), REFUSED)
def test_what_is_not_told_is_refused_in_a_sentence_before_anything_runs(recipe: Recipe, count: int, words: str):
    with pytest.raises(Refusal) as refusal:
        next(recipe.invert(scene(count).observation(UNTOLD), seed=0))
    assert words in str(refusal.value) and str(refusal.value).endswith(".")


def test_an_attack_is_handed_an_observation_and_a_seed_and_nothing_else():
    assert list(inspect.signature(Recipe.invert).parameters) == ["self", "observation", "seed"]


def test_the_labels_are_recovered_before_the_first_stage():
    recipe = Recipe(labels=IDLG(), stages=(ADAM,))
    guesses = list(recipe.invert(scene().observation(UNTOLD), seed=0))
    assert all(guess.labels[0].argmax(1).tolist() == [0] and guess.labels.max() == 1 for guess in guesses)


def test_labels_stay_open_where_they_are_guessed_jointly():
    recipe = Recipe(labels=Jointly(), stages=(ADAM,))
    first, *_, last = recipe.invert(scene(2).observation(UNTOLD), seed=0)
    assert first.labels.max() < 1 and not torch.equal(first.labels, last.labels)


def test_stages_follow_each_other_as_one_row_of_iterations():
    recipe = Recipe(stages=(ADAM, GradientMatching(optimiser=LBFGS(updates=4), iterations=2)))
    guesses = list(recipe.invert(scene().observation(), seed=0))
    assert [(guess.stage, guess.iteration) for guess in guesses] == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 4), (1, 5)]
    spent = [guess.evaluations for guess in guesses]
    assert spent == sorted(set(spent)) and spent[:4] == [1, 2, 3, 4]
    assert recipe.iterations == 5


def test_a_stage_begins_where_the_last_one_ended():
    second = GradientMatching(optimiser=LBFGS(updates=1), iterations=1)
    found = list(Recipe(stages=(ADAM, second)).invert(scene().observation(), seed=0))
    assert found[4].losses <= found[3].losses  # L-BFGS never goes up from where it starts
    alone = list(Recipe(stages=(ADAM,)).invert(scene().observation(), seed=0))
    assert torch.equal(found[3].code, alone[3].code)


def test_only_the_last_stage_ends_the_attack():
    quick = ADAM.model_copy(update={"enough": 1.0})  # any fall of the loss is enough
    guesses = list(Recipe(stages=(quick, quick)).invert(scene().observation(), seed=0))
    assert [(guess.stage, guess.settled) for guess in guesses] == [(0, False), (0, False), (1, True)]
