"""The table of attacks: every row runs, cites its paper, fits in a link, and never sees behind the wall."""

import dataclasses
import tomllib
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import nn

from leaklab.attacks.generative import denoiser, shelf
from leaklab.attacks.generative.in_the_loop import DiffusionInTheLoop
from leaklab.attacks.labels import Given
from leaklab.attacks.matching.dummy_updates import FedSGD
from leaklab.attacks.matching.optimisers import CMAES
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.matching.spaces import GeneratorWeights, Untrained, generators
from leaklab.attacks.matching.spaces.generators import DCGAN
from leaklab.attacks.recipe import Recipe
from leaklab.attacks.recipes import RECIPES
from leaklab.attacks.snapshot import Snapshot
from leaklab.experiments.inversion import Inversion
from leaklab.federation.rounds import Exchange, Federation
from leaklab.networks.initialisation import pytorch
from leaklab.networks.layers import BatchNorm
from leaklab.protocol.observation import ThreatModel
from leaklab.protocol.training import Schedule
from leaklab.settings import Refusal, from_link, to_link
from tests.scene import CLASSES, dice, scene

STEPS = Schedule(epochs=2, batch_size=1, learning_rate=0.05)
EACH = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
PAPERS = Path(__file__).parents[1] / "assets/papers.toml"


class Sealed:
    """A secret that cannot be opened: whoever reads any part of it fails."""

    def __getattr__(self, name: str):
        raise AssertionError(f"the attack read the secret's {name}")


@pytest.fixture(scope="module")
def small_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a shelf with as small a generator of each name, and as small a denoiser, as there can be."""
    folder, tiny = tmp_path_factory.mktemp("weights"), DCGAN(4, 32, 3, latent=12)
    for seed, name in enumerate(("dcgan-cifar10", "dcgan-giml")):
        weights = generators.named(tiny, generators.drawn(tiny, dice(seed)))
        noise = torch.randn(32, 12, generator=dice(7))
        shelf.write(folder, name, card("dcgan", {}), weights | generators.measured(tiny, weights, noise))
    sizes = {"side": 32, "channels": 3, "blocks": "4,4", "layers": 1, "groups": 2}
    with torch.random.fork_rng():
        state = denoiser.unet(sizes).state_dict()
    shelf.write(folder, denoiser.NAME, card("denoiser", sizes), state)
    return folder


def card(kind: str, architecture: dict) -> shelf.Card:
    return shelf.Card(
        kind=kind, title="Tiny", side=32, channels=3, architecture=architecture, data="none", licence="none", steps=0,
        batch_size=1, seed=0, command="none", seconds=0, machine="none",
    )  # fmt: skip


@pytest.fixture(autouse=True)
def shipped(small_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the small weights in the place of those that ship."""
    monkeypatch.setattr(shelf, "SHIPPED", small_weights)


def short(recipe: Recipe) -> Recipe:
    stages = []
    for stage in recipe.stages:
        if isinstance(stage, GradientMatching):
            stage = stage.model_copy(update={"iterations": 3, "restarts": 2})
        if isinstance(stage, DiffusionInTheLoop):
            stage = stage.model_copy(update={"steps": 2, "matches": 3, "restarts": 2})
        space, optimiser = getattr(stage, "space", None), getattr(stage, "optimiser", None)
        if isinstance(space, Untrained) or getattr(space, "generator", "") == "untrained":
            stage = stage.model_copy(update={"space": space.model_copy(update={"width": 4})})
        if isinstance(optimiser, CMAES):
            stage = stage.model_copy(update={"optimiser": optimiser.model_copy(update={"population": 8})})
        stages.append(stage)
    return recipe.model_copy(update={"stages": tuple(stages), "cycles": min(2, recipe.cycles)})


def searches(recipe: Recipe) -> bool:
    return all(isinstance(stage, GradientMatching | DiffusionInTheLoop) for stage in recipe.stages)


def restarts(recipe: Recipe, snapshot: Snapshot) -> int:
    """Return how many guesses there are: two, or the better one where each has a generator's weights to itself."""
    alone = any(isinstance(getattr(stage, "space", None), GeneratorWeights) for stage in recipe.stages)
    return 1 if not searches(recipe) or (alone and snapshot.stage) else 2


def stepwise(recipe: Recipe) -> bool:
    """Return whether a recipe has something to say of several local steps."""
    return searches(recipe) and not isinstance(recipe.stages[0].dummy_update, FedSGD)


def exchange(recipe: Recipe) -> Exchange:
    """Return what is seen of a network that the recipe can attack, beside what is true."""
    several = stepwise(recipe)
    some = dataclasses.replace(scene(2 if several else 1), network=victim(recipe))
    if recipe.key == "curious-client":
        federation = Federation(clients=2, view="client", schedule=STEPS)
    else:
        federation = Federation(schedule=STEPS if several else Schedule())
    [played] = some.play(federation, ThreatModel(labels=several or isinstance(recipe.labels, Given)))
    return played


