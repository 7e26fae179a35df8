"""The objective against finite differences, against autograd without tracing, and at the truth."""

from functools import cache
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from leaklab.attacks.matching.distances import L2, Cosine, Distance
from leaklab.attacks.matching.dummy_updates import (
    AveragedGradient,
    Clients,
    DummyUpdate,
    FedAvg,
    FedAvgEpoch,
    FedSGD,
    SuperClient,
)
from leaklab.attacks.matching.objective import MATCHING, Objective
from leaklab.attacks.matching.optimisers import LBFGS, Adam, Optimiser
from leaklab.attacks.matching.priors import EpochConsistency, Line, TotalVariation
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.matching.spaces import Pixels
from leaklab.attacks.snapshot import Snapshot
from leaklab.federation.partition import Uneven
from leaklab.federation.rounds import Federation
from leaklab.protocol.observation import ThreatModel
from leaklab.protocol.training import Schedule
from tests.scene import CLASSES, TOLD, dice, scene

STEPS = Schedule(epochs=2, batch_size=1, learning_rate=0.3)
SHUFFLED = Schedule(epochs=2, batch_size=2, learning_rate=0.3)
EVERYTHING = ThreatModel(labels=True, counts=True, order=True)
TV = 1e-2
BOUND = pytest.mark.parametrize(("distance", "dummy_update", "labels", "tv"), [
    (L2(), FedSGD(), "open", 0), (L2(), FedSGD(), "told", TV), (Cosine(), FedSGD(), "open", TV),
    (Cosine(), FedAvg(), "told", TV), (L2(), FedAvg(), "open", 0),
], ids=["l2 open", "l2 tv", "cosine open tv", "cosine fedavg tv", "l2 fedavg open"])  # fmt: skip


@cache  # tracing is what costs time here
def bound(
    distance: Distance = L2(), dummy_update: DummyUpdate = FedSGD(), labels: str = "told", tv: float = 0,  # noqa: B008
    *, space: Pixels = Pixels(),  # noqa: B008
) -> Objective:  # fmt: skip
    two = scene(2, side=8, schedule=STEPS if isinstance(dummy_update, FedAvg) else Schedule())
    stage = GradientMatching(
        distance=distance, dummy_update=dummy_update, priors=(TotalVariation(weight=tv),), space=space
    )
    return stage.bind(two.observation(), two.labels if labels == "told" else None)


def truth(rows: int = 1) -> Tensor:
    return scene(2, side=8).images.flatten()[None].repeat(rows, 1)


def guess(objective: Objective, rows: int = 2) -> Tensor:
    return objective.start(rows, seed=3)


@BOUND
def test_the_gradient_agrees_with_finite_differences(distance, dummy_update, labels, tv):
    objective = bound(distance, dummy_update, labels, tv)
    code = guess(objective)
    losses, gradient = objective.losses_and_gradient(code)
    assert torch.allclose(losses, objective.losses(code), rtol=1e-12)
    for _ in range(3):
        way = torch.randn(code.shape, dtype=code.dtype, generator=dice(4))
        slope = (objective.losses(code + 1e-6 * way) - objective.losses(code - 1e-6 * way)) / 2e-6
        assert torch.allclose((gradient * way).sum(1), slope, rtol=1e-5, atol=1e-8)


@BOUND
@pytest.mark.parametrize("rows", [1, 2])
def test_replaying_the_trace_is_computing_anew(distance, dummy_update, labels, tv, rows: int):
    objective = bound(distance, dummy_update, labels, tv)
    for seed in (3, 9):  # the second is not the one that was traced
        code = objective.start(rows, seed)
        losses, gradient, *_ = objective.program(code)(code)
        free = code.clone().requires_grad_()
        expected = objective.losses(free)
        [slope] = torch.autograd.grad(expected.sum(), free)
        assert torch.equal(losses, expected) and torch.allclose(gradient, slope, rtol=1e-10, atol=1e-13)
        assert not gradient.requires_grad


