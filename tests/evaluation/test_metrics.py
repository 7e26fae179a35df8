"""Metrics against closed forms and reference implementations."""

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from leaklab.evaluation import metrics

IMAGES = torch.rand(3, 3, 16, 12, generator=torch.Generator().manual_seed(0))
OTHERS = torch.rand(3, 3, 16, 12, generator=torch.Generator().manual_seed(1))


def constant(value: float, size: int = 16) -> torch.Tensor:
    return torch.full((1, 3, size, size), value)


def test_an_image_is_identical_to_itself():
    assert torch.equal(metrics.mse(IMAGES, IMAGES), torch.zeros(3, dtype=torch.float64))
    assert torch.equal(metrics.psnr(IMAGES, IMAGES), torch.full((3,), 100.0, dtype=torch.float64))
    assert torch.allclose(metrics.ssim(IMAGES, IMAGES), torch.ones(3, dtype=torch.float64), atol=1e-12)
    assert torch.allclose(metrics.cosine(IMAGES, IMAGES), torch.ones(3, dtype=torch.float64), atol=1e-12)


def test_one_identical_image_leaves_the_psnr_of_the_others_alone():
    together = metrics.psnr(torch.cat([IMAGES[:1], OTHERS[1:]]), IMAGES)
    assert together[0] == 100 and torch.equal(together[1:], metrics.psnr(OTHERS, IMAGES)[1:])


def test_psnr_agrees_with_scikit_image():
    expected = [
        peak_signal_noise_ratio(truth.numpy(), guess.numpy(), data_range=1.0)
        for truth, guess in zip(IMAGES.double(), OTHERS.double(), strict=True)
    ]
    assert metrics.psnr(OTHERS, IMAGES).tolist() == pytest.approx(expected, abs=1e-9)


def test_a_tenth_off_everywhere_is_twenty_decibels():
    assert metrics.mse(constant(0.6), constant(0.5)).item() == pytest.approx(0.01, rel=1e-5)
    assert metrics.psnr(constant(0.6), constant(0.5)).item() == pytest.approx(20, abs=1e-4)


def test_what_lies_outside_the_range_is_not_seen():
    assert metrics.mse(constant(7.0), constant(1.0)).item() == 0
    assert metrics.mse(constant(-7.0), constant(1.0)).item() == 1


def test_ssim_of_flat_pictures_is_its_luminance_term():
    expected = (2 * 0.2 * 0.7 + 1e-4) / (0.2**2 + 0.7**2 + 1e-4)
    assert metrics.ssim(constant(0.2), constant(0.7)).item() == pytest.approx(expected, abs=1e-6)


def test_ssim_of_many_images_is_scikit_images_of_each():
    expected = [
        structural_similarity(
            guess.numpy(), truth.numpy(), gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1.0,
            channel_axis=0,
        )
        for guess, truth in zip(OTHERS.double(), IMAGES.double(), strict=True)
    ]  # fmt: skip
    assert metrics.ssim(OTHERS, IMAGES).tolist() == pytest.approx(expected, abs=1e-12)


def test_ssim_of_one_window_is_the_formula_of_its_paper():
    one, other = IMAGES[:1, :1, :11, :11].double(), OTHERS[:1, :1, :11, :11].double()
    tap = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    weights = np.outer(tap, tap) / tap.sum() ** 2
    x, y = one[0, 0].numpy(), other[0, 0].numpy()
    mean_x, mean_y = (weights * x).sum(), (weights * y).sum()
    var_x, var_y = (weights * (x - mean_x) ** 2).sum(), (weights * (y - mean_y) ** 2).sum()
    covariance = (weights * (x - mean_x) * (y - mean_y)).sum()
    luminance = (2 * mean_x * mean_y + 1e-4) / (mean_x**2 + mean_y**2 + 1e-4)
    structure = (2 * covariance + 9e-4) / (var_x + var_y + 9e-4)
    assert metrics.ssim(one, other).item() == pytest.approx(luminance * structure, abs=1e-9)


@pytest.mark.parametrize("size", [1, 2, 8, 10, 11])
def test_ssim_fits_its_window_into_a_small_image(size):
    small = IMAGES[:, :, :size, :size]
    assert torch.allclose(metrics.ssim(small, small), torch.ones(3, dtype=torch.float64), atol=1e-9)
    assert (metrics.ssim(1 - small, small) < 1).all()


def test_ssim_takes_grey_images():
    assert metrics.ssim(IMAGES[:, :1], IMAGES[:, :1]).tolist() == pytest.approx([1, 1, 1])


def test_cosine_knows_direction_not_length():
    assert metrics.cosine(IMAGES / 2, IMAGES).tolist() == pytest.approx([1, 1, 1])
    halves = torch.zeros(2, 1, 2, 2)
    halves[0, 0, 0], halves[1, 0, 1] = 1, 1
    assert metrics.cosine(halves[:1], halves[1:]).item() == 0


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize(("metric", "worst"), [("mse", 1), ("psnr", 0), ("ssim", -1), ("cosine", 0)])
def test_a_broken_reconstruction_gets_the_worst_value_and_spoils_no_other(metric, worst, value):
    guess = OTHERS.clone()
    guess[1, 2, 3, 4] = value
    values = getattr(metrics, metric)(guess, IMAGES)
    assert values[1] == worst
    assert torch.equal(values[[0, 2]], getattr(metrics, metric)(OTHERS, IMAGES)[[0, 2]])


def test_nothing_is_changed_in_place():
    guess = 3 * OTHERS
    before = guess.clone()
    metrics.ssim(guess, IMAGES), metrics.mse(guess, IMAGES), metrics.cosine(guess, IMAGES)
    assert torch.equal(guess, before)


@pytest.mark.parametrize(
    ("recovered", "true", "expected"),
    [
        ([1, 2, 3], [3, 1, 2], 1.0),
        ([1, 1, 1], [1, 1, 2], 2 / 3),
        ([0, 0], [5, 9], 0.0),
        ([4, 4, 7, 7], [4, 7, 7, 7], 3 / 4),
        ([1], [1, 1], 3 / 4),  # one class counted one short: 1 - 1/4
    ],
)
def test_multiset_accuracy_counts_labels_whatever_their_order(recovered, true, expected):
    assert metrics.multiset_accuracy(torch.tensor(recovered), torch.tensor(true)) == pytest.approx(expected)


def test_labels_are_right_position_by_position():
    assert metrics.labels_right(torch.tensor([1, 2, 3]), torch.tensor([1, 3, 2])).tolist() == [1, 0, 0]


@pytest.mark.parametrize(("recovered", "true", "share"), [
    ([1, 1, 2], [2, 1, 2], 1), ([0, 0, 0], [0, 1, 2], 1 / 3), ([0, 3], [0, 1], 1 / 3), ([5], [6], 0),
])  # fmt: skip
def test_presence_is_right_for_classes_both_there_and_named_whatever_their_counts(recovered, true, share):
    assert metrics.presence_accuracy(torch.tensor(recovered), torch.tensor(true)) == pytest.approx(share)
