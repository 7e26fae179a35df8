"""An attacker who knows of defences: the truth costs it nothing, and where there is nothing to know nothing changes."""

from dataclasses import replace
from functools import cache

import pytest
import torch

from leaklab.attacks.matching.adapting import adapted, known, missing
from leaklab.attacks.matching.distances import L2, Cosine
from leaklab.attacks.matching.optimisers import LBFGS
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.matching.spaces import Pixels
from leaklab.federation.rounds import Federation
from leaklab.protocol.defences import (
    DPSGD,
    PRECODE,
    QSGD,
    Clip,
    Defence,
    Dropout,
    GaussianNoise,
    LaplaceNoise,
    RandomK,
    Sign,
    Soteria,
    TopK,
    Uniform,
)  # fmt: skip
from leaklab.protocol.observation import Observation, ThreatModel
from leaklab.protocol.training import Schedule
from tests.scene import scene

TOLD = ThreatModel(labels=True, defences=True)
EXACT = (
    Clip(bound=0.1), DPSGD(bound=0.1, noise_multiplier=0), TopK(left_out=0.5), RandomK(left_out=0.5), Uniform(bits=4),
    Sign(), Sign(scale="one"), Soteria(rate=0.3), PRECODE(scale=0), Dropout(rate=0.3),
)  # fmt: skip


def observed(*defences: Defence, images: int = 1, threat: ThreatModel = TOLD, **training: int) -> Observation:
    federation = Federation(images_per_client=images, defences=defences, schedule=Schedule(**training))
    return scene(images).play(federation, threat)[0][0]


def loss(stage: GradientMatching, observation: Observation, images: int = 1) -> float:
    """Return what the truth costs."""
    true = scene(images)
    objective = stage.bind(observation, true.labels)
    return float(objective.losses(true.images.flatten().unsqueeze(0)))


@pytest.mark.parametrize("distance", [L2(), Cosine()], ids=["l2", "cosine"])
@pytest.mark.parametrize("defence", EXACT, ids=lambda one: f"{one.kind}")
def test_to_an_attacker_who_was_told_the_truth_costs_nothing(defence: Defence, distance: L2 | Cosine):
    stage = GradientMatching(adapt="told", distance=distance)
    assert loss(stage, observed(defence)) < 1e-12


@pytest.mark.parametrize("defence", [one for one in EXACT if one != PRECODE(scale=0)], ids=lambda one: f"{one.kind}")
def test_to_one_who_does_not_adapt_the_truth_is_not_what_was_sent(defence: Defence):
    assert loss(GradientMatching(), observed(defence)) > 1e-3


@pytest.mark.parametrize("defence", [DPSGD(bound=0.1, noise_multiplier=0), Clip(bound=0.1)], ids=["dp-sgd", "clip"])
def test_of_several_photographs_and_steps_too(defence: Defence):
    from leaklab.attacks.matching.dummy_updates import FedAvg

    observation = observed(defence, images=3, threat=replace_order(TOLD), epochs=2, batch_size=2)
    assert loss(GradientMatching(adapt="told", dummy_update=FedAvg()), observation, images=3) < 1e-12


def replace_order(threat: ThreatModel) -> ThreatModel:
    return threat.model_copy(update={"order": True})


def test_each_photograph_is_clipped_and_not_their_mean():
    observation = observed(DPSGD(bound=0.1, noise_multiplier=0), images=3)
    clipped = replace(observation, defences=(Clip(bound=0.1),))
    stage = GradientMatching(adapt="told")
    assert loss(stage, observation, images=3) < 1e-12 < 1e-6 < loss(stage, clipped, images=3)


@pytest.mark.parametrize("defence", [GaussianNoise(sigma=0.1), LaplaceNoise(sigma=0.1), QSGD(levels=4)])
def test_dice_cannot_be_undone(defence: Defence):
    observation = observed(defence)
    assert loss(GradientMatching(adapt="told"), observation) == loss(GradientMatching(), observation) > 0


def test_a_bottleneck_hands_down_what_of_one_photograph_needs_neither_dice_nor_label():
    assert loss(GradientMatching(adapt="told"), observed(PRECODE())) < 1e-12
    wrong = GradientMatching(adapt="told").bind(observed(PRECODE()), (scene().labels + 1) % 4)
    assert float(wrong.losses(scene().images.flatten().unsqueeze(0))) < 1e-12


@pytest.mark.parametrize(("images", "behind"), [(1, ("linear.decoder", "linear.head")), (2, ("linear",))])
def test_what_the_dice_of_a_bottleneck_reach_is_passed_over(images: int, behind: tuple[str, ...]):
    observation = observed(PRECODE(), images=images)
    blurred = {
        name: tensor + 7 if name.startswith(behind) else tensor for name, tensor in observation.update.items()
    }  # fmt: skip
    assert any(not torch.equal(blurred[name], tensor) for name, tensor in observation.update.items())
    other, told = replace(observation, update=blurred), GradientMatching(adapt="told")
    assert loss(told, observation, images) == loss(told, other, images)
    assert loss(GradientMatching(), observation, images) != loss(GradientMatching(), other, images)


def test_where_everything_would_be_passed_over_everything_is_compared():
    seen = {"encoder.weight": torch.eye(2), "encoder.bias": torch.ones(2)}
    nothing = {name: torch.zeros_like(tensor).unsqueeze(0) for name, tensor in seen.items()}
    assert float(adapted(L2(), seen, (PRECODE(),))(nothing)) == 4


def test_who_is_told_nothing_cannot_adapt_to_it():
    stage = GradientMatching(adapt="told")
    [sentence] = stage.missing(observed(threat=ThreatModel(labels=True)))
    assert "tick 'Defences are told'" in sentence
    assert not missing(observed(threat=ThreatModel(labels=True)), "estimated") and not missing(observed(), "told")


def test_nobody_looks_at_defences_who_does_not_adapt():
    assert known(observed(Clip(bound=0.1)), "no") == () and known(observed(Clip(bound=0.1)), "told") == (
        Clip(bound=0.1),
    )


@pytest.mark.parametrize("how", ["told", "estimated"])
@pytest.mark.parametrize("restarts", [1, 2])
def test_without_a_defence_every_guess_is_the_same(how: str, restarts: int):
    def guesses(adapt: str) -> list[torch.Tensor]:
        stage = GradientMatching(adapt=adapt, iterations=2, restarts=restarts)
        return [snapshot.images for snapshot in stage.invert(observed(), scene().labels, seed=3)]

    assert all(torch.equal(one, other) for one, other in zip(guesses("no"), guesses(how), strict=True))


@pytest.mark.parametrize("how", ["told", pytest.param("estimated", marks=pytest.mark.slow)])
def test_half_the_numbers_are_enough_for_whoever_knows_which(how: str):
    assert error(how) < 1e-3 < 1e-2 < error("no")


@cache
def error(adapt: str) -> float:
    stage = GradientMatching(adapt=adapt, iterations=30, space=Pixels(scale=0.1), optimiser=LBFGS())
    *_, last = stage.invert(observed(RandomK(left_out=0.5)), scene().labels, seed=0)
    return float((last.images[0] - scene().images).square().mean())
