"""Several sets of one set of images: put in order exactly, averaged, and rid of what does not agree."""

import pytest
import torch
from torch import Tensor

from leaklab.attacks.matching.dummy_updates import FedAvg, FedAvgEpoch
from leaklab.attacks.matching.merging import Merging, agreeing, merged
from leaklab.protocol.training import Schedule
from tests.scene import dice, scene

EITHER = pytest.mark.parametrize("merging", ["mean", "agreeing"])
IMAGES = torch.rand(4, 3, 6, 5, dtype=torch.float64, generator=dice(1))


def shuffled(epochs: int = 5) -> Tensor:
    """Return the images in an order of its own for every epoch but the first."""
    orders = [torch.randperm(4, generator=dice(seed)) for seed in range(1, epochs)]
    assert any(order.tolist() != [0, 1, 2, 3] for order in orders)
    return torch.stack([IMAGES, *(IMAGES[order] for order in orders)])


@EITHER
def test_permuted_epochs_are_merged_exactly(merging: Merging):
    several = torch.stack([shuffled(), shuffled().flip(1)])
    assert torch.allclose(merged(several, merging), torch.stack([IMAGES, IMAGES.flip(0)]), rtol=0, atol=1e-15)


@EITHER
def test_one_set_is_merged_with_nothing(merging: Merging):
    assert torch.equal(merged(IMAGES[None, None], merging), IMAGES[None])


def test_the_mean_is_that_of_the_epochs():
    near = shuffled() + 1e-3 * torch.randn(shuffled().shape, dtype=torch.float64, generator=dice(5))
    inverse = [torch.randperm(4, generator=dice(seed)).argsort() for seed in range(1, 5)]
    expected = torch.stack([near[0], *(epoch[back] for epoch, back in zip(near[1:], inverse, strict=True))]).mean(0)
    assert torch.allclose(merged(near[None])[0], expected, rtol=1e-12)


def test_a_spoilt_epoch_is_left_out_by_those_that_agree_and_spoils_the_mean():
    spoilt = shuffled()
    spoilt[3] += 1
    mean, robust = (merged(spoilt[None], merging)[0] for merging in ("mean", "agreeing"))
    assert torch.allclose(robust, IMAGES, rtol=0, atol=1e-12)
    assert torch.allclose(mean, IMAGES + 1 / 5, rtol=0, atol=1e-12)


def test_a_single_picture_may_be_spoilt_and_the_rest_of_its_epoch_counts():
    spoilt = IMAGES.expand(5, 4, 3, 6, 5).clone()
    spoilt[2, 1] = 0.5
    kept = agreeing(spoilt[None])[0]
    assert kept.logical_not().nonzero().tolist() == [[2, 1]]
    assert torch.allclose(merged(spoilt[None], "agreeing")[0], IMAGES, rtol=0, atol=1e-12)


@pytest.mark.parametrize("epochs", [1, 2])
def test_of_two_that_disagree_nobody_knows_which_is_right(epochs: int):
    apart = torch.rand(3, epochs, 4, 1, 5, 5, dtype=torch.float64, generator=dice(2))
    assert agreeing(apart).all()


def test_of_epochs_that_scatter_alike_all_or_nearly_all_are_kept():
    noise = torch.randn(6, 9, 4, 3, 6, 5, dtype=torch.float64, generator=dice(3))
    kept = agreeing(IMAGES + 0.1 * noise)
    assert kept.double().mean() > 0.9


def test_what_lies_five_times_as_far_as_the_scatter_is_left_out():
    noise = torch.randn(1, 9, 4, 3, 6, 5, dtype=torch.float64, generator=dice(3))
    scattered = IMAGES + 0.01 * noise
    scattered[0, 4] += 0.05
    assert not agreeing(scattered)[0, 4].any()
    away = [(merged(scattered, merging)[0] - IMAGES).square().mean() for merging in ("mean", "agreeing")]
    assert away[1] < 0.5 * away[0]


@EITHER
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_a_diverged_restart_is_survived_and_shows_nothing(merging: Merging, value: float):
    several = torch.stack([shuffled(), shuffled()])
    several[0, 2, 1] = value
    found = merged(several, merging)
    assert torch.allclose(found[1], IMAGES, rtol=0, atol=1e-15)
    assert found.shape == (2, 4, 3, 6, 5) and not found[0, 1].isfinite().all()


def test_nothing_is_changed_in_place():
    before = shuffled()
    after = before.clone()
    merged(after[None], "agreeing")
    assert torch.equal(before, after)


@EITHER
def test_a_dummy_update_merges_its_own_sets(merging: Merging):
    part, observation = FedAvgEpoch(merging=merging), scene(4, schedule=Schedule(epochs=3)).observation()
    sets = shuffled(3).flatten(0, 1)[None]
    assert torch.allclose(part.merged(sets, observation), IMAGES[None], rtol=0, atol=1e-15)
    assert torch.equal(FedAvg().merged(IMAGES[None], observation), IMAGES[None])
