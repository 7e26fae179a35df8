"""What unrolled steps cost, when they are taken twice, and what is said where they do not fit."""

import dataclasses

import pytest
import torch
from torch import nn

from leaklab.attacks.matching import unrolled
from leaklab.attacks.matching.dummy_updates import AveragedGradient, Clients, FedAvg, FedAvgEpoch, FedSGD
from leaklab.attacks.matching.priors import GroupConsistency
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.matching.unrolled import Unrolled
from leaklab.protocol.observation import ThreatModel
from leaklab.protocol.training import Pass, Schedule
from tests.attacks.matching.held import Held
from tests.scene import CLASSES, Scene, dice, scene

FIVE = Schedule(epochs=5, batch_size=1, learning_rate=0.1)
SEEN = scene(2, side=8, schedule=FIVE).observation()
WEIGHTS = 6 * 9 + 6 + 96 * 4 + 4
MAPS = 3 * 96 + 4  # of the convolution, its activation and its flattening, and the answers
GIB = 1 << 30


def of(steps: list[int], restarts: int = 1) -> Unrolled:
    return Unrolled(SEEN, steps, restarts)


def there(monkeypatch: pytest.MonkeyPatch, size: int | None) -> None:
    monkeypatch.setattr(unrolled, "available", lambda device: size)


@pytest.mark.parametrize("recompute", [False, True])
def test_more_steps_images_and_restarts_need_more(recompute: bool):
    one = of([2]).needed(recompute=recompute)
    assert of([2, 2]).needed(recompute=recompute) > one < of([3]).needed(recompute=recompute)
    assert of([2], restarts=3).needed(recompute=recompute) == 3 * one


def test_what_is_needed_is_weights_and_maps_of_every_step_in_the_precision_that_is_worked_in():
    one, flat, two = (of(steps).needed(recompute=False) for steps in ([1], [1, 1], [2, 1]))
    an_image = (two - flat) / (8 * MAPS)  # of eight bytes a number
    a_step = (flat - one - (two - flat)) / (8 * WEIGHTS)
    assert 1 <= an_image <= 10 and 1 <= a_step <= 10
    single = dataclasses.replace(SEEN, update={name: part.float() for name, part in SEEN.update.items()})
    assert Unrolled(single, [2, 1], 1).needed(recompute=False) == two / 2


def test_steps_that_are_forgotten_need_less_the_more_there_are():
    shares = [of([2] * count).needed(recompute=True) / of([2] * count).needed(recompute=False) for count in (2, 8, 32)]
    assert 1 > shares[0] > shares[1] > shares[2]


def test_steps_are_taken_twice_above_half_the_memory(monkeypatch: pytest.MonkeyPatch):
    several = of([1] * 10)
    needed = several.needed(recompute=False)
    for size, expected in ((2 * needed + 2, False), (2 * needed - 2, True), (None, False)):
        there(monkeypatch, size)
        assert several.recompute is expected
    there(monkeypatch, 1)
    assert not of([2]).recompute  # there is nothing to gain from a single one


def test_what_does_not_fit_is_refused_in_a_sentence_that_names_a_way_out(monkeypatch: pytest.MonkeyPatch):
    two = dataclasses.replace(of([1] * 10, restarts=2), apart=False)
    there(monkeypatch, two.needed(recompute=True) - 1)
    [said] = two.crowded()
    assert said.startswith("Differentiating through 10 local steps needs about 0.0 GiB for 2 restarts, and there are")
    assert "'averaged_gradient' (AGA)" in said and said.endswith("fewer restarts or epochs.")
    there(monkeypatch, two.needed(recompute=True))
    assert two.crowded() == []
    there(monkeypatch, None)
    assert of([1] * 10_000).crowded() == []


def test_restarts_that_do_not_fit_together_go_one_after_another(monkeypatch: pytest.MonkeyPatch):
    one = of([1] * 10, restarts=1).needed(recompute=True)
    for room, together in ((4 * one, 4), (3 * one + 1, 3), (one, 1)):
        there(monkeypatch, room)
        assert of([1] * 10, restarts=4).together == together and of([1] * 10, restarts=4).crowded() == []
    there(monkeypatch, one - 1)
    [said] = of([1] * 10, restarts=4).crowded()
    assert "for 1 restart, and" in said and said.endswith("fewer photographs or epochs.")
    there(monkeypatch, None)
    assert of([1] * 10, restarts=4).together == 4


@pytest.mark.parametrize("coupled", [False, True], ids=["independent", "coupled"])
def test_in_parts_the_numbers_are_the_same_but_for_starts_that_look_at_each_other(
    coupled: bool, monkeypatch: pytest.MonkeyPatch
):
    stage = GradientMatching(restarts=3, priors=(GroupConsistency(weight=float(coupled)),))
    whole = stage.bind(SEEN, SEEN.labels)
    there(monkeypatch, of([2], restarts=2).needed(recompute=False))
    parts = stage.bind(SEEN, SEEN.labels)
    assert (whole.together, parts.together) == (0, 0 if coupled else 2)
    code = whole.start(3, seed=3)
    for one, other in zip(whole.losses_and_gradient(code), parts.losses_and_gradient(code), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-14)
    state = stage.optimiser.start(code, parts, 1)
    one, other = (found.snapshot(code, stage=0, iteration=0, state=state) for found in (whole, parts))
    torch.testing.assert_close(one.images, other.images, rtol=0, atol=0)


