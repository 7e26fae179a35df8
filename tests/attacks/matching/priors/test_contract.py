"""What holds of every prior, on two sets of images: its slope, its restarts, its place in an objective, its link."""

import dataclasses

import pytest
import torch
from pydantic import TypeAdapter
from torch import Tensor

from leaklab.attacks.matching.distances import Cosine
from leaklab.attacks.matching.dummy_updates import FedAvgEpoch
from leaklab.attacks.matching.priors import (
    BatchNormStatistics,
    EpochConsistency,
    Features,
    GroupConsistency,
    LatentKL,
    Line,
    Norm,
    Prediction,
    Prior,
    Range,
    Shift,
    TotalVariation,
)
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.snapshot import Dummy
from leaklab.protocol.training import Schedule
from leaklab.settings import choices
from tests.attacks.matching.priors import normed
from tests.scene import trained

PRIORS = [
    TotalVariation(weight=0.1), TotalVariation(weight=0.1, rounding=0.1), TotalVariation(weight=0.1, form="isotropic"),
    TotalVariation(weight=0.1, form="isotropic", rounding=0.1, colours=True),
    TotalVariation(weight=1e-3, form="squared", colours=True),
    Norm(weight=0.1), Range(weight=0.01), BatchNormStatistics(weight=0.1, first=3), GroupConsistency(weight=0.1),
    Prediction(weight=0.1), Prediction(weight=0.1, answer="logits"), Features(weight=0.1),
    EpochConsistency(weight=0.1), Line(weight=0.1),
]  # fmt: skip
EACH = pytest.mark.parametrize("prior", PRIORS, ids=lambda prior: prior.kind)
FORWARD = ("batch_norm_statistics", "prediction", "features")  # these ask the network, one restart unlike many
SEEN = trained(normed.observation(), Schedule(epochs=2, learning_rate=0.1))
SIMULATE = FedAvgEpoch().bind(SEEN)


def guess(rows: int = 2) -> Tensor:
    """Return a set of images an epoch, for every restart."""
    return torch.cat([normed.guess(rows), normed.guess(rows).flip(3, 4)], 1)


def dummy(images: Tensor) -> Dummy:
    one = normed.dummy(images)
    return dataclasses.replace(one, path=SIMULATE(one.images, one.labels))


def test_every_prior_is_here():
    of_a_generator = {LatentKL, Shift}  # about no pictures: measured where generators are
    assert {type(prior) for prior in PRIORS} | of_a_generator == set(choices(Prior))


@EACH
def test_it_is_read_back_as_it_was_written(prior: Prior):
    reader = TypeAdapter(Prior)
    assert reader.validate_python(prior.model_dump(mode="json")) == prior


@EACH
def test_it_misses_nothing_where_the_network_has_batch_norm(prior: Prior):
    assert prior.missing(SEEN) == []


@EACH
def test_its_slope_agrees_with_finite_differences(prior: Prior):
    penalty = prior.bind(SEEN)
    assert torch.autograd.gradcheck(lambda images: penalty(dummy(images)), guess().requires_grad_(), fast_mode=True)


@EACH
@pytest.mark.parametrize("tone", [0.0, 0.5])
def test_value_and_slope_are_finite_where_all_images_are_one_tone(prior: Prior, tone: float):
    images = torch.full_like(guess(), tone).requires_grad_()
    value = prior.bind(SEEN)(dummy(images))
    [slope] = torch.autograd.grad(value.sum(), images)
    assert value.isfinite().all() and slope.isfinite().all()


@pytest.mark.parametrize(
    "prior", [one for one in PRIORS if not isinstance(one, GroupConsistency)], ids=lambda one: one.kind
)
def test_restarts_are_measured_as_if_alone(prior: Prior):
    penalty, whole = prior.bind(SEEN), dummy(guess(4))
    together = penalty(whole)
    assert together.shape == (4,) and together.unique().numel() == 4
    for row in range(4):
        one = slice(row, row + 1)
        path = tuple({name: part[one] for name, part in epoch.items()} for epoch in whole.path)
        alone = penalty(Dummy(whole.images[one], whole.labels[one], whole.code[one], path))
        assert torch.allclose(alone[0], together[row], rtol=1e-12)


@EACH
def test_a_restart_that_is_not_a_number_spoils_neither_value_nor_slope_of_the_others(prior: Prior):
    penalty, images = prior.bind(SEEN), guess(3)
    images[1] = torch.nan
    images.requires_grad_()
    value = penalty(dummy(images))
    [slope] = torch.autograd.grad(value.sum(), images)
    assert value[1].isnan() and value[[0, 2]].isfinite().all() and slope[[0, 2]].isfinite().all()


@pytest.mark.parametrize(("rows", "labels"), [(3, "open"), (1, "told")])
def test_replaying_the_trace_of_all_together_is_computing_anew(rows: int, labels: str):
    told = SEEN.labels if labels == "told" else None
    objective = GradientMatching(distance=Cosine(), priors=tuple(PRIORS)).bind(SEEN, told)
    for seed in (3, 9):  # the second is not the one that was traced
        code = objective.start(rows, seed)
        losses, gradient = objective.losses_and_gradient(code)
        free = code.clone().requires_grad_()
        terms = objective.terms(free)
        expected = sum(terms.values())
        [slope] = torch.autograd.grad(expected.sum(), free)
        assert len(terms) == 1 + len(PRIORS) and all(term.shape == (rows,) for term in terms.values())
        assert torch.allclose(losses, expected, rtol=1e-12)
        assert torch.allclose(gradient, slope, rtol=1e-9, atol=1e-12)
