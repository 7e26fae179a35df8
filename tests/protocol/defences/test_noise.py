"""Noise: its statistics, its dice, and that none at all is no change at all."""

import math

import pytest
import torch

from leaklab.protocol.defences import GaussianNoise, LaplaceNoise, protect
from leaklab.protocol.updates import Update, flatten
from tests.scene import dice, scene

KINDS = pytest.mark.parametrize("kind", [GaussianNoise, LaplaceNoise])


def zeros(numbers: int = 40_000) -> Update:
    return {"weight": torch.zeros(numbers // 2), "bias": torch.zeros(numbers // 2)}


def test_noise_has_no_mean_and_the_spread_that_was_asked_for():
    noise = flatten(GaussianNoise(sigma=0.5).protect(zeros(), dice()))
    assert abs(noise.mean()) < 0.01 and abs(noise.std() - 0.5) < 0.01
    # Of a normal distribution, 68.3 % lie within one deviation.
    assert abs((noise.abs() < 0.5).float().mean() - 0.683) < 0.01


def test_laplace_noise_is_as_strong_by_its_deviation_and_has_heavier_tails():
    noise = flatten(LaplaceNoise(sigma=0.5).protect(zeros(400_000), dice())) / 0.5
    assert abs(noise.mean()) < 0.01 and abs(noise.var() - 1) < 0.02
    for bound in (0.25, 1, 3):  # the distribution function of a Laplace number of scale 1/√2
        assert abs((noise.abs() > bound).float().mean() - math.exp(-math.sqrt(2) * bound)) < 0.003
    normal = flatten(GaussianNoise(sigma=1).protect(zeros(400_000), dice()))
    assert (noise.abs() > 4).sum() > 10 * (normal.abs() > 4).sum()


@KINDS
def test_tensors_get_noise_of_their_own(kind: type[GaussianNoise]):
    noise = kind(sigma=1).protect(zeros(), dice())
    assert abs(torch.corrcoef(torch.stack(list(noise.values())))[0, 1]) < 0.03


@KINDS
def test_noise_is_added_to_the_update(kind: type[GaussianNoise]):
    update = scene(2).update()
    noise = kind(sigma=0.1).protect({name: torch.zeros_like(part) for name, part in update.items()}, dice())
    noised = kind(sigma=0.1).protect(update, dice())
    assert all(torch.allclose(noised[name], update[name] + noise[name], rtol=1e-12) for name in update)


@KINDS
def test_no_noise_is_an_exact_copy_and_rolls_no_dice(kind: type[GaussianNoise]):
    update, generator = scene(2).update(), dice()
    sent = kind(sigma=0).protect(update, generator)
    assert sent is not update and all(torch.equal(sent[name], update[name]) for name in update)
    assert torch.equal(generator.get_state(), dice().get_state())


@KINDS
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_same_dice_give_the_same_noise_in_every_precision(kind: type[GaussianNoise], dtype: torch.dtype):
    update = {name: part.to(dtype) for name, part in zeros(1000).items()}
    noise = kind(sigma=1).protect(update, dice(7))
    exact = kind(sigma=1).protect({name: part.double() for name, part in update.items()}, dice(7))
    assert all(noise[name].dtype == dtype and torch.allclose(noise[name], exact[name].to(dtype)) for name in noise)


def test_a_chain_is_applied_in_order_with_fresh_dice():
    chained = protect(zeros(), (GaussianNoise(sigma=3), GaussianNoise(sigma=4)), dice())
    assert abs(flatten(chained).std() - 5) < 0.1  # independent variances add up
    generator = dice()
    by_hand = GaussianNoise(sigma=4).protect(GaussianNoise(sigma=3).protect(zeros(), generator), generator)
    assert torch.equal(flatten(chained), flatten(by_hand))


def test_no_defence_sends_the_update_itself():
    update = scene().update()
    assert torch.equal(flatten(protect(update, (), dice())), flatten(update))


def test_the_update_is_not_changed_in_place():
    update = zeros()
    protect(update, (GaussianNoise(sigma=1),), dice())
    assert flatten(update).abs().max() == 0
