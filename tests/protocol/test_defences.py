"""Noise: its statistics, its dice, and that none at all is no change at all."""

import pytest
import torch

from leaklab.protocol.defences import GaussianNoise, protect
from leaklab.protocol.updates import Update, flatten
from tests.scene import dice, scene


def zeros(numbers: int = 40_000) -> Update:
    return {"weight": torch.zeros(numbers // 2), "bias": torch.zeros(numbers // 2)}


def test_noise_has_no_mean_and_the_spread_that_was_asked_for():
    noise = flatten(GaussianNoise(sigma=0.5).protect(zeros(), dice()))
    assert abs(noise.mean()) < 0.01 and abs(noise.std() - 0.5) < 0.01
    # Of a normal distribution, 68.3 % lie within one deviation.
    assert abs((noise.abs() < 0.5).float().mean() - 0.683) < 0.01


def test_tensors_get_noise_of_their_own():
    noise = GaussianNoise(sigma=1).protect(zeros(), dice())
    assert abs(torch.corrcoef(torch.stack(list(noise.values())))[0, 1]) < 0.03


def test_noise_is_added_to_the_update():
    update = scene(2).update()
    noise = GaussianNoise(sigma=0.1).protect({name: torch.zeros_like(part) for name, part in update.items()}, dice())
    noised = GaussianNoise(sigma=0.1).protect(update, dice())
    assert all(torch.allclose(noised[name], update[name] + noise[name], rtol=1e-12) for name in update)


def test_no_noise_is_an_exact_copy_and_rolls_no_dice():
    update, generator = scene(2).update(), dice()
    sent = GaussianNoise(sigma=0).protect(update, generator)
    assert sent is not update and all(torch.equal(sent[name], update[name]) for name in update)
    assert torch.equal(generator.get_state(), dice().get_state())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_same_dice_give_the_same_noise_in_every_precision(dtype: torch.dtype):
    update = {name: part.to(dtype) for name, part in zeros(1000).items()}
    noise = GaussianNoise(sigma=1).protect(update, dice(7))
    exact = GaussianNoise(sigma=1).protect({name: part.double() for name, part in update.items()}, dice(7))
    assert all(noise[name].dtype == dtype and torch.equal(noise[name], exact[name].to(dtype)) for name in noise)


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