def test_sizes_are_said_in_gib(monkeypatch: pytest.MonkeyPatch):
    there(monkeypatch, GIB)
    wide = nn.Sequential(nn.Flatten(), nn.Linear(64, 1 << 20, device="meta"))
    seen = dataclasses.replace(SEEN, network=wide)
    needed = Unrolled(seen, [1, 1], 1).needed(recompute=True)
    [said] = Unrolled(seen, [1, 1], 1).crowded()
    assert needed > 2 * 8 * 65 * (1 << 20)
    assert f"about {needed / GIB:,.1f} GiB for 1 restart, and there are 1.0 GiB" in said


@pytest.mark.parametrize(("dummy_update", "steps"), [
    (FedSGD(), [2]), (AveragedGradient(), [2]), (FedAvg(), [1] * 10), (FedAvgEpoch(), [1] * 10),
], ids=["fedsgd", "averaged", "fedavg", "epochs"])  # fmt: skip
def test_a_stage_counts_the_steps_that_its_dummy_update_takes(
    dummy_update, steps: list[int], monkeypatch: pytest.MonkeyPatch
):
    stage = GradientMatching(dummy_update=dummy_update, restarts=4)
    most = of(steps, 1).needed(recompute=len(steps) > 1)
    there(monkeypatch, most - 1)
    assert "averaged_gradient" in stage.missing(SEEN)[0]
    there(monkeypatch, most)
    assert stage.missing(SEEN) == []


def test_every_clients_steps_count(monkeypatch: pytest.MonkeyPatch):
    there(monkeypatch, 1)
    two = scene(2, side=8, schedule=FIVE).observation(ThreatModel(counts=True), clients=2)
    assert "through 10 local steps" in GradientMatching(dummy_update=Clients()).missing(two)[0]


def test_a_stage_that_lacks_something_says_only_that(monkeypatch: pytest.MonkeyPatch):
    there(monkeypatch, 1)
    untold = scene(2, side=8, schedule=FIVE).observation(ThreatModel(epochs=False))
    [said] = GradientMatching(dummy_update=FedAvg()).missing(untold)
    assert said.startswith("Local epochs, batch size and learning rate are needed")


def test_an_outline_without_numbers_is_estimated_in_single_precision(monkeypatch: pytest.MonkeyPatch):
    outline = dataclasses.replace(SEEN, update={}, weights={})
    assert Unrolled(outline, [1, 1], 1).needed(recompute=False) == of([1, 1]).needed(recompute=False) / 2
    there(monkeypatch, 1)
    assert GradientMatching(dummy_update=FedAvg()).missing(outline)


def test_a_short_memory_changes_how_steps_are_taken_and_not_what_comes_out(monkeypatch: pytest.MonkeyPatch):
    taken, gradient = [], Pass.gradient

    def counted(self: Pass, *parts: object) -> object:
        taken.append(self.recompute)
        return gradient(self, *parts)

    monkeypatch.setattr(Pass, "gradient", counted)
    slopes, stage = [], GradientMatching(dummy_update=FedAvg())
    for share in (10, 1.5):
        there(monkeypatch, int(share * of([1] * 10).needed(recompute=False)))
        taken.clear()
        objective = stage.bind(SEEN, SEEN.labels)
        code = objective.start(1, seed=3).requires_grad_()
        slopes.append(torch.autograd.grad(objective.losses(code).sum(), code)[0])
        assert set(taken) == {share < 2} and len(taken) == (20 if share < 2 else 10)
    assert slopes[0].abs().max() > 0 and torch.allclose(*slopes, rtol=1e-10, atol=1e-14)


def deep() -> Scene:
    """Return a network whose maps outweigh its images, trained for four steps."""
    layers = nn.Conv2d(1, 16, 3, padding=1), nn.Sigmoid(), nn.AvgPool2d(8), nn.Flatten(), nn.Linear(16, CLASSES)
    network = nn.Sequential(*layers)
    with torch.no_grad():
        for tensor in network.parameters():
            tensor.uniform_(-0.5, 0.5, generator=dice(1))
    images = torch.rand(16, 1, 8, 8, generator=dice(2))
    return Scene(network, images, torch.arange(16) % CLASSES, Schedule(epochs=4, learning_rate=0.1))


def test_the_first_evaluation_which_is_traced_holds_no_more_than_was_reckoned_with(monkeypatch: pytest.MonkeyPatch):
    seen, found = deep().observation(), []
    steps = Unrolled(seen, [16] * 4, 2)
    for size in (None, 1):
        there(monkeypatch, size)
        objective = GradientMatching(dummy_update=FedAvg(), restarts=2).bind(seen, seen.labels)
        code = objective.start(2, seed=3)
        with Held() as held:
            objective.losses_and_gradient(code)
        found.append(held.most)
    kept, forgotten = found
    assert kept < 2 * steps.needed(recompute=False)
    assert forgotten < 0.6 * kept
