"""Forgetting and computing again: the same numbers under every transformation, and fewer of them kept."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from leaklab.protocol.recomputing import recomputed
from leaklab.protocol.training import Pass, Schedule
from leaklab.protocol.updates import Update, flatten
from tests.scene import CLASSES, dice, scene

STEPS = Schedule(epochs=1, batch_size=2, learning_rate=0.5)


def drawn(rows: int) -> tuple[Tensor, Tensor]:
    images = torch.rand(rows, 3, 1, 8, 8, dtype=torch.float64, generator=dice(3))
    return images, torch.rand(rows, 3, CLASSES, dtype=torch.float64, generator=dice(4)).softmax(2)


def length(recompute: bool) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the squared length of a local update as a function of its images and labels."""
    three = scene(3, side=8, schedule=STEPS)
    forward, batches = Pass(three.network, {}, recompute=recompute), STEPS.batches(3)

    def measured(images: Tensor, labels: Tensor) -> Tensor:
        update = forward.local_update(three.weights, images, labels, batches=batches, learning_rate=0.5)
        return flatten(update).square().sum()

    return measured


WAYS = {
    "values": lambda measured: lambda images, labels: measured(images[0], labels[0]),
    "grad": lambda measured: lambda images, labels: torch.func.grad(measured, (0, 1))(images[0], labels[0]),
    "vmap": torch.func.vmap,
    "vmap of grad": lambda measured: torch.func.vmap(torch.func.grad(measured, (0, 1))),
    "grad of vmap": lambda measured: torch.func.grad(
        lambda images, labels: torch.func.vmap(measured)(images, labels).sum(), (0, 1)
    ),
}


def compared(one: object, other: object) -> None:
    for found, expected in zip(*((part if isinstance(part, tuple) else (part,)) for part in (one, other)), strict=True):
        assert expected.abs().max() > 0 and torch.allclose(found, expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_local_training_that_forgets_its_steps_is_the_same(way: Callable):
    compared(way(length(True))(*drawn(2)), way(length(False))(*drawn(2)))


def test_and_traced_as_an_objective_is():
    slope, inputs = WAYS["grad of vmap"], drawn(2)
    compared(make_fx(slope(length(True)))(*inputs)(*inputs), slope(length(False))(*inputs))


def test_the_tape_of_autograd_goes_through_it_too():
    slopes = []
    for recompute in (False, True):
        images, labels = (part[0].requires_grad_() for part in drawn(1))
        slopes.append(torch.autograd.grad(length(recompute)(images, labels), (images, labels)))
    assert all(torch.allclose(one, other, rtol=1e-10, atol=1e-14) for one, other in zip(*slopes, strict=True))


def test_it_is_computed_again_only_on_the_way_back():
    calls = []

    def cubed(update: Update) -> Update:
        calls.append(1)
        return {"cube": update["side"] ** 3, "double": 2 * update["side"]}

    forgetful = recomputed(cubed)
    assert forgetful({"side": torch.tensor(2.0)}) == {"cube": 8, "double": 4} and len(calls) == 1
    slope = torch.func.grad(lambda side: sum(forgetful({"side": side}).values()))(torch.tensor(2.0))
    assert slope == 3 * 2**2 + 2 and len(calls) == 3


def test_only_its_inputs_are_kept_for_the_way_back():
    kept = []
    side = torch.arange(3.0, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(tensor) or tensor, lambda tensor: tensor):
        recomputed(lambda side: side.exp().sin().exp())(side).sum()
    assert len(kept) == 1 and torch.equal(kept[0], side)
