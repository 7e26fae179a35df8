"""The faults of a reconstruction: each does what it says, and the same dice spoil in the same way."""

import pytest
import torch
from torch import Tensor

from leaklab.attacks.generative.training.spoiling import blotched, blurred, coarse, noisy, spoilt
from tests.scene import dice


def images(count: int = 4) -> Tensor:
    return torch.rand(count, 3, 16, 16, generator=dice(3))


def each(value: float, count: int = 4) -> Tensor:
    return torch.full((count, 1, 1, 1), value)


def test_the_same_dice_spoil_in_the_same_way():
    assert torch.equal(spoilt(images(), dice(1)), spoilt(images(), dice(1)))
    assert not torch.equal(spoilt(images(), dice(1)), spoilt(images(), dice(2)))


def test_what_is_spoilt_stays_between_black_and_white_and_in_shape():
    poor = spoilt(images(32), dice(1))
    assert poor.shape == (32, 3, 16, 16) and poor.min() >= 0 and poor.max() <= 1
    assert (poor != images(32)).flatten(1).any(1).float().mean() > 0.9


@pytest.mark.parametrize("fault", ["coarse", "blurred"])
def test_one_colour_stays_what_it_is(fault: str):
    plain = torch.full((4, 3, 16, 16), 0.3)
    poor = coarse(plain, dice(1)) if fault == "coarse" else blurred(plain, each(1.0))
    torch.testing.assert_close(poor, plain)


def test_a_blur_is_each_images_own_and_a_bell_of_its_width():
    point = torch.zeros(2, 1, 16, 16)
    point[:, :, 8, 8] = 1
    seen = blurred(point, torch.tensor([0.5, 1.0])[:, None, None, None])
    ratios = seen[:, 0, 8, 9] / seen[:, 0, 8, 8]
    torch.testing.assert_close(ratios, torch.tensor([-2.0, -0.5]).exp())


def test_a_coarse_picture_has_lost_what_is_finer_than_two_pixels():
    checks = (torch.arange(16)[:, None] + torch.arange(16)).remainder(2).float().expand(4, 3, 16, 16)
    torch.testing.assert_close(coarse(checks, dice(1)), torch.full((4, 3, 16, 16), 0.5))


def test_noise_has_the_spread_that_is_asked_for():
    error = noisy(images(), each(0.1), dice(1)) - images()
    assert abs(error.std() - 0.1) < 0.01
    assert torch.equal(noisy(images(), each(0.0), dice(1)), images())


def test_blotches_are_soft():
    error = blotched(images(), each(0.3), dice(1)) - images()
    assert error.diff(dim=-1).abs().mean() < 0.5 * error.abs().mean()
