"""Scores: the same for every order of the batch, a number even for what diverged, and what flatters kept apart."""

import math

import pytest
import torch

from leaklab.evaluation import metrics, scores
from leaklab.evaluation.fsim import fsim
from leaklab.evaluation.scores import score, with_replacement
from leaklab.settings import Refusal

METRICS = ("mse", "psnr", "ssim", "cosine")


@pytest.fixture
def truth():
    return torch.rand(5, 3, 16, 16, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def unmeasured(monkeypatch):
    """Leave LPIPS out, whose network is not what these tests are about."""
    monkeypatch.setattr(scores, "perceptual_distance", lambda ones, others: (None, "No weights."))


@pytest.fixture
def guess(truth):
    return (truth + 0.2 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(1)))[[3, 0, 4, 1, 2]]


def test_permuting_the_reconstruction_changes_no_metric(guess, truth):
    order = torch.tensor([4, 2, 0, 3, 1])
    one, other = score(guess, truth), score(guess[order], truth)
    assert one.values.keys() == set(METRICS)
    for metric in METRICS:
        assert torch.allclose(one.values[metric], other.values[metric], rtol=0, atol=1e-9)
    assert torch.equal(guess[one.assignment], guess[order][other.assignment])


def test_the_values_are_those_of_the_matched_pairs(guess, truth):
    found = score(guess, truth)
    assert found.assignment.tolist() == [1, 3, 4, 0, 2]
    for metric in METRICS:
        assert torch.equal(found.values[metric], getattr(metrics, metric)(guess[found.assignment], truth))
    assert found.mean("psnr") == pytest.approx(float(found.values["psnr"].mean()))


def test_matching_with_replacement_calls_five_copies_of_one_photograph_perfect(truth):
    flattered = with_replacement(truth[[0] * 5], truth)
    assert flattered == {"psnr": 100, "ssim": pytest.approx(1)}
    assert score(truth[[0] * 5], truth).mean("psnr") < 30


def test_matching_with_replacement_is_the_mean_of_each_reconstructions_best(truth, guess):
    ssim = torch.stack([metrics.ssim(one.expand_as(truth), truth) for one in guess])
    assert with_replacement(guess, truth)["ssim"] == pytest.approx(float(ssim.amax(1).mean()), abs=1e-12)


@pytest.mark.parametrize("noise", [0.0, 0.1, 0.5, 5.0])
@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [1, 1, 2, 0, 4], [3, 3, 3, 3, 3]])
def test_matching_with_replacement_is_never_below_the_pairing(unmeasured, truth, order, noise):
    guess = truth[order] + noise * torch.randn(truth.shape, generator=torch.Generator().manual_seed(2))
    found = score(guess, truth, perceptual=True)
    assert found.with_replacement.keys() == {"psnr", "ssim"}
    for metric, flattered in found.with_replacement.items():
        assert flattered >= found.mean(metric) - 1e-12


def test_matching_with_replacement_gives_a_broken_reconstruction_the_worst_value(truth):
    guess = truth.clone()
    guess[2] = float("nan")
    assert with_replacement(guess, truth) == {"psnr": pytest.approx(80), "ssim": pytest.approx((4 - 1) / 5)}


def test_identity_is_perfect_in_every_metric(unmeasured, truth):
    found = score(truth, truth, perceptual=True)
    assert [found.mean(metric) for metric in (*METRICS, "fsim")] == pytest.approx([0, 100, 1, 1, 1])


def test_what_takes_long_is_measured_on_the_matched_images_and_only_when_asked_for(unmeasured, guess, truth):
    found = score(guess, truth, perceptual=True)
    assert torch.equal(found.values["fsim"], fsim(guess[found.assignment], truth))
    quick = score(guess, truth)
    assert quick.values.keys() == set(METRICS) and quick.with_replacement == {} and math.isnan(quick.mean("fsim"))


def test_permuting_the_reconstruction_changes_nothing_that_takes_long(unmeasured, guess, truth):
    one, other = score(guess, truth, perceptual=True), score(guess[[4, 2, 0, 3, 1]], truth, perceptual=True)
    assert torch.allclose(one.values["fsim"], other.values["fsim"], rtol=0, atol=1e-9)
    assert one.with_replacement == pytest.approx(other.with_replacement)


def test_labels_travel_with_their_images(guess, truth):
    true = torch.tensor([10, 11, 12, 13, 14])
    found = score(guess, truth, labels=torch.tensor([13, 10, 14, 11, 0]), true_labels=true)
    assert found.labels_recovered.tolist() == [10, 11, 0, 13, 14]
    assert found.labels_true.tolist() == true.tolist()
    assert found.label_accuracy == pytest.approx(0.8) and found.multiset_accuracy == pytest.approx(0.8)


def test_exact_accuracy_sees_an_exchange_that_the_count_does_not(truth):
    found = score(truth, truth, labels=torch.tensor([1, 0, 2, 3, 4]), true_labels=torch.arange(5))
    assert (found.label_accuracy, found.multiset_accuracy) == (pytest.approx(0.6), 1.0)


def test_without_labels_there_is_no_label_accuracy(guess, truth):
    found = score(guess, truth, true_labels=torch.arange(5))
    assert found.label_accuracy is None and found.multiset_accuracy is None and found.labels_recovered is None


def test_a_diverged_reconstruction_is_scored_worst_and_the_rest_as_ever(truth):
    guess = truth.clone()
    guess[2] = float("nan")
    guess[4] = 1e30
    found = score(guess, truth)
    assert found.values["psnr"][[0, 1, 3]].tolist() == [100, 100, 100]
    lost, white = (found.assignment == 2).nonzero().item(), (found.assignment == 4).nonzero().item()
    assert {lost, white} == {2, 4}
    assert [found.values[metric][lost].item() for metric in METRICS] == [1, 0, -1, 0]
    assert 0 < found.values["psnr"][white] < 10
    assert math.isfinite(found.mean("psnr"))


def test_lpips_is_measured_on_the_matched_images_when_asked_for(monkeypatch, guess, truth):
    monkeypatch.setattr(scores, "perceptual_distance", lambda ones, others: (metrics.mse(ones, others), ""))
    found = score(guess, truth, perceptual=True)
    assert torch.equal(found.lpips, found.values["mse"]) and found.mean("lpips") == found.mean("mse")
    assert score(guess, truth).lpips is None


def test_an_lpips_out_of_reach_is_absent_with_its_reason(monkeypatch, guess, truth):
    monkeypatch.setattr(scores, "perceptual_distance", lambda ones, others: (None, "No weights."))
    found = score(guess, truth, perceptual=True)
    assert found.lpips is None and found.lpips_reason == "No weights." and math.isnan(found.mean("lpips"))


def test_a_metric_that_does_not_exist_is_refused_with_those_that_do(guess, truth):
    with pytest.raises(Refusal, match="'vif': choose one of mse, psnr, ssim, cosine, fsim, lpips"):
        score(guess, truth).mean("vif")
