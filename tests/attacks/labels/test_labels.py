"""Every method of label recovery, on gradients whose labels are known."""

import dataclasses

import pytest
import torch
from torch import nn

from leaklab.attacks.labels import ALR, IDLG, ILRG, LLG, METHODS, BiasCorrected, Geng
from leaklab.experiments.scenario import Scenario
from leaklab.protocol.updates import mean, scaled
from tests.attacks.labels.heads import normal, observed, spelled, untrained

COUNTING = [LLG(calibrate=True), ALR(), ALR(correct=False), Geng(), ILRG(), ILRG(passes=0), ILRG(passes=3)]
SMALL_BATCH = [*COUNTING, LLG(), BiasCorrected()]  # these two assume that the answers hardly matter
FEW = [0, 3, 1, 0, 0, 1, 1, 0, 2, 0] + [0] * 40
COUNTS = [
    [9, 0, 7, 1, 6],  # repeats, an absence, more images than classes
    [1, 1, 1, 1, 1],
    [0, 0, 40, 0, 0],
    [0, 64, 0, 32, *[1] * 32, *[0] * 64],
]


def known(method: object) -> str:
    return repr(method)


def test_the_table_is_in_the_order_shown_and_by_kind():
    assert list(METHODS) == ["idlg", "zlr", "llg", "bias_corrected", "alr", "geng", "ilrg"]
    assert all(method.kind == key for key, method in METHODS.items())


@pytest.mark.parametrize("counts", COUNTS, ids=len)
@pytest.mark.parametrize("method", COUNTING, ids=known)
def test_counts_are_exact_where_features_hardly_differ(method: ALR, counts: list[int]):
    assert method.recover(untrained(counts)).tolist() == spelled(counts).tolist()


@pytest.mark.parametrize("method", SMALL_BATCH, ids=known)
def test_counts_are_exact_where_answers_hardly_matter(method: ALR):
    assert method.recover(untrained(FEW)).tolist() == spelled(FEW).tolist()


@pytest.mark.parametrize("counts", [*COUNTS, FEW], ids=len)
@pytest.mark.parametrize("method", SMALL_BATCH, ids=known)
def test_as_many_labels_as_images_in_order_whatever_the_network(method: ALR, counts: list[int]):
    labels, width = spelled(counts), 24
    wild = observed(
        normal(len(labels), width).abs(), labels, normal(len(counts), width, seed=1), normal(len(counts), seed=2)
    )
    found = method.recover(wild)
    assert found.shape == labels.shape and found.equal(found.sort().values)
    assert found.min() >= 0 and found.max() < len(counts)


@pytest.mark.parametrize("method", METHODS.values(), ids=known)
def test_nothing_is_missing_without_numbers_or_layers(method: IDLG):
    bare = Scenario().outline()
    assert method.missing(bare) == []
    assert method.missing(dataclasses.replace(bare, network=nn.Identity())) == []


@pytest.mark.parametrize("method", COUNTING, ids=known)
def test_the_average_of_clients_is_read_as_one_batch(method: ALR):
    """Clients of four and two images: their mean, weighted by images, is the gradient of all six."""
    whole = untrained([3, 0, 1, 2])
    features, labels = whole.public[:6, 0, 0], spelled([3, 0, 1, 2])
    weight, bias = whole.weights["linear.weight"], whole.weights["linear.bias"]
    parts = [observed(features[part], labels[part], weight, bias).update for part in (slice(4), slice(4, 6))]
    seen = dataclasses.replace(whole, update=mean(parts, [4, 2]), num_clients=2)
    assert method.recover(seen).tolist() == labels.tolist()


@pytest.mark.parametrize("method", COUNTING, ids=known)
def test_several_local_steps_are_averaged(method: ALR):
    seen = untrained([2, 0, 0, 4])
    thrice = dataclasses.replace(seen, epochs=3, update=scaled(seen.update, 3))
    assert method.recover(thrice).equal(method.recover(seen))


@pytest.mark.parametrize("counts", COUNTS, ids=len)
def test_the_identity_behind_counting_is_exact_with_the_true_answers(counts: list[int]):
    labels, width = spelled(counts), 24
    features, weight, bias = normal(len(labels), width), normal(len(counts), width, seed=1), normal(len(counts), seed=2)
    seen = observed(features, labels, weight, bias, public=features)
    answers = (features @ weight.T + bias).softmax(1)
    found = len(labels) * (answers.mean(0) - seen.update["linear.bias"])
    assert torch.allclose(found, torch.tensor(counts).double(), rtol=0, atol=1e-10)
    assert all(ALR(count=256, correct=correct).recover(seen).equal(labels) for correct in (False, True))
