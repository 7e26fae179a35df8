"""Whole counts of a given sum, nearest to an estimate."""

from itertools import product

import pytest
import torch

from leaklab.attacks.labels.counts import fill, labels, moved
from tests.attacks.labels.heads import normal
from tests.scene import scene

ROUNDED = [  # estimate, total, counts
    ([2.0, 0.0, 1.0], 3, [2, 0, 1]),
    ([1.4, 1.3, 0.3], 3, [2, 1, 0]),  # largest remainder
    ([2.6, 2.6, 2.8], 7, [2, 2, 3]),  # a surplus: rounding gives nine
    ([-0.8, 3.1, 0.7], 3, [0, 3, 0]),  # what is below zero is taken from the rest
    ([0.0, 0.0], 5, [3, 2]),
    ([0.2, 9.0], 2, [0, 2]),
]


@pytest.mark.parametrize(("estimate", "total", "counts"), ROUNDED)
def test_counts_are_whole_and_sum_to_the_batch(estimate: list[float], total: int, counts: list[int]):
    assert fill(torch.tensor(estimate), total).tolist() == counts


@pytest.mark.parametrize("seed", range(6))
def test_no_other_counts_of_that_sum_are_nearer(seed: int):
    estimate = normal(4, scale=2, seed=seed) + 1
    every = torch.tensor([counts for counts in product(range(6), repeat=4) if sum(counts) == 5])
    nearest = (every - estimate).square().sum(1).min()
    assert torch.isclose((fill(estimate, 5) - estimate).square().sum(), nearest)


def test_a_smaller_size_is_taken_away_more_often():
    assert fill(torch.tensor([1.0, 0.1]), 4, size=0.25).tolist() == [4, 0]


def test_counts_become_labels_in_order():
    assert labels(torch.tensor([2, 0, 1]), scene().observation()).tolist() == [0, 0, 2]


def test_how_far_an_estimate_is_from_whole_counts():
    assert moved(torch.tensor([2.0, 0.0, 1.0]), 3) == 0
    assert moved(torch.tensor([2.5, 0.5, 1.0]), 4) == pytest.approx(1 / 8)
