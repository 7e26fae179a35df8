"""The table of attacks: every row runs, cites its paper, fits in a link, and never sees behind the wall."""

import tomllib
from functools import cache
from pathlib import Path

import pytest
import torch

from leaklab.attacks.recipe import Recipe
from leaklab.attacks.recipes import RECIPES
from leaklab.attacks.snapshot import Snapshot
from leaklab.experiments.inversion import Inversion
from leaklab.federation.rounds import Exchange, Federation
from leaklab.protocol.observation import ThreatModel
from leaklab.settings import from_link, to_link
from tests.scene import CLASSES, dice, scene

EACH = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
PAPERS = Path(__file__).parents[1] / "assets/papers.toml"


class Sealed:
    """A secret that cannot be opened: whoever reads any part of it fails."""

    def __getattr__(self, name: str):
        raise AssertionError(f"the attack read the secret's {name}")


def short(recipe: Recipe) -> Recipe:
    for stage in range(len(recipe.stages)):
        recipe = recipe.changed(("stages", stage, "iterations"), 3).changed(("stages", stage, "restarts"), 2)
    return recipe


def exchange() -> Exchange:
    alone = scene()
    [played] = Federation().play(
        alone.network, alone.images, alone.labels, num_classes=CLASSES, threat=ThreatModel(), generator=dice()
    )
    return played


def guesses(recipe: Recipe, played: Exchange) -> list[Snapshot]:
    return [snapshot for _, snapshot in Inversion(recipe=short(recipe)).guesses([played])]


@cache
def seeing(recipe: Recipe) -> list[Snapshot]:
    return guesses(recipe, exchange())


def same(one: Snapshot, other: Snapshot) -> bool:
    parts = ("losses", "images", "labels", "code")
    return one.best == other.best and all(torch.equal(getattr(one, part), getattr(other, part)) for part in parts)


@EACH
def test_it_runs_three_iterations_and_finds_finite_guesses(recipe: Recipe):
    found = seeing(recipe)
    assert [snapshot.iteration for snapshot in found] == list(range(3 * len(recipe.stages) + 1))
    for snapshot in found:
        assert snapshot.images.shape == (2, 1, 1, 16, 16) and snapshot.images.isfinite().all()
        assert snapshot.losses.isfinite().all() and torch.allclose(snapshot.labels.sum(2), torch.ones(2, 1).double())
    assert found[-1].losses.min() < found[0].losses.min()


@EACH
def test_blindfolded_it_makes_the_same_guesses(recipe: Recipe):
    blindfolded = guesses(recipe, (exchange()[0], Sealed()))
    assert len(blindfolded) == len(seeing(recipe)) and all(map(same, seeing(recipe), blindfolded))


def test_the_blindfold_would_notice():
    with pytest.raises(AssertionError, match="read the secret's images"):
        _ = Sealed().images
    [*_, other] = short(RECIPES["dlg"]).invert(exchange()[0], seed=0)
    assert not same(seeing(RECIPES["dlg"])[-1], other)


@EACH
def test_it_cites_a_paper_and_tells_its_story_in_a_sentence(recipe: Recipe):
    assert recipe.source in tomllib.loads(PAPERS.read_text(encoding="utf-8"))
    assert recipe.name and recipe.story.endswith(".")


@EACH
def test_it_travels_in_a_link(recipe: Recipe):
    assert from_link(Recipe, to_link(recipe)) == recipe
    whole = Inversion(recipe=recipe)
    assert from_link(Inversion, to_link(whole)) == whole


def test_the_key_of_a_row_is_its_own():
    assert all(recipe.key == key for key, recipe in RECIPES.items()) and {"dlg", "idlg", "ig"} <= RECIPES.keys()
