"""Stages over a generator in turns: what is handed on, what is kept, which dice are thrown, and enhancement behind."""

from collections.abc import Iterator
from functools import cache

import pytest
import torch
from torch import Tensor

from leaklab.attacks import recipe as module
from leaklab.attacks.enhancement import DDRM
from leaklab.attacks.labels import Given
from leaklab.attacks.matching.distances import Cosine
from leaklab.attacks.matching.optimisers import CMAES, Adam
from leaklab.attacks.matching.priors import LatentKL, Shift
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.recipe import Recipe
from leaklab.attacks.snapshot import Snapshot
from leaklab.protocol.observation import Observation
from leaklab.settings import Refusal
from tests.attacks.matching.spaces.brought import LATENT, SIZE, WEIGHTS
from tests.scene import scene

Z = GradientMatching(distance=Cosine(), space=LATENT, optimiser=Adam(learning_rate=0.03), iterations=2, restarts=3)
W = GradientMatching(distance=Cosine(), space=WEIGHTS, optimiser=Adam(learning_rate=1e-4), iterations=2)
PLAIN = GradientMatching(optimiser=Adam(), iterations=2)


def seen() -> Observation:
    return scene(2, side=8, channels=3).observation()


@cache
def run(*stages: GradientMatching, cycles: int = 1, fading: float = 1.0, seed: int = 5) -> list[Snapshot]:
    return list(Recipe(labels=Given(), stages=stages, cycles=cycles, fading=fading).invert(seen(), seed))


def test_the_weights_begin_at_the_latent_numbers_of_the_best_restart():
    found = run(Z, W)
    last, after = found[2], found[3]
    assert [len(snapshot.losses) for snapshot in found] == [3, 3, 3, 1, 1]
    assert torch.equal(after.codes["latent"][0], last.codes["latent"][last.best])
    first = next(W.invert(seen(), seen().labels, seed=0, stage=1, previous=last))
    assert torch.allclose(first.losses, last.losses[last.best]) and not first.codes["weights"].any()
    assert torch.allclose(first.images[0], last.images[last.best], atol=1e-6)
    assert after.codes["weights"].abs().max() > 0 and after.codes["weights"].shape == (1, 2 * SIZE)


def test_a_latent_stage_after_the_weights_keeps_them_moved():
    found = run(Z, W, Z)
    assert len(found) == 7 and [len(snapshot.losses) for snapshot in found[-2:]] == [1, 1]
    moved, after = found[4], found[-1]
    assert torch.equal(after.codes["weights"], moved.codes["weights"])
    assert not torch.equal(after.codes["latent"], moved.codes["latent"])
    assert after.code.shape == (1, 200)


@cache
def turns(cycles: int, fading: float = 1.0) -> list[Snapshot]:
    z = Z.model_copy(update={"optimiser": CMAES(population=6, sigma=0.5), "priors": (LatentKL(weight=1e-3),)})
    return run(z, W.model_copy(update={"priors": (Shift(weight=1e-3),)}), cycles=cycles, fading=fading)


def test_cycles_count_on_and_each_goes_on_from_the_last():
    found = turns(3)
    assert [snapshot.iteration for snapshot in found] == list(range(len(found))) and 13 <= len(found) <= 14
    assert [snapshot.stage for snapshot in found[:13]] == [0, 0, 0, *(stage for stage in range(1, 6) for _ in "ab")]
    spent = [snapshot.evaluations for snapshot in found[:13]]
    assert spent == sorted(set(spent))
    first = turns(1)
    assert all(torch.equal(one.code, other.code) for one, other in zip(first, found, strict=False))
    assert torch.equal(found[5].codes["weights"], found[4].codes["weights"])


def test_the_last_guess_is_the_best_that_any_cycle_ended_with():
    for cycles in (2, 3):
        found = turns(cycles)
        ends = [found[4 * cycle + 4].losses.min() for cycle in range(cycles)]
        assert found[-1].losses.min() == min(ends)


@pytest.mark.parametrize(("ends", "begun", "last"), [
    ([3.0, 1.0, 2.0], [3.0, 1.0], 1.0), ([3.0, 2.0, 1.0], [3.0, 2.0], 1.0), ([1.0, 2.0, 3.0], [1.0, 1.0], 1.0),
])  # fmt: skip
def test_a_cycle_that_ends_worse_is_undone(ends: list[float], begun: list[float], last: float):
    class Canned(GradientMatching):
        def invert(self, observation, labels, *, seed, stage=0, previous=None):
            met.append(previous)
            images = torch.full((1, 2, 3, 8, 8), ends[stage])
            yield Snapshot(stage, 1, 4, images[:, 0, 0, 0, 0], {}, images, torch.ones(1, 2, 4), images.flatten(1))

    met: list[Snapshot | None] = []
    recipe = Recipe(labels=Given(), cycles=3).model_copy(update={"stages": (Canned(),)})
    found = list(recipe.invert(seen(), 0))
    assert met[0] is None and [float(previous.losses) for previous in met[1:]] == begun
    shown = [*ends, last] if ends[-1] != last else ends
    assert [float(snapshot.losses) for snapshot in found] == shown == [snapshot.images.mean() for snapshot in found]
    assert [snapshot.iteration for snapshot in found] == list(range(1, len(shown) + 1)) and found[-1].evaluations == 12
    assert found[-1].settled == (len(shown) == 4) and found[-1].stage == 2


