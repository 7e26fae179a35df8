"""The loop: what it yields, when it stops, and that restarts do not know of each other."""

import dataclasses
import math
from functools import cache

import pytest
import torch

from leaklab.attacks.matching import unrolled
from leaklab.attacks.matching.distances import Cosine
from leaklab.attacks.matching.dummy_updates import FedAvg
from leaklab.attacks.matching.optimisers import CMAES, LBFGS, Adam, Optimiser
from leaklab.attacks.matching.priors import GroupConsistency, TotalVariation
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.matching.spaces import Bicubic, Pixels
from leaklab.attacks.matching.unrolled import Unrolled
from leaklab.attacks.snapshot import Snapshot
from leaklab.protocol.observation import Observation
from tests.scene import TOLD, scene, trained

OPTIMISERS = [Adam(), Adam(sign="hard", decay="steps"), Adam(noise=0.05), LBFGS(updates=4)]
OPTIMISERS += [CMAES(population=40, sigma=0.1)]
EACH = pytest.mark.parametrize("optimiser", OPTIMISERS, ids=["adam", "signed adam", "noisy adam", "lbfgs", "cmaes"])
OPEN = pytest.mark.parametrize("labels", ["open", "told"])


def seen() -> Observation:
    return scene(2, side=8).observation(TOLD)


def stage(optimiser: Optimiser, *, restarts: int = 1, iterations: int = 3) -> GradientMatching:
    priors = (TotalVariation(weight=1e-3),)
    return GradientMatching(optimiser=optimiser, restarts=restarts, iterations=iterations, priors=priors, enough=0)


@cache
def run(optimiser: Optimiser, labels: str = "open", *, restarts: int = 1, seed: int = 7) -> list[Snapshot]:
    told = seen().labels if labels == "told" else None
    return list(stage(optimiser, restarts=restarts).invert(seen(), told, seed=seed))


@EACH
def test_the_start_comes_first_and_then_every_iteration(optimiser: Optimiser):
    found = run(optimiser, restarts=3)
    assert [snapshot.iteration for snapshot in found] == [0, 1, 2, 3]
    spent = [snapshot.evaluations for snapshot in found]
    assert spent[0] == 1 and spent == sorted(set(spent))
    assert all(snapshot.images.shape == (3, 2, 1, 8, 8) and snapshot.labels.shape == (3, 2, 4) for snapshot in found)
    assert all(torch.allclose(s.losses, sum(s.terms.values()), rtol=1e-12) for s in found)


@EACH
def test_the_loss_falls(optimiser: Optimiser):
    found = run(optimiser, restarts=3)
    assert (found[-1].losses < found[0].losses).all()


@EACH
@OPEN
def test_the_same_seed_gives_the_same_guesses_to_the_last_bit(optimiser: Optimiser, labels: str):
    again = run.__wrapped__(optimiser, labels, restarts=3)
    for one, other in zip(run(optimiser, labels, restarts=3), again, strict=True):
        assert torch.equal(one.code, other.code) and torch.equal(one.losses, other.losses)


@EACH
@OPEN
def test_the_first_restart_alone_is_the_first_of_many(optimiser: Optimiser, labels: str):
    together, alone = run(optimiser, labels, restarts=3), run(optimiser, labels)
    assert torch.equal(together[0].code[:1], alone[0].code)
    assert torch.allclose(together[-1].code[0], alone[-1].code[0], rtol=1e-6, atol=1e-8)


@EACH
def test_restart_k_of_a_seed_is_the_first_of_seed_plus_k(optimiser: Optimiser):
    together = run(optimiser, restarts=3, seed=7)
    for restart in range(3):
        alone = run(optimiser, seed=7 + restart)
        assert torch.equal(together[0].code[restart], alone[0].code[0])
        assert torch.allclose(together[-1].code[restart], alone[-1].code[0], rtol=1e-6, atol=1e-8)


@EACH
def test_a_restart_that_is_not_a_number_never_wins_and_the_others_go_on(optimiser: Optimiser):
    matching = stage(optimiser, restarts=3)
    [first, *_] = matching.invert(seen(), None, seed=7)
    code = first.code.clone()
    code[0, 5] = torch.nan
    broken = list(matching.invert(seen(), None, seed=7, previous=dataclasses.replace(first, code=code)))
    whole = run(optimiser, restarts=3)
    for spoiled, right in zip(broken, whole, strict=True):
        lost = spoiled.losses[0] == math.inf and spoiled.best != 0
        assert lost or (isinstance(optimiser, CMAES) and spoiled.iteration)  # a population is drawn anew
        assert torch.allclose(spoiled.code[1:], right.code[1:], rtol=1e-6, atol=1e-8)


def test_a_stage_goes_on_from_the_one_before():
    previous = run(Adam())[-1]
    first = next(stage(Adam()).invert(seen(), None, seed=0, stage=1, previous=previous))
    assert torch.equal(first.code, previous.code) and (first.stage, first.iteration) == (1, 0)


def test_it_stops_once_the_loss_is_a_small_enough_share_of_the_first():
    matching = stage(LBFGS(updates=4), iterations=50).changed(("enough",), 1e-2)
    found = list(matching.invert(seen(), None, seed=7))
    goal = 1e-2 * float(found[0].losses.min())
    assert found[-1].losses.min() <= goal < found[-2].losses.min()
    assert found[-1].settled and not any(snapshot.settled for snapshot in found[:-1])
    assert [snapshot.ended for snapshot in found] == [""] * (len(found) - 1) + ["enough"]