def victim(recipe: Recipe) -> nn.Module:
    if recipe.key == "analytic":
        layers = [nn.Flatten(), nn.Linear(256, 8), nn.Sigmoid(), nn.Linear(8, CLASSES)]
    elif recipe.key == "gradinversion":
        layers = [nn.Conv2d(1, 4, 3, stride=2), BatchNorm(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 49, CLASSES)]
    else:
        return scene().network
    network = nn.Sequential(*layers).double()
    pytorch(network, dice(4))
    return network


def guesses(recipe: Recipe, played: Exchange) -> list[Snapshot]:
    return [snapshot for _, snapshot in Inversion(recipe=short(recipe)).guesses([played])]


@cache
def seeing(recipe: Recipe) -> list[Snapshot]:
    return guesses(recipe, exchange(recipe))


def same(one: Snapshot, other: Snapshot) -> bool:
    parts = ("losses", "images", "labels", "code")
    return one.best == other.best and all(torch.equal(getattr(one, part), getattr(other, part)) for part in parts)


@EACH
def test_it_runs_a_few_iterations_and_finds_finite_guesses(recipe: Recipe):
    found = seeing(recipe)
    assert [snapshot.iteration for snapshot in found] == list(range(len(found)))
    count = 2 if stepwise(recipe) else 1
    for snapshot in found:
        rows = restarts(recipe, snapshot)
        assert snapshot.images.shape == (rows, count, 1, 16, 16) and snapshot.images.isfinite().all()
        assert snapshot.losses.isfinite().all() and snapshot.labels.shape == (rows, count, CLASSES)
        assert torch.allclose(snapshot.labels.sum(2), torch.ones((), dtype=torch.float64))
    if searches(recipe):
        # The best comes once more where a later cycle ended worse.
        assert short(recipe).iterations + 1 <= len(found) <= short(recipe).iterations + min(2, recipe.cycles)
        assert min(float(snapshot.losses.min()) for snapshot in found[1:]) < float(found[0].losses.min())
    else:
        assert float(found[-1].losses) < 1e-12 and found[-1].settled


def test_a_recipe_refuses_a_network_it_cannot_attack_before_it_starts():
    words = {"analytic": "choose the MLP", "gradinversion": "batch norm"}
    for key, wanted in words.items():
        with pytest.raises(Refusal, match=wanted):
            next(RECIPES[key].invert(exchange(RECIPES["dlg"])[0], seed=0))


@EACH
def test_blindfolded_it_makes_the_same_guesses(recipe: Recipe):
    blindfolded = guesses(recipe, (exchange(recipe)[0], Sealed()))
    assert len(blindfolded) == len(seeing(recipe)) and all(map(same, seeing(recipe), blindfolded))


def test_rows_about_local_training_are_blindfolded_over_several_steps():
    wanted = {"fedavg-sim", "fedavg-line", "fedavg-epoch", "fedavg-epoch-line", "aga", "rog-fedavg", "curious-client"}
    assert {key for key, recipe in RECIPES.items() if stepwise(recipe)} == wanted | {
        "ig",
        "modern",
        "fast-convnet",
        "fast-deep",
    }
    for key in wanted:
        seen, secret = exchange(RECIPES[key])
        assert seen.schedule == STEPS and len(secret.batches) == 4
        assert seen.order is seen.counts is None and (seen.own is not None) == (key == "curious-client")


def test_the_blindfold_would_notice():
    with pytest.raises(AssertionError, match="read the secret's images"):
        _ = Sealed().images
    [*_, other] = short(RECIPES["dlg"]).invert(exchange(RECIPES["dlg"])[0], seed=0)
    assert not same(seeing(RECIPES["dlg"])[-1], other)


@EACH
def test_it_cites_a_paper_and_tells_its_story_in_a_sentence(recipe: Recipe):
    assert recipe.source in tomllib.loads(PAPERS.read_text(encoding="utf-8"))
    assert recipe.name and recipe.story.endswith(".") and (not recipe.choice or recipe.choice.endswith("."))


@EACH
def test_it_travels_in_a_link(recipe: Recipe):
    assert from_link(Recipe, to_link(recipe)) == recipe
    whole = Inversion(recipe=recipe)
    assert from_link(Inversion, to_link(whole)) == whole


def test_the_key_of_a_row_is_its_own():
    assert all(recipe.key == key for key, recipe in RECIPES.items())
    wanted = "dlg idlg ig analytic rgap rgap-polish gradinversion cpl modern rog cinet dip"
    wanted += " fedavg-sim fedavg-line fedavg-epoch fedavg-epoch-line aga rog-fedavg curious-client"
    wanted += " gias ggl ggl-adam igims igims-adam igims-untrained ddpm-dlg"
    wanted += " fast-lenet fast-search fast-convnet fast-deep"
    assert set(wanted.split()) <= RECIPES.keys()
