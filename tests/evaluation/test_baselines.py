"""Baselines: the numbers that any reconstruction must beat, and the line-up."""

import pytest
import torch

from leaklab.evaluation.baselines import GREY, MEANING, NOISE, OTHER, baselines, retrieval_rank
from leaklab.evaluation.metrics import psnr

CIFAR10_MEAN = torch.tensor([0.49147, 0.48226, 0.44677]).reshape(1, 3, 1, 1)
CIFAR10_STD = torch.tensor([0.24703, 0.24349, 0.26159]).reshape(1, 3, 1, 1)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def photographs(count: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(count, 3, 8, 8, generator=generator(seed))


def cifar_like() -> torch.Tensor:
    """A picture with the mean and deviation of CIFAR-10: every other pixel above and below the mean."""
    signs = torch.ones(1, 3, 256, 256)
    signs[..., ::2] = -1
    return CIFAR10_MEAN + CIFAR10_STD * signs


def test_the_numbers_of_cifar_10():
    # attacks.md 7.2 gives 11.9 dB for mid grey, 8.3 for uniform noise, 6.1 for clamped normal noise.
    truth = cifar_like()
    found = baselines(truth, None, generator())
    assert psnr(torch.full_like(truth, 0.5), truth).item() == pytest.approx(11.9, abs=0.05)
    assert found[NOISE].item() == pytest.approx(8.3, abs=0.05)
    assert psnr(torch.randn(truth.shape, generator=generator()), truth).item() == pytest.approx(6.1, abs=0.05)
    assert found[GREY].item() == pytest.approx(-10 * CIFAR10_STD.square().mean().log10().item(), abs=1e-4)


def test_no_flat_picture_beats_the_best_grey():
    truth = photographs(1)
    best = baselines(truth, None, generator())[GREY].item()
    flats = torch.rand(50, 3, 1, 1, generator=generator(1)).expand(50, 3, 8, 8)
    assert (psnr(flats, truth.expand(50, 3, 8, 8)) <= best).all()


def test_the_noise_is_the_generators():
    truth = photographs(2)
    one, same, other = (baselines(truth, None, generator(seed))[NOISE] for seed in (4, 4, 5))
    assert torch.equal(one, same) and not torch.equal(one, other)


def test_the_nearest_other_photograph_is_private_or_not_but_never_the_picture_itself():
    truth = photographs(2)
    near = (truth[:1] + 0.1).clamp(0, 1)
    copies = torch.cat([truth, (truth * 255).round() / 255])
    found = baselines(truth, torch.cat([copies, near, photographs(3, seed=9)]), generator())[OTHER]
    assert found[0] == pytest.approx(psnr(near, truth[:1]).item(), abs=1e-4)
    alone = baselines(truth, copies, generator())[OTHER]
    assert alone.tolist() == pytest.approx(psnr(truth.flip(0), truth).tolist(), abs=1e-4)


def test_a_lone_photograph_has_two_baselines_and_each_has_its_sentence():
    assert list(baselines(photographs(1), None, generator())) == [NOISE, GREY]
    assert list(baselines(photographs(2), None, generator())) == list(MEANING)


def test_the_rank_is_one_plus_the_number_of_candidates_nearer_to_the_guess():
    levels = torch.linspace(0, 0.9, 10).reshape(10, 1, 1, 1).expand(10, 1, 4, 4)
    truth, others = levels[4], levels[[0, 1, 2, 3, 5, 6, 7, 8, 9]]
    assert retrieval_rank(truth + 0.02, truth, others) == 1
    assert retrieval_rank(levels[0], truth, others) == 5
    assert retrieval_rank(levels[9], truth, others) == 6


def test_a_tie_is_no_recognition_and_a_copy_is_no_rival():
    truth, others = torch.zeros(1, 2, 2), torch.stack([torch.ones(1, 2, 2), torch.zeros(1, 2, 2)])
    assert retrieval_rank(torch.full((1, 2, 2), 0.5), truth, others) == 2
    assert retrieval_rank(truth, truth, others) == 1


def test_a_broken_guess_comes_last():
    truth, *others = photographs(10)
    assert retrieval_rank(torch.full_like(truth, float("nan")), truth, torch.stack(others)) == 10
