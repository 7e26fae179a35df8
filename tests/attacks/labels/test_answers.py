"""ALR and Geng's method: counts from the network's average answer."""

import dataclasses

import pytest
import torch
from torch import Tensor

from leaklab.attacks.labels import ALR, Geng
from leaklab.attacks.labels.answers import believed, counted
from leaklab.attacks.labels.head import answers, features, head
from tests.attacks.labels.heads import as_images, normal, observed, spelled, untrained
from tests.attacks.labels.lenet import CLASSES, batch


def accuracy(found: Tensor, true: Tensor) -> float:
    """Return the share of labels that are right, whatever their order."""
    pair = [labels.bincount(minlength=CLASSES) for labels in (found, true)]
    return float(torch.minimum(*pair).sum()) / len(true)


def test_the_equation_is_exact_by_the_weights_where_features_have_one_sum():
    labels = spelled([5, 0, 2, 1])
    entering = normal(8, 24).softmax(1)
    seen = observed(entering, labels, normal(4, 24, scale=5, seed=1), normal(4, seed=2))
    met, rows = answers(seen, as_images(entering)).mean(0), head(seen).weight_gradient.sum(1)
    assert torch.allclose(features(seen, as_images(entering)).sum(1), torch.ones(8).double())
    assert torch.allclose(counted(met, rows, 8), torch.tensor([5.0, 0, 2, 1]).double(), rtol=0, atol=1e-10)


def test_geng_needs_no_bias():
    labels, entering = spelled([5, 0, 2, 1]), normal(8, 24).softmax(1)
    seen = observed(entering, labels, normal(4, 24, scale=5, seed=1), None, public=entering)
    assert Geng().missing(seen) == [] and Geng().recover(seen).equal(labels)
    [said] = ALR().missing(seen)
    assert said.startswith("ALR reads the gradient of the last layer's bias") and said.endswith(".")


BELIEVED = [  # estimate, total, counts: by relative distance, then the rest by what is left
    ([3.0, 1.4, 0.6], 5, [3, 1, 1]),
    ([10.1, 1.05, 0.4], 11, [10, 1, 0]),
    ([1.4, 1.4, 1.2], 4, [2, 1, 1]),  # rounding gives three: the largest rest is taken
    ([2.0, 2.0, 2.4], 4, [2, 2, 0]),  # a surplus: the least certain comes too late
    ([-1.0, 0.3, 0.2], 2, [0, 1, 1]),
]


@pytest.mark.parametrize(("estimate", "total", "counts"), BELIEVED)
def test_counts_near_whole_ones_are_believed_first(estimate: list[float], total: int, counts: list[int]):
    assert believed(torch.tensor(estimate), total).tolist() == counts


@pytest.mark.parametrize("size", [16, 64, 128])
def test_photographs_are_better_dummies_than_noise_on_a_lenet(size: int):
    seen, labels = batch(size)
    photographs, noise = (
        accuracy(ALR(dummies=kind, correct=False).recover(seen), labels) for kind in ("photographs", "normal")
    )
    assert photographs >= 0.95 and photographs >= noise
    assert accuracy(Geng().recover(seen), labels) >= 0.95


@pytest.mark.parametrize("kind", ["noise", "normal"])
def test_what_sure_classes_reveal_mends_strange_dummies(kind: str):
    seen, labels = batch(128)
    plain, corrected = (ALR(dummies=kind, correct=correct).recover(seen) for correct in (False, True))
    assert accuracy(corrected, labels) >= max(0.97, accuracy(plain, labels))


def test_an_untrained_network_raises_no_doubt():
    seen, _ = batch(16)
    assert ALR().doubts(seen) == Geng().doubts(seen) == []
    assert ALR().doubts(untrained([1, 2])) == []


def test_answers_that_differ_raise_a_doubt_with_their_measure():
    entering = normal(6, 16).abs()
    seen = observed(entering, spelled([3, 2, 1]), normal(3, 16, scale=3, seed=1), normal(3, seed=2), public=entering)
    [said] = ALR().doubts(seen)
    met = answers(seen, seen.public)
    spread = (met - met.mean(0)).abs().sum(1).mean() / 2
    assert said.startswith("ALR takes the network's answers to be alike") and said.endswith(f"by {spread:.0%}.")
    assert "Geng's method takes" in Geng().doubts(seen)[0]


def test_features_whose_sums_differ_raise_a_doubt_for_geng():
    entering = normal(8, 16).abs() * torch.linspace(0.01, 1, 8).double()[:, None]
    flat = observed(entering, spelled([4, 4]), torch.zeros(2, 16).double(), torch.zeros(2).double(), public=entering)
    [said] = Geng().doubts(flat)
    assert "the sum of what enters the last layer" in said and ALR().doubts(flat) == []


def test_without_photographs_noise_stands_in_and_that_is_said():
    seen = dataclasses.replace(batch(16)[0], public=None)
    assert ALR().recover(seen).equal(ALR(dummies="noise").recover(seen))
    assert any("no public photographs" in line for line in ALR().doubts(seen))
    assert ALR(dummies="noise").doubts(seen) == []