def test_it_is_traced_after_a_fixed_number_of_evaluations_and_the_numbers_stay(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("leaklab.attacks.matching.objective._UNTRACED", 2)
    objective = bound.__wrapped__()
    code, ways = guess(objective), []
    for _ in range(4):
        losses, gradient = objective.losses_and_gradient(code)
        ways.append((bool(objective._programs), losses, gradient))
    assert [traced for traced, *_ in ways] == [False, False, True, True]
    assert all(torch.equal(losses, ways[0][1]) for _, losses, _ in ways)
    assert all(torch.allclose(gradient, ways[0][2], rtol=1e-10, atol=1e-13) for *_, gradient in ways)
    objective.losses_and_gradient(code[:1])
    assert len(objective._programs) == 1  # another number of rows is counted by itself


@pytest.mark.parametrize(
    ("optimiser", "iterations", "long"),
    [(Adam(), 119, False), (Adam(), 120, True), (LBFGS(updates=20), 5, False), (LBFGS(updates=20), 6, True)],
)
def test_a_search_that_ends_before_tracing_pays_is_not_traced(
    optimiser: Optimiser, iterations: int, long: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("leaklab.attacks.matching.objective._UNTRACED", 0)
    two = scene(2, side=8)
    stage = GradientMatching(optimiser=optimiser, iterations=iterations)
    objective = stage.bind(two.observation(TOLD), two.labels)
    objective.losses_and_gradient(objective.start(1, 0))
    assert objective.long is bool(objective._programs) is long


@pytest.mark.parametrize("dummy_update", [FedSGD(), FedAvg()], ids=lambda part: part.kind)
@pytest.mark.parametrize("distance", [L2(), Cosine()], ids=lambda part: part.kind)
def test_the_truth_has_no_loss_and_no_slope(distance: Distance, dummy_update: DummyUpdate):
    losses, gradient = bound(distance, dummy_update).losses_and_gradient(truth())
    assert losses.abs().max() < 1e-28 and gradient.abs().max() < 1e-13


EXACT = {  # what promises to be exact, of which clients, and what it must be told for that
    "one gradient of one step": (FedSGD(), 1, Schedule(), TOLD),
    "the averaged gradient of one step": (AveragedGradient(), 1, Schedule(), TOLD),
    "every step, in the true order": (FedAvg(), 1, SHUFFLED, EVERYTHING),
    "every step on images of its epoch": (FedAvgEpoch(), 1, SHUFFLED, EVERYTHING),
    "a super-client of one step": (SuperClient(), 2, Schedule(), TOLD),
    "every client in its order": (Clients(), 2, SHUFFLED, EVERYTHING),
}


@pytest.mark.parametrize("distance", [L2(), Cosine()], ids=lambda part: part.kind)
@pytest.mark.parametrize(("dummy_update", "clients", "schedule", "threat"), EXACT.values(), ids=EXACT)
def test_the_truth_has_no_loss_wherever_exactness_is_promised(dummy_update, clients, schedule, threat, distance):
    federation = Federation(clients=clients, view="aggregated", partition=Uneven(skew=0.6), schedule=schedule)
    [(seen, secret)] = scene(6, side=8).play(federation, threat)
    priors = (Line(weight=0.0), EpochConsistency(weight=1.0))
    stage = GradientMatching(dummy_update=dummy_update, distance=distance, priors=priors)
    objective = stage.bind(seen, secret.labels)
    copies = dummy_update.copies(seen)
    code = secret.images.repeat(copies, 1, 1, 1).flatten()[None].requires_grad_()
    terms = objective.terms(code)
    [slope] = torch.autograd.grad(terms[MATCHING].sum(), code)
    assert terms[MATCHING] < 1e-26 and terms["epoch_consistency"] < 1e-30 and slope.abs().max() < 1e-12
    assert objective.losses(objective.start(1, seed=3)) > 1e-3
    assert torch.allclose(objective.merge(objective.split(code)[0]), secret.images[None], rtol=0, atol=1e-15)


def epochwise(labels: str = "told") -> Objective:
    """Return an objective that searches an image set an epoch, with all that holds them together."""
    two = scene(2, side=8, schedule=STEPS)
    priors = (EpochConsistency(weight=0.1), Line(weight=0.5))
    stage = GradientMatching(dummy_update=FedAvgEpoch(), priors=priors)
    return stage.bind(two.observation(), two.labels if labels == "told" else None)


def handed_out(objective: Objective, code: Tensor) -> Snapshot:
    state = SimpleNamespace(losses=objective.losses(code), evaluations=1)
    return objective.snapshot(code, stage=0, iteration=0, state=state)


@pytest.mark.parametrize("labels", ["told", "open"])
def test_every_epochs_images_are_searched_and_one_set_is_handed_out(labels: str):
    objective = epochwise(labels)
    code = guess(objective)
    open_labels = 0 if labels == "told" else 2 * CLASSES  # one set of them, for every epoch
    assert code.shape == (2, 2 * 2 * 64 + open_labels)
    images, targets = objective.split(code)
    assert images.shape == (2, 4, 1, 8, 8) and torch.equal(targets[:, :2], targets[:, 2:])
    snapshot = handed_out(objective, code)
    assert snapshot.images.shape == (2, 2, 1, 8, 8) and snapshot.labels.shape == (2, 2, CLASSES)
    assert torch.equal(snapshot.images, FedAvgEpoch().merged(images, objective.observation))
    assert snapshot.terms.keys() == {MATCHING, "epoch_consistency", "line"}


def test_the_line_and_the_epochs_are_traced_with_the_steps():
    objective = epochwise()
    for seed in (3, 9):  # the second is not the one that was traced
        code = objective.start(1, seed).requires_grad_()
        losses, gradient = objective.losses_and_gradient(code.detach())
        [slope] = torch.autograd.grad(objective.losses(code).sum(), code)
        assert torch.allclose(losses, objective.losses(code)) and torch.allclose(gradient, slope, rtol=1e-9, atol=1e-13)


def test_a_search_of_epochs_goes_on_from_images_and_from_its_own_code():
    objective, single = epochwise("open"), bound(labels="open")
    code = guess(single)
    found = handed_out(single, code)
    resumed = objective.resume(found)
    images, targets = objective.split(resumed)
    assert torch.equal(images, found.images.repeat(1, 2, 1, 1, 1)) and torch.allclose(targets[:, :2], found.labels)
    assert torch.equal(objective.resume(handed_out(objective, resumed)), resumed)


def test_with_total_variation_the_truth_is_no_minimum():
    objective = bound(tv=TV)
    losses, gradient = objective.losses_and_gradient(truth())
    smoother = truth() - 1e-3 * gradient
    assert gradient.norm() > 1e-4 and objective.losses(smoother) < losses


def test_every_row_is_computed_as_if_alone():
    objective = bound(labels="open", tv=TV)
    code = guess(objective, rows=3)
    losses, gradient = objective.losses_and_gradient(code)
    for row in range(3):
        alone, slope = objective.losses_and_gradient(code[row : row + 1])
        assert torch.allclose(alone[0], losses[row], rtol=1e-12)
        assert torch.allclose(slope[0], gradient[row], rtol=1e-10, atol=1e-13)


def test_a_row_that_is_not_a_number_is_infinitely_bad_and_spoils_no_other():
    objective = bound(labels="open", tv=TV)
    code = guess(objective)
    alone = objective.losses(code[1:])
    code[0, 0] = torch.nan
    for losses in (objective.losses(code), objective.losses_and_gradient(code)[0]):
        assert losses[0] == torch.inf and torch.allclose(losses[1:], alone, rtol=1e-12)


def test_the_terms_add_up_to_the_loss_with_their_weights():
    objective = bound(tv=TV)
    code = guess(objective)
    terms = objective.terms(code)
    assert set(terms) == {MATCHING, "total_variation"}
    assert torch.allclose(sum(terms.values()), objective.losses(code), rtol=1e-12)
    images = code.unflatten(1, (2, 1, 8, 8))
    variation = images.diff(dim=3).abs().mean((1, 2, 3, 4)) + images.diff(dim=4).abs().mean((1, 2, 3, 4))
    assert torch.allclose(terms["total_variation"], TV * variation, rtol=1e-12)


def test_a_prior_without_weight_is_no_term():
    assert set(bound(tv=0).terms(guess(bound()))) == {MATCHING}


def test_a_snapshot_names_the_same_terms():
    objective = bound(tv=TV)
    code = guess(objective)
    state = Adam().start(code, objective, 1)
    snapshot, terms = objective.snapshot(code, stage=1, iteration=2, state=state), objective.terms(code)
    assert (snapshot.stage, snapshot.iteration, snapshot.evaluations) == (1, 2, 1)
    assert snapshot.terms.keys() == terms.keys()
    assert all(torch.allclose(snapshot.terms[name], terms[name], atol=1e-12) for name in terms)
    assert snapshot.images.shape == (2, 2, 1, 8, 8) and snapshot.labels.argmax(2).tolist() == [[0, 1], [0, 1]]


@pytest.mark.parametrize("labels", ["told", "open"])
def test_restart_k_of_a_seed_is_the_first_of_seed_plus_k(labels: str):
    objective = bound(labels=labels)
    together = objective.start(3, seed=40)
    assert all(torch.equal(together[k], objective.start(1, seed=40 + k)[0]) for k in range(3))
    assert not torch.equal(together[0], together[1])


def test_open_labels_are_probabilities_behind_the_pixels():
    objective = bound(labels="open")
    code = guess(objective)
    images, labels = objective.split(code)
    assert code.shape == (2, 2 * 64 + 2 * CLASSES)
    assert torch.equal(images.flatten(1), code[:, :128])
    assert torch.allclose(labels, code[:, 128:].reshape(2, 2, CLASSES).softmax(2))


def test_known_labels_are_certain():
    images, labels = bound().split(guess(bound()))
    assert labels.tolist() == [[[1, 0, 0, 0], [0, 1, 0, 0]]] * 2 and images.shape == (2, 2, 1, 8, 8)


def test_the_box_is_for_pixels_and_not_for_labels():
    objective = bound(labels="open", space=Pixels(boxed=True))
    code = 5 * guess(objective)
    projected = objective.project(code)
    assert torch.equal(projected[:, :128], code[:, :128].clamp(0, 1))
    assert torch.equal(projected[:, 128:], code[:, 128:])
