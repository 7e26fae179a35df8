"""What is set out of sight: everything that is not as usual, and nothing that is."""

import pytest

from leaklab.attacks.recipes import RECIPES
from leaklab.experiments import catalogue
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.landscape import Landscape
from leaklab.experiments.unseen import secretly
from leaklab.images.source import Cifar10
from leaklab.networks.zoo import NetworkChoice
from leaklab.settings import Path, Settings, walk

START = catalogue.DEFAULT.experiment


def basic(experiment: Settings) -> set[Path]:
    return {knob.path for knob in walk(experiment) if knob.level == "basic"}


def found(experiment: Settings, default: Settings = START) -> dict[str, object]:
    return {knob.dotted: knob.value for knob in secretly(experiment, default, basic(experiment))}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.key)
def test_a_recipe_as_it_stands_in_its_row_is_nothing_out_of_the_way(recipe):
    assert found(START.model_copy(update={"recipe": recipe})) == {}
    assert found(Landscape(inversion=Inversion(recipe=recipe)), Landscape(inversion=START)) == {}


def test_what_is_behind_more_and_not_as_usual_is_found_at_whatever_depth():
    chosen = START.changed(("precision",), "float32").changed(("scenario", "network", "activation"), "relu")
    chosen = chosen.changed(("recipe", "stages", 0, "optimiser", "history"), 7)
    assert found(chosen) == {
        "scenario.network.activation": "relu", "recipe.stages.0.optimiser.history": 7, "precision": "float32",
    }  # fmt: skip
    deep = Landscape(inversion=chosen)
    assert set(found(deep, Landscape(inversion=START))) == {f"inversion.{place}" for place in found(chosen)}


def test_what_is_shown_is_not_told_again():
    assert secretly(Inversion(seed=5), Inversion(), {("seed",)}) == []
    assert [knob.path for knob in secretly(Inversion(seed=5), Inversion(), set())] == [("seed",)]


def test_a_chain_of_parts_without_knobs_is_found_too():
    chosen = START.changed(("scenario", "federation", "defences"), [{"kind": "sign"}])
    [(place, value)] = found(chosen).items()
    assert place == "scenario.federation.defences" and [part.kind for part in value] == ["sign"]


def test_names_and_what_is_private_are_not_told():
    chosen = START.changed(("scenario", "source"), Cifar10(root="/home/me"))
    chosen = chosen.changed(("scenario", "network"), NetworkChoice(checkpoint="/home/me/weights.pt"))
    assert found(chosen.changed(("recipe", "story"), "Once upon a time.")) == {}


def test_another_part_is_measured_by_its_own_defaults():
    chosen = START.changed(("recipe", "stages", 0, "optimiser"), {"kind": "adam"})
    assert list(found(chosen)) == ["recipe.stages.0.optimiser"]
    slower = chosen.changed(("recipe", "stages", 0, "optimiser", "beta_1"), 0.5)
    assert list(found(slower)) == ["recipe.stages.0.optimiser", "recipe.stages.0.optimiser.beta_1"]
