"""Local training against identities of cross-entropy, torch's own SGD, and the super-client."""

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.func import functional_call
from torch.nn import functional

from leaklab.protocol.training import Pass, Schedule
from leaklab.protocol.updates import Update, added, mean, norm
from leaklab.settings import Refusal
from tests.scene import CLASSES, Scene, dice, scene

COUNTS = st.integers(1, 12)
SCHEDULES = st.builds(Schedule, epochs=st.integers(1, 4), batch_size=st.integers(0, 14))


def close(one: Update, other: Update, tolerance: float = 1e-12) -> bool:
    return all(torch.allclose(one[name], other[name], rtol=0, atol=tolerance) for name in other)


def by_sgd(scene: Scene, batches: list[torch.Tensor], rate: float) -> Update:
    """Return (before - after) / rate of a copy that torch's own optimiser trains in place."""
    network = copy.deepcopy(scene.network)
    optimiser = torch.optim.SGD(network.parameters(), lr=rate)
    for batch in batches:
        optimiser.zero_grad()
        functional.cross_entropy(network(scene.images[batch]), scene.labels[batch]).backward()
        optimiser.step()
    return {name: (scene.weights[name] - tensor.detach()) / rate for name, tensor in network.named_parameters()}


@pytest.mark.parametrize("count", [1, 5])
def test_gradients_of_the_last_layer_sum_to_zero_over_classes(count: int):
    gradient = scene(count).gradient()
    assert abs(gradient["linear.bias"].sum()) < 1e-12
    assert gradient["linear.weight"].sum(0).abs().max() < 1e-12


def test_one_image_is_read_off_the_last_layer():
    alone = scene()
    gradient = alone.gradient()
    features = alone.network[:-1](alone.images)[0]
    rows = gradient["linear.weight"] / gradient["linear.bias"][:, None]
    assert torch.allclose(rows, features.expand(CLASSES, -1), rtol=1e-10)
    assert (gradient["linear.bias"] < 0).nonzero().flatten().tolist() == alone.labels.tolist()


def test_counts_of_labels_follow_from_bias_gradient_and_mean_softmax():
    five = scene(5)
    softmax = functional_call(five.network, five.weights, (five.images,)).softmax(1).mean(0)
    counts = len(five.images) * (softmax - five.gradient()["linear.bias"])
    assert torch.allclose(counts, torch.bincount(five.labels, minlength=CLASSES).double(), atol=1e-12)


def test_the_gradient_of_a_batch_is_the_mean_of_its_images_in_any_order():
    three = scene(3)
    assert close(mean([three.gradient(0), three.gradient(1), three.gradient(2)], [1, 1, 1]), three.gradient())
    assert close(three.gradient(2, 0, 1), three.gradient())


def test_one_full_step_is_the_gradient():
    three = scene(3, schedule=Schedule(epochs=1, batch_size=0, learning_rate=0.3))
    assert all(torch.equal(three.update()[name], part) for name, part in three.gradient().items())


@pytest.mark.parametrize("schedule", [
    Schedule(epochs=1, learning_rate=0.5), Schedule(epochs=4, learning_rate=0.5),
    Schedule(epochs=2, batch_size=2, learning_rate=0.1), Schedule(epochs=1, batch_size=1, learning_rate=1),
], ids=["one step", "full batches", "uneven batches", "single images"])  # fmt: skip
def test_the_update_is_what_sgd_moved_over_its_rate(schedule: Schedule):
    five = scene(5, schedule=schedule)
    batches = schedule.batches(5, dice())
    update = five.forward.local_update(
        five.weights, five.images, five.targets, batches=batches, learning_rate=schedule.learning_rate
    )
    assert close(update, by_sgd(five, batches, schedule.learning_rate))


def test_clients_of_one_step_weighted_by_images_are_one_super_client_and_equal_weights_are_not():
    five = scene(5)
    updates = [five.gradient(0), five.gradient(1, 2, 3, 4)]
    assert close(mean(updates, [1, 4]), five.gradient(), 1e-10)
    assert not close(mean(updates, [1, 1]), five.gradient(), 1e-3)


def test_clients_of_two_steps_are_no_super_client():
    twice = Schedule(epochs=2, learning_rate=1)
    four = scene(4, schedule=twice)
    halves = [Scene(four.network, four.images[part], four.labels[part], twice) for part in ([0, 1], [2, 3])]
    assert not close(mean([half.update() for half in halves], [2, 2]), four.update(), 1e-6)


