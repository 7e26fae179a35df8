"""LLG and bias-corrected recovery against the loops they are published as."""

import pytest
import torch
from torch import Tensor

from leaklab.attacks.labels import LLG, BiasCorrected
from leaklab.attacks.labels.impact import explained
from tests.attacks.labels.heads import normal, observed, spelled, untrained

BATCHES = [[4, 0, 1, 0, 0, 2, 0, 0, 1], [1] * 9, [11, 0, 3, 0, 9]]


def looped(rows: Tensor, total: int, impact: float, offsets: Tensor | float = 0.0) -> list[int]:
    """Two stages, one label at a time."""
    found = [number for number in rows.argsort().tolist() if rows[number] < 0][:total]
    left = rows.clone()
    left[found] -= impact
    left -= offsets
    while len(found) < total:
        chosen = int(left.argmin())
        found.append(chosen)
        left[chosen] -= impact
    return sorted(found)


@pytest.mark.parametrize("counts", BATCHES, ids=len)
def test_llg_is_the_published_loop(counts: list[int]):
    seen = untrained(counts, spread=0.1)
    rows, total, classes = seen.update["linear.weight"].sum(1), sum(counts), len(counts)
    impact = (1 + 1 / classes) * float(rows[rows < 0].sum()) / total
    assert LLG().recover(seen).tolist() == looped(rows, total, impact)


@pytest.mark.parametrize("counts", BATCHES, ids=len)
def test_bias_corrected_is_the_published_loop(counts: list[int]):
    seen = untrained(counts, spread=0.1)
    rows, total = seen.update["linear.bias"], sum(counts)
    assert BiasCorrected().recover(seen).tolist() == looped(rows, total, float(rows[rows < 0].sum()) / total)


def test_impact_and_offsets_are_those_of_batches_of_one_label():
    """As measured in the published code: a batch of dummies a class, all labelled with it."""
    counts = [5, 0, 2, 0]
    seen = untrained(counts, spread=0.1)
    dummies, classes = seen.public[:, 0, 0], len(counts)
    weight, bias = seen.weights["linear.weight"], seen.weights["linear.bias"]
    runs = torch.stack([
        observed(dummies, torch.full((len(dummies),), label), weight, bias).update["linear.weight"].sum(1)
        for label in range(classes)
    ])  # fmt: skip
    impact = (1 + 1 / classes) * float(runs.diagonal().mean()) / sum(counts)
    offsets = (runs.sum(0) - runs.diagonal()) / (classes - 1)
    rows = seen.update["linear.weight"].sum(1)
    assert LLG(calibrate=True).recover(seen).tolist() == looped(rows, sum(counts), impact, offsets)


def test_the_second_stage_takes_from_the_class_it_chose():
    rows = torch.tensor([-10.0, -0.5, 0.3])
    assert explained(rows, 6, impact=-2.0).tolist() == [5, 1, 0]


def test_more_negative_classes_than_images_leave_the_most_negative():
    assert explained(torch.tensor([-1.0, -3.0, -2.0]), 2, impact=-1.0).tolist() == [0, 1, 1]


def test_llg_works_without_a_bias_and_bias_corrected_says_that_it_cannot():
    labels = spelled([3, 0, 0, 1, 0, 0, 0, 0])
    seen = observed(0.5 + normal(4, 16, scale=0.01), labels, normal(8, 16, scale=0.05), None)
    assert LLG().missing(seen) == [] and LLG().recover(seen).equal(labels)
    [said] = BiasCorrected().missing(seen)
    assert said.startswith("Bias-corrected recovery reads the gradient of the last layer's bias") and "'geng'" in said


def test_calibration_doubts_dummies_that_are_answered_differently():
    seen = observed(normal(3, 16).abs(), spelled([2, 0, 1]), normal(3, 16, seed=1), normal(3, seed=2))
    assert LLG().doubts(seen) == []
    noise, answers = LLG(calibrate=True).doubts(seen)
    assert noise.startswith("The attacker has no public photographs") and "measured impact takes" in answers


def test_more_images_than_classes_raise_a_doubt_where_offsets_are_not_measured():
    seen = untrained([5, 0, 2, 0])
    for method, name in ((LLG(), "LLG"), (BiasCorrected(), "Bias-corrected recovery")):
        [said] = method.doubts(seen)
        assert said.startswith(f"{name} looks for negative gradients") and said.endswith(".")
    assert LLG(calibrate=True).doubts(seen) == LLG().doubts(untrained([2, 0, 1])) == []
