"""iLRG: features from ratios, answers to them, and linear equations for the counts."""

import dataclasses

import pytest
import torch

from leaklab.attacks.labels import ILRG
from leaklab.attacks.labels.equations import ratios, solved, unmixed
from leaklab.attacks.labels.head import head
from leaklab.protocol.observation import Observation
from tests.attacks.labels.heads import normal, observed, spelled, untrained
from tests.attacks.labels.lenet import batch
from tests.attacks.labels.test_answers import accuracy


def separable(counts: list[int]) -> Observation:
    """Return a batch in which each class has features of its own, and its answers are shared with class 0 alone."""
    labels, classes = spelled(counts), len(counts)
    entering = torch.eye(classes).double()[labels]
    weight = torch.eye(classes).double() * 60 - 60
    weight[0] = torch.linspace(-1, 1, classes)  # class 0 takes the rest of every answer
    return observed(entering, labels, weight, torch.zeros(classes).double())


@pytest.mark.parametrize("counts", [[0, 1, 0, 4, 2], [0, 9, 9, 1, 0], [0, 30, 0, 0, 1]])
def test_counts_are_exact_where_features_are_separable(counts: list[int]):
    seen = head(separable(counts))
    entering = ratios(seen)
    present = torch.tensor(counts).nonzero().squeeze(1)
    assert torch.allclose(entering[present], torch.eye(5).double()[present], atol=1e-12)
    found = solved(seen.answers(entering), seen.bias_gradient, sum(counts))
    assert torch.allclose(found, torch.tensor(counts).double(), atol=1e-8)
    assert ILRG().recover(separable(counts)).equal(spelled(counts)) and ILRG().doubts(separable(counts)) == []


def test_the_equations_hold_for_true_answers_of_each_class():
    counts, answers = torch.tensor([3, 0, 2, 1]).double(), normal(4, 4).softmax(1)
    gradient = (counts @ answers - counts) / 6
    assert torch.allclose(solved(answers, gradient, 6), counts, atol=1e-10)


def test_one_image_has_the_features_of_every_ratio():
    entering = normal(1, 12)
    seen = observed(entering, torch.tensor([2]), normal(5, 12, seed=1), normal(5, seed=2))
    assert torch.allclose(ratios(head(seen)), entering.expand(5, 12), rtol=0, atol=1e-10)
    assert seen.update["linear.bias"].lt(0).nonzero().tolist() == [[2]]


def test_a_ratio_is_bounded_and_a_row_of_zeros_has_features_of_zero():
    seen = dataclasses.replace(
        head(untrained([1, 1, 0])), bias_gradient=torch.tensor([0.0, 0.0, 1e-12]).double(),
        weight_gradient=torch.stack([torch.zeros(32), -torch.ones(32), torch.ones(32)]).double(),
    )  # fmt: skip
    assert ratios(seen).amin(1).tolist() == [0, -1e10, 1e10] and ratios(seen).amax(1).tolist() == [0, -1e10, 1e10]


def test_unmixing_finds_the_features_of_different_classes():
    """Where no label repeats, the true features explain every row, and passes lead to them."""
    labels = torch.tensor([1, 3, 4])
    entering = normal(3, 12)
    seen = head(observed(entering, labels, normal(6, 12, scale=0.3, seed=1), normal(6, seed=2)))
    counts = labels.bincount(minlength=6)
    found = ratios(seen)
    for _ in range(30):
        found = unmixed(found, counts, seen)
    assert torch.allclose(found[labels], entering, atol=1e-6)
    held = unmixed(found, counts, seen)
    assert torch.allclose(held, found, atol=1e-9) and held[[0, 2, 5]].equal(ratios(seen)[[0, 2, 5]])


def test_answers_that_are_sure_beyond_doubt_leave_the_features_as_they_are():
    """As after pruning, where quotients of what is left can be huge: no row then says anything of the others."""
    seen = head(untrained([1, 1, 0]))
    sure = dataclasses.replace(seen, weight=1e4 * torch.eye(3, 32).double())
    features = torch.eye(3, 32).double()
    assert unmixed(features, torch.tensor([1, 1, 0]), sure).equal(features)


@pytest.mark.parametrize("size", [16, 64, 128])
def test_counts_of_a_lenet_and_passes_that_mend_them(size: int):
    seen, labels = batch(size)
    plain, mended = (accuracy(ILRG(passes=passes).recover(seen), labels) for passes in (0, 3))
    assert plain >= 0.95 and mended >= 0.98


def test_classes_that_mix_raise_a_doubt():
    mixed = observed(normal(27, 6).abs(), spelled([9, 9, 9]), normal(3, 6, seed=1), normal(3, seed=2))
    [said] = ILRG(passes=0).doubts(mixed)
    assert said.startswith("iLRG's equations give no whole counts") and "more than all of the batch" in said
    assert ILRG().doubts(batch(64)[0]) == []


def test_the_bias_is_needed():
    [said] = ILRG().missing(observed(normal(2, 6), spelled([1, 1]), normal(2, 6), None))
    assert said.startswith("iLRG reads the gradient of the last layer's bias")
