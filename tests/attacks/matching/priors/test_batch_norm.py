"""The batch-norm prior: which averages it wants, how it measures, and what it says where it has none."""

import dataclasses

import pytest
import torch
from torch import Tensor

from leaklab.attacks.matching.priors import BatchNormStatistics
from leaklab.protocol.observation import Observation
from leaklab.protocol.statistics import batch_statistics
from tests import scene as plain
from tests.attacks.matching.priors.normed import dummy, guess, observation, scene

LAYERS = ("norm1", "norm2")


def measured(prior: BatchNormStatistics, seen: Observation, images: Tensor) -> Tensor:
    return prior.bind(seen)(dummy(images))


def by_layer(seen: Observation, images: Tensor) -> list[Tensor]:
    """Return each layer's distance from the running averages, computed with square roots."""
    met = batch_statistics(seen.forward, seen.weights, images)
    return [
        (met[name][0] - seen.buffers[f"{name}.running_mean"]).square().sum().sqrt()
        + (met[name][1] - seen.buffers[f"{name}.running_var"]).square().sum().sqrt()
        for name in LAYERS
    ]


@pytest.mark.parametrize("first", [0, 1, 10])
def test_it_sums_the_lengths_of_what_mean_and_spread_differ_by(first: float):
    seen, images = observation(), guess()
    expected = [first * one + other for one, other in (by_layer(seen, row) for row in images)]
    assert torch.allclose(measured(BatchNormStatistics(first=first), seen, images), torch.stack(expected), rtol=1e-12)


@pytest.mark.parametrize("statistics", ["running", "batch"])
def test_the_private_images_meet_the_told_averages_exactly(statistics: str):
    seen, images = observation(statistics, told=True), scene().images[None]
    assert measured(BatchNormStatistics(statistics="told"), seen, images).tolist() == [0]
    [slope] = torch.autograd.grad(
        measured(BatchNormStatistics(), seen, images.requires_grad_()).sum(), images
    )  # fmt: skip
    assert slope.tolist() == torch.zeros_like(slope).tolist()


def test_what_is_told_is_averages_alone_and_not_which_image_is_which():
    seen, images = observation(told=True), scene().images[None]
    turned = images.flip(1).flip(3, 4)[:, [1, 2, 0]]
    assert measured(BatchNormStatistics(), seen, images.flip(1)).abs().max() < 1e-12
    assert measured(BatchNormStatistics(), seen, turned).max() > 1e-4


def test_auto_takes_what_is_told_and_otherwise_what_the_network_brings():
    images = guess()
    for told, same in ((True, "told"), (False, "running")):
        seen = observation(told=told)
        auto = measured(BatchNormStatistics(), seen, images)
        assert torch.equal(auto, measured(BatchNormStatistics(statistics=same), seen, images))
    running = measured(BatchNormStatistics(statistics="running"), observation(told=True), images)
    assert torch.equal(running, measured(BatchNormStatistics(), observation(), images))


def test_what_is_not_told_is_asked_for():
    [said] = BatchNormStatistics(statistics="told").missing(observation())
    assert "not told" in said and "'Batch-norm statistics are told'" in said
    assert BatchNormStatistics(statistics="told").missing(observation(told=True)) == []
    assert BatchNormStatistics(statistics="auto").missing(observation()) == []


def test_only_whether_something_is_told_matters_before_it_begins():
    outline = dataclasses.replace(observation(), weights={}, buffers={}, update={}, batch_statistics={})
    assert BatchNormStatistics(statistics="told").missing(outline) == []


@pytest.mark.parametrize("statistics", ["auto", "running", "told"])
def test_a_network_without_batch_norm_is_refused_in_a_sentence(statistics: str):
    [said] = BatchNormStatistics(statistics=statistics).missing(plain.scene().observation())
    assert "this network has none" in said and "weight to 0" in said
