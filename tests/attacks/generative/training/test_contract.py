"""What trainings have in common: averaged weights, and noise that is always the same."""

import torch

from leaklab.attacks.generative.training.contract import average, fixed_noise


def test_the_average_follows_at_once_and_then_ever_more_slowly():
    kept, fresh = {"a": torch.zeros(2)}, {"a": torch.ones(2)}
    average(kept, fresh, 0, 0.999)
    assert torch.allclose(kept["a"], torch.full((2,), 0.9))
    average(kept, fresh, 10**6, 0.75)
    assert torch.allclose(kept["a"], torch.full((2,), 0.925))
    assert torch.equal(fresh["a"], torch.ones(2))


def test_the_noise_of_samples_is_always_the_same():
    torch.manual_seed(5)
    noise = fixed_noise(2, 3)
    assert noise.shape == (2, 3) and torch.equal(noise, fixed_noise(2, 3))
    assert torch.equal(torch.rand(1), torch.manual_seed(5) and torch.rand(1))