@pytest.mark.parametrize("schedule", [
    Schedule(epochs=3, learning_rate=0.5), Schedule(epochs=2, batch_size=2, learning_rate=0.5), Schedule(),
], ids=["full batches", "uneven batches", "one step"])  # fmt: skip
def test_the_path_is_the_update_epoch_by_epoch(schedule: Schedule):
    five, rate = scene(5, schedule=schedule), schedule.learning_rate
    batches = schedule.batches(5, dice())

    def trained(epochs: int) -> Update:
        some = batches[: len(batches) // schedule.epochs * epochs]
        return five.forward.local_update(five.weights, five.images, five.targets, batches=some, learning_rate=rate)

    path = five.forward.local_path(
        five.weights, five.images, five.targets, batches=batches, learning_rate=rate, epochs=schedule.epochs
    )
    assert len(path) == schedule.epochs
    assert all(close(added(*path[: done + 1]), trained(done + 1)) for done in range(schedule.epochs))


class Bowl(Pass):
    """A quadratic loss of the weights, whatever the images."""

    def loss(self, weights: Update, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return weights["w"] @ HESSIAN @ weights["w"] / 2


HESSIAN = torch.tensor([[3.0, 1.0], [1.0, 2.0]], dtype=torch.float64)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_on_a_quadratic_the_mean_gradient_of_all_steps_is_a_power_series_of_the_first(steps: int):
    """Source: Fang et al. 2024, equation 12, on a quadratic: (1/T) Σ (I − ηH)^t g₀, so that drift is of order η·T."""
    start, rate = {"w": torch.tensor([1.0, -2.0], dtype=torch.float64)}, 0.1
    update = Bowl(torch.nn.Identity(), {}).local_update(
        start, torch.zeros(1, 1, 1, 1), torch.zeros(1, 1), batches=[torch.arange(1)] * steps, learning_rate=rate
    )
    shrink = torch.eye(2, dtype=torch.float64) - rate * HESSIAN
    series = sum(torch.linalg.matrix_power(shrink, done) for done in range(steps))
    assert torch.allclose(update["w"], series @ HESSIAN @ start["w"], rtol=1e-12)


@pytest.mark.parametrize(("settings", "words"), [
    ({"epochs": 0}, "epochs: without a local step a client sends back what it got"),
    ({"learning_rate": 0}, "learning_rate: a client that moves its weights by nothing sends back what it got"),
    ({"learning_rate": 0.0}, "there is nothing to see; choose 1e-5 or more"),
])  # fmt: skip
def test_nothing_to_see_is_refused_in_a_sentence(settings: dict[str, float], words: str):
    with pytest.raises(Refusal) as refusal:
        Schedule.read(settings)
    assert words in str(refusal.value)


@given(schedule=SCHEDULES, count=COUNTS)
def test_every_epoch_uses_every_image_once(schedule: Schedule, count: int):
    batches = schedule.batches(count, dice())
    assert len(batches) == schedule.steps(count)
    used = torch.cat(batches).reshape(schedule.epochs, count).sort(1).values
    assert torch.equal(used, torch.arange(count).expand(schedule.epochs, count))
    assert max(map(len, batches)) == min(schedule.batch_size or count, count)


def test_images_are_shuffled_anew_each_epoch_and_only_by_a_generator():
    schedule = Schedule(epochs=2, batch_size=4)
    first, second = torch.cat(schedule.batches(12, dice())).reshape(2, 12)
    assert not torch.equal(first, second)
    assert torch.equal(torch.cat(schedule.batches(12)), torch.arange(12).repeat(2))


def test_buffers_are_used_as_they_are_and_kept():
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.BatchNorm1d(256).eval(), torch.nn.Linear(256, CLASSES))
    buffers = {name: tensor.clone() for name, tensor in network.named_buffers()}
    buffers["1.running_mean"] += 5
    weights = {name: tensor.detach() for name, tensor in network.named_parameters()}
    two = scene(2, dtype=torch.float32)
    expected = functional.cross_entropy(network[2]((two.images.flatten(1) - 5) / (1 + 1e-5) ** 0.5), two.labels)
    assert torch.allclose(Pass(network, buffers).loss(weights, two.images, two.targets), expected, rtol=1e-4)
    assert network[1].running_mean.abs().max() == 0 and (buffers["1.running_mean"] == 5).all()


def test_training_changes_nothing_in_place():
    three = scene(3, schedule=Schedule(epochs=3, batch_size=1, learning_rate=1))
    weights, images = {name: tensor.clone() for name, tensor in three.weights.items()}, three.images.clone()
    three.update()
    assert close(three.weights, weights, 0) and torch.equal(three.images, images)


@pytest.mark.parametrize("at_once", [1, 2, 5, 9])
def test_a_gradient_in_parts_is_the_gradient_of_all(at_once: int):
    five = scene(5)
    parts = Pass(five.network, {}, at_once)
    assert close(parts.gradient(five.weights, five.images, five.targets), five.gradient())


def test_no_part_of_a_gradient_is_larger_than_asked(monkeypatch: pytest.MonkeyPatch):
    five, met = scene(5), []
    logits = Pass.logits
    monkeypatch.setattr(Pass, "logits", lambda self, w, images: met.append(len(images)) or logits(self, w, images))
    Pass(five.network, {}, 2).gradient(five.weights, five.images, five.targets)
    assert met == [2, 2, 1]
    Pass(five.network, {}).gradient(five.weights, five.images, five.targets)
    assert met == [2, 2, 1, 5]


def test_a_gradient_in_parts_is_differentiable_all_the_same():
    three = scene(3)

    def length(images: torch.Tensor, at_once: int) -> torch.Tensor:
        return norm(Pass(three.network, {}, at_once).gradient(three.weights, images, three.targets))

    whole, parts = (torch.func.grad(length)(three.images, at_once) for at_once in (0, 2))
    assert whole.abs().max() > 0 and torch.allclose(parts, whole, rtol=1e-9, atol=1e-15)
