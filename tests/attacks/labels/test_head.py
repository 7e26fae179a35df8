"""The last linear layer: its gradient, what enters it, and what is known of it by layers alone."""

import dataclasses

import pytest
import torch
from torch import Tensor, nn

from leaklab.attacks.labels.head import answers, features, has_bias, head, non_negative
from leaklab.networks.zoo import NetworkChoice
from leaklab.settings import Refusal
from tests.attacks.labels.heads import normal, observed, spelled
from tests.scene import scene, trained

SIGNS = [  # network, activation, whether nothing negative enters its last layer
    ("lenet", "own", True), ("lenet", "softplus", True), ("lenet", "tanh", False), ("lenet", "silu", False),
    ("lenet", "leaky_relu", False), ("mlp", "own", True), ("cnn1", "own", True), ("resnet9", "own", True),
    ("resnet18", "own", True), ("resnet18", "sigmoid", True), ("resnet18", "tanh", False),
    ("mobilenet_v2", "own", True),
]  # fmt: skip


@pytest.mark.parametrize(("name", "activation", "expected"), SIGNS)
def test_signs_are_known_by_the_layers(name: str, activation: str, expected: bool):
    choice = NetworkChoice(name=name, activation=activation, batch_norm="batch")
    assert non_negative(choice.skeleton((3, 32, 32), 10), (3, 32, 32)) is expected


class Reversed(nn.Module):
    """Layers declared in another order than they run in."""

    def __init__(self):
        super().__init__()
        self.last, self.first = nn.Tanh(), nn.ReLU()
        self.linear = nn.Linear(4, 2)

    def forward(self, images: Tensor) -> Tensor:
        return self.linear(self.last(self.first(images.flatten(1))))


def test_layers_count_in_the_order_they_run_in():
    assert not non_negative(Reversed(), (1, 2, 2))


def test_images_are_not_negative_until_something_is_taken_off_them():
    plain = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    assert non_negative(plain, (1, 2, 2))
    assert not non_negative(nn.Sequential(nn.BatchNorm2d(1), *plain), (1, 2, 2))


def test_the_question_leaves_no_trace_on_the_network():
    network = nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(4, 2)).train()
    assert non_negative(network, (1, 2, 2)) and network.training
    assert not any(layer._forward_pre_hooks for layer in network.modules())


def test_a_bias_is_there_or_not():
    assert has_bias(NetworkChoice(name="lenet").skeleton((3, 32, 32), 10))
    assert not has_bias(NetworkChoice(name="resnet9").skeleton((3, 32, 32), 10))
    assert has_bias(nn.Identity())


def test_rows_cancel_over_classes():
    seen = head(scene(3).observation())
    assert torch.allclose(seen.bias_gradient.sum(), torch.zeros(()).double(), atol=1e-12)
    assert torch.allclose(seen.weight_gradient.sum(0), torch.zeros(384).double(), atol=1e-12)


def test_features_and_answers_are_those_of_the_network():
    told, images = scene(3).observation(), scene(3).images
    entering, seen = features(told, images), head(told)
    whole = scene().network
    assert torch.allclose(entering, whole[:3](images).double())
    assert torch.allclose(answers(told, images), whole(images).softmax(1).double())
    assert torch.allclose(answers(told, images), seen.answers(entering))
    assert not any(layer._forward_pre_hooks for layer in told.network.modules())


def test_many_images_are_asked_about_in_parts():
    told, images = scene().observation(), torch.rand(65, 1, 16, 16, dtype=torch.float64)
    assert torch.allclose(answers(told, images)[-1:], answers(told, images[-1:]))
    assert features(told, images).shape == (65, 384)


def test_double_precision_whatever_the_update_has():
    seen = head(scene(dtype=torch.float32).observation())
    assert {seen.weight.dtype, seen.bias.dtype, seen.weight_gradient.dtype, seen.bias_gradient.dtype} == {torch.float64}


def test_the_mean_of_local_steps_when_they_are_told():
    told = scene(4).observation()
    by_two = dataclasses.replace(told, epochs=2, batch_size=1, num_clients=2)
    assert torch.allclose(head(by_two).weight_gradient, head(told).weight_gradient / 4)
    assert head(trained(by_two, None)).weight_gradient.equal(head(told).weight_gradient)


def test_without_a_linear_layer_the_last_matrix_counts():
    told = dataclasses.replace(scene(2).observation(), network=nn.Identity())
    assert head(told).weight_gradient.equal(told.update["linear.weight"]) and head(told).bias is None


@pytest.mark.parametrize("call", [head, lambda told: features(told, torch.rand(1, 1, 16, 16))])
def test_without_any_matrix_it_is_said(call):
    told = scene().observation()
    bare = dataclasses.replace(told, network=nn.Identity(), update={"conv.bias": told.update["conv.bias"]})
    with pytest.raises(Refusal, match="reads the last linear layer and this network has none"):
        call(bare)


def test_a_diverged_update_is_refused():
    seen = observed(normal(2, 4), spelled([1, 1]), normal(2, 4), normal(2))
    broken = dataclasses.replace(seen, update=seen.update | {"linear.bias": torch.tensor([torch.nan, 0.0])})
    with pytest.raises(Refusal, match="not finite"):
        head(broken)
