"""A recipe as a whole: labels first, stages in a row, and a refusal where something is not told."""

import inspect

import pytest
import torch

from leaklab.attacks.labels import IDLG, Given, GivenOrIDLG, Jointly
from leaklab.attacks.matching.dummy_updates import AveragedGradient, FedAvg, FedAvgEpoch
from leaklab.attacks.matching.optimisers import LBFGS, Adam
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.recipe import Recipe
from leaklab.protocol.observation import ThreatModel
from leaklab.protocol.training import Schedule
from leaklab.settings import Refusal
from tests.scene import scene

ADAM = GradientMatching(optimiser=Adam(), iterations=3)
FEDAVG, AVERAGED = (GradientMatching(dummy_update=part) for part in (FedAvg(), AveragedGradient()))
UNTOLD = ThreatModel(labels=False, epochs=False, batch_size=False, learning_rate=False)
REFUSED = [  # recipe, number of images, the words expected
    (Recipe(labels=Given()), 1, "tick 'Labels are told'"),
    (Recipe(labels=GivenOrIDLG()), 2, "choose label recovery 'jointly'"),
    (Recipe(labels=IDLG()), 2, "use one photograph a client"),
    (Recipe(labels=Jointly(), stages=(FEDAVG,)), 1, "Local epochs, batch size and learning rate are needed"),
    (Recipe(labels=Jointly(), stages=(ADAM, AVERAGED)), 1, "The number of local steps is needed"),
    (Recipe(labels=Given(), stages=(FEDAVG,)), 1, "choose label recovery 'jointly'. Local epochs, batch size"),
]


@pytest.mark.parametrize(("recipe", "count", "words"), REFUSED)
def test_what_is_not_told_is_refused_in_a_sentence_before_anything_runs(recipe: Recipe, count: int, words: str):
    with pytest.raises(Refusal) as refusal:
        next(recipe.invert(scene(count).observation(UNTOLD), seed=0))
    assert words in str(refusal.value) and str(refusal.value).endswith(".")


def test_without_a_number_of_photographs_nothing_can_be_searched_for():
    seen = scene(2).observation(ThreatModel(labels=False, number=False))
    for recipe in (Recipe(), Recipe(labels=Given(), stages=(FEDAVG,))):
        [said] = recipe.missing(seen)
        assert said.startswith("How many photographs are behind the update must be known") and "tick" in said
        with pytest.raises(Refusal, match="How many photographs"):
            next(recipe.invert(seen, seed=0))


def test_a_stage_may_follow_one_that_searched_an_image_set_an_epoch():
    epochwise = GradientMatching(dummy_update=FedAvgEpoch(), optimiser=Adam(), iterations=1)
    observation = scene(2, side=8, schedule=Schedule(epochs=2, learning_rate=0.1)).observation()
    found = list(Recipe(labels=Given(), stages=(epochwise, ADAM, epochwise)).invert(observation, seed=0))
    assert [snapshot.images.shape for snapshot in found] == [(1, 2, 1, 8, 8)] * 6
    assert [snapshot.code.shape[1] for snapshot in found] == [4 * 64] * 2 + [2 * 64] * 3 + [4 * 64]


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