def test_it_stops_when_no_restart_can_move():
    matching = stage(LBFGS(), iterations=50)
    nowhere = torch.full((1, 2 * 64), torch.nan, dtype=torch.float64)
    previous = dataclasses.replace(run(Adam())[0], code=nowhere)
    found = list(matching.invert(seen(), torch.tensor([0, 1]), seed=0, previous=previous))
    assert len(found) == 2 and found[-1].settled and found[-1].ended == "diverged"


def test_it_says_that_it_can_move_no_further_where_every_start_is_as_good_as_it_gets():
    alone = scene(side=8)
    matching = stage(LBFGS(), iterations=60)  # with a wish for smoothness the loss never falls to nothing
    *_, last = matching.invert(alone.observation(), alone.labels, seed=1)
    assert last.iteration < 60 and (last.settled, last.ended) == (True, "stuck")


def test_it_waits_no_longer_for_starts_of_which_none_has_a_loss():
    nowhere = torch.full((2, 2 * 64), torch.nan, dtype=torch.float64)
    previous = dataclasses.replace(run(Adam(), restarts=2)[0], code=nowhere)
    found = list(stage(Adam(), iterations=50).invert(seen(), torch.tensor([0, 1]), seed=0, previous=previous))
    assert len(found) == 21 and (found[-1].settled, found[-1].ended) == (True, "diverged")


def test_iterations_that_are_used_up_are_no_reason_of_its_own():
    assert run(Adam())[-1].ended == "" and not run(Adam())[-1].settled


def test_nothing_is_computed_before_it_is_asked_for():
    asked = stage(Adam(), iterations=50_000).invert(seen(), None, seed=0)
    assert [next(asked).iteration, next(asked).iteration] == [0, 1]


def test_the_observation_is_left_as_it_was():
    observation = seen()
    before = {name: part.clone() for name, part in observation.update.items()}
    weights = {name: part.clone() for name, part in observation.weights.items()}
    for _ in stage(LBFGS(), restarts=2).invert(observation, observation.labels, seed=0):
        pass
    assert all(torch.equal(observation.update[name], before[name]) for name in before)
    assert all(torch.equal(observation.weights[name], weights[name]) for name in weights)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_guesses_have_the_precision_of_what_is_seen(dtype: torch.dtype):
    observation = scene(2, side=8, dtype=dtype).observation()
    for snapshot in stage(LBFGS(), restarts=2).invert(observation, observation.labels, seed=0):
        assert {snapshot.losses.dtype, snapshot.images.dtype, snapshot.labels.dtype} == {dtype}


def test_the_image_comes_back():
    alone = scene(side=8)
    matching = GradientMatching(optimiser=LBFGS(), restarts=2, iterations=30)
    *_, last = matching.invert(alone.observation(), alone.labels, seed=1)
    assert (last.images[last.best] - alone.images).square().mean() < 1e-6


def test_a_stage_says_what_its_dummy_update_misses():
    observation = trained(seen(), None)
    assert GradientMatching(dummy_update=FedAvg(), distance=Cosine()).missing(observation)
    assert GradientMatching().missing(observation) == []


def test_populations_are_weighed_in_parts_that_fit_into_the_memory(monkeypatch: pytest.MonkeyPatch):
    searched = stage(CMAES(population=16), restarts=2)
    whole = [float(loss) for loss in list(searched.invert(seen(), seen().labels, seed=3))[-1].losses]
    one = Unrolled(seen(), [2], 1).needed(recompute=False)
    monkeypatch.setattr(unrolled, "available", lambda device: 10 * one)
    objective = searched.bind(seen(), seen().labels)
    assert objective.fitting == 5
    parts = list(searched.invert(seen(), seen().labels, seed=3))[-1].losses.tolist()
    assert parts == pytest.approx(whole, rel=1e-9)


def test_a_population_of_which_not_even_a_few_fit_is_refused(monkeypatch: pytest.MonkeyPatch):
    searched = stage(CMAES())
    assert searched.missing(seen()) == []
    monkeypatch.setattr(unrolled, "available", lambda device: 4 * Unrolled(seen(), [2], 1).needed(recompute=False))
    [said] = searched.missing(seen())
    assert "a population of 50 guesses, and the memory holds 2 at once" in said
    assert stage(Adam()).missing(seen()) == []


def test_cma_es_is_refused_what_it_cannot_search():
    large = scene(2, side=48).observation(TOLD)
    [said] = stage(CMAES()).missing(large)
    assert "at most 2,000 of them, and here are 4,608" in said
    assert stage(CMAES()).changed(("space",), Bicubic(factor=4)).missing(large) == []
    assert stage(CMAES()).missing(dataclasses.replace(large, update={})) == []  # an outline has no numbers yet
    coupled = stage(CMAES()).model_copy(update={"priors": (GroupConsistency(weight=0.1),)})
    [said] = coupled.missing(seen())
    assert "'group_consistency' compares restarts" in said


def test_cma_es_never_takes_a_gradient(monkeypatch: pytest.MonkeyPatch):
    searched = stage(CMAES(population=8), iterations=7)
    objective = searched.bind(seen(), seen().labels)
    monkeypatch.setattr(type(objective), "_losses_and_gradient", None)
    *_, last = searched.invert(seen(), seen().labels, seed=3)
    assert last.iteration == 7 and objective.order(last.code) == "" and not objective._programs


@pytest.mark.parametrize("optimiser", [Adam(learning_rate=0.2), CMAES(sigma=0.4), LBFGS()], ids=lambda one: one.kind)
def test_faded_steps_are_so_many_times_as_long(optimiser: Optimiser):
    faded = stage(optimiser).faded(0.25).optimiser
    expected = {"adam": Adam(learning_rate=0.05), "cmaes": CMAES(sigma=0.1), "lbfgs": LBFGS()}
    assert faded == expected[optimiser.kind]
    assert stage(optimiser).faded(0.25) == stage(faded) and stage(optimiser).space == Pixels()
