"""FSIM: one for the same picture, less the more it is spoilt, blind to nothing but size, and never a crash."""

import pytest
import torch
from piq import fsim as published
from skimage import data, filters, transform

from leaklab.evaluation.fsim import fsim

IMAGES = torch.rand(3, 3, 16, 12, generator=torch.Generator().manual_seed(0))
OTHERS = torch.rand(3, 3, 16, 12, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def photograph() -> torch.Tensor:
    picture = transform.resize(data.astronaut(), (64, 64), anti_aliasing=True)
    return torch.as_tensor(picture).permute(2, 0, 1)[None].float()


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 2), (3, 5), (16, 16), (31, 32), (64, 70)])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_of_any_size_is_identical_to_itself_and_to_no_other(size, channels):
    one, other = (torch.rand(2, channels, *size, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    assert fsim(one, one).tolist() == pytest.approx([1, 1])
    assert ((fsim(other, one) < 1) & (fsim(other, one) >= 0)).all()


@pytest.mark.parametrize("value", [0.0, 0.25, 1.0])
def test_a_flat_picture_is_identical_to_itself(value):
    flat = torch.full((1, 3, 16, 16), value)
    assert fsim(flat, flat).item() == pytest.approx(1)


def test_it_is_piqs_with_colour(photograph):
    other = photograph.flip(3)
    expected = published(other.double(), photograph.double(), data_range=1.0, chromatic=True)
    assert fsim(other, photograph).item() == pytest.approx(expected.item(), abs=1e-9)


def test_it_falls_as_blur_grows(photograph):
    blurred = [filters.gaussian(photograph[0].numpy(), sigma=sigma, channel_axis=0) for sigma in (0.5, 1, 2, 4, 8)]
    values = torch.cat([fsim(torch.as_tensor(picture)[None].float(), photograph) for picture in blurred])
    assert values[0] > 0.95 and values[-1] < 0.75
    assert (values.diff() < 0).all()


def test_it_falls_as_noise_grows(photograph):
    noise = torch.randn(photograph.shape, generator=torch.Generator().manual_seed(0))
    values = torch.cat([fsim(photograph + level * noise, photograph) for level in (0.01, 0.03, 0.1, 0.3, 1.0)])
    assert values[0] > 0.98 and (values.diff() < 0).all()


def test_it_sees_that_colour_is_missing(photograph):
    grey = (photograph * torch.tensor([0.299, 0.587, 0.114]).reshape(3, 1, 1)).sum(1, keepdim=True)
    brightness = published(grey.expand_as(photograph), photograph, chromatic=False)
    assert brightness.item() == pytest.approx(1, abs=1e-3)
    assert fsim(grey.expand_as(photograph), photograph).item() < 0.98


def test_it_does_not_care_which_of_the_two_is_true():
    assert torch.allclose(fsim(OTHERS, IMAGES), fsim(IMAGES, OTHERS), rtol=1e-12)


def test_grey_pictures_are_three_equal_channels():
    one, other = OTHERS[:, :1], IMAGES[:, :1]
    assert torch.equal(fsim(one, other), fsim(one.expand(-1, 3, -1, -1), other.expand(-1, 3, -1, -1)))


def test_what_lies_outside_the_range_is_not_seen():
    assert torch.equal(fsim(9 * IMAGES - 4, IMAGES), fsim((9 * IMAGES - 4).clamp(0, 1), IMAGES))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_broken_reconstruction_gets_the_worst_value_and_spoils_no_other(value):
    guess = OTHERS.clone()
    guess[1, 2, 3, 4] = value
    values = fsim(guess, IMAGES)
    assert values[1] == 0 and torch.equal(values[[0, 2]], fsim(OTHERS, IMAGES)[[0, 2]])


def test_many_pictures_are_measured_a_few_at_a_time_and_keep_their_order():
    truth = torch.rand(5, 1, 160, 160, generator=torch.Generator().manual_seed(0))
    noise = torch.randn(truth.shape, generator=torch.Generator().manual_seed(1))
    guess = truth + torch.linspace(0, 0.4, 5).reshape(5, 1, 1, 1) * noise
    together, alone = fsim(guess, truth), torch.cat([fsim(guess[i : i + 1], truth[i : i + 1]) for i in range(5)])
    assert torch.allclose(together, alone, rtol=1e-12) and (together.diff() < 0).all()