def test_every_cycle_throws_dice_of_its_own():
    z = Z.model_copy(update={"optimiser": CMAES(population=6, sigma=1e-3), "iterations": 1, "restarts": 1, "enough": 0})
    found = [run(z, seed=seed)[-1].code for seed in (5, 5 + module._CYCLE_SEEDS)]
    assert not torch.equal(*found)
    several = run(z, cycles=2)
    assert not torch.allclose(several[2].code - several[1].code, several[1].code - several[0].code, atol=1e-9)


def test_steps_fade_from_cycle_to_cycle():
    class Noted(GradientMatching):
        def faded(self, times: float) -> "GradientMatching":
            noted.append(times)
            return super().faded(times)

    noted: list[float] = []
    recipe = Recipe(labels=Given(), cycles=3, fading=0.5).model_copy(
        update={"stages": (Noted(optimiser=Adam(), iterations=1),)}
    )
    assert len(list(recipe.invert(seen(), 0))) >= 4 and noted == [1.0, 0.5, 0.25]
    assert recipe.iterations == 3


def test_without_cycles_nothing_is_said_twice():
    found = run(PLAIN, PLAIN)
    assert [snapshot.iteration for snapshot in found] == [0, 1, 2, 3, 4]


def test_a_stage_over_a_generator_cannot_start_from_images():
    for stage in (Z, W):
        with pytest.raises(Refusal, match="cannot start from images: let it come first, or after"):
            run.__wrapped__(PLAIN, stage)


def test_stages_with_different_generators_are_refused():
    other = W.model_copy(update={"space": WEIGHTS.model_copy(update={"generator": "dcgan"})})
    wider = W.model_copy(update={"space": WEIGHTS.model_copy(update={"width": 16})})
    said = Recipe(labels=Given(), stages=(Z, other)).missing(seen())[-1]
    assert said == (
        "Stages that search what a generator draws from must have the same one, and these have 'untrained' and "
        "'dcgan': choose one for all."
    )
    assert "'untrained' in two forms" in Recipe(labels=Given(), stages=(Z, wider)).missing(seen())[-1]
    assert Recipe(labels=Given(), stages=(Z, PLAIN, W)).missing(seen()) == []


@pytest.mark.parametrize("stages", [(Z,), (Z, W)], ids=["latent", "weights"])
def test_a_search_that_is_long_enough_to_be_traced_finds_the_same(stages, monkeypatch: pytest.MonkeyPatch):
    longer = tuple(stage.model_copy(update={"iterations": 45, "restarts": 1, "enough": 0.0}) for stage in stages)
    traced = run.__wrapped__(*longer)
    monkeypatch.setattr("leaklab.attacks.matching.objective._UNTRACED", 10**6)
    plain = run.__wrapped__(*longer)
    assert len(traced) == len(plain) == 45 * len(stages) + 1
    for one, other in zip(traced, plain, strict=True):
        assert torch.allclose(one.losses, other.losses, rtol=1e-3) and torch.allclose(
            one.images, other.images, atol=1e-3
        )
    assert traced[-1].losses < traced[0].losses.min()


class Brighter(DDRM):
    """An enhancement that adds a tenth each time it is asked."""

    def missing(self, observation: Observation) -> list[str]:
        return [] if observation.num_images == 2 else ["Two images are wanted."]

    def enhance(self, images: Tensor, labels: Tensor, seed: int) -> Iterator[Tensor]:
        assert labels.tolist() == [0, 1] and seed == 5
        yield from (images + tenths / 10 for tenths in (1, 2))

    def remark(self, raw: Tensor, shown: Tensor) -> str:
        return "Brightened." if (shown - raw).mean() > 0.15 else ""


def enhanced() -> list[Snapshot]:
    recipe = Recipe(labels=Given(), stages=(PLAIN.model_copy(update={"restarts": 2}),))
    return list(recipe.model_copy(update={"enhancement": Brighter()}).invert(seen(), 5))


def test_an_enhancement_comes_behind_and_changes_the_images_of_the_best_restart_alone():
    *before, raw, first, last = enhanced()
    best, other = raw.best, 1 - raw.best
    assert [snapshot.iteration for snapshot in (*before, raw, first, last)] == [0, 1, 2, 3, 4]
    assert (raw.stage, first.stage, last.stage) == (0, 1, 1) and raw.raw is None and last.settled
    for tenths, shown in ((1, first), (2, last)):
        assert torch.allclose(shown.images[best], raw.images[best] + tenths / 10)
        assert torch.equal(shown.images[other], raw.images[other]) and torch.equal(shown.raw, raw.images)
        assert torch.equal(shown.losses, raw.losses) and torch.equal(shown.code, raw.code) and shown.best == best
        assert shown.evaluations == raw.evaluations
    assert (first.remark, last.remark) == ("", "Brightened.")


def test_what_an_enhancement_lacks_is_refused_before_anything_is_searched():
    recipe = Recipe(labels=Given(), stages=(PLAIN,)).model_copy(update={"enhancement": Brighter()})
    with pytest.raises(Refusal, match="Two images are wanted"):
        next(recipe.invert(scene(1).observation(), 0))


def test_a_recipe_with_cycles_and_an_enhancement_is_read_back():
    recipe = Recipe(stages=(Z, W), cycles=3, fading=0.5, enhancement=DDRM(factor=4))
    assert Recipe.read(recipe.model_dump_json()) == recipe and Recipe().enhancement is None
