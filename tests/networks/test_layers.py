"""Layers: the swap reaches every activation, normalisation broadcasts, batch norm reads and never writes."""

import copy

import pytest
import torch
from torch import nn

from leaklab.networks.layers import ACTIVATIONS, BatchNorm, Normalise, map_sides, parameters, with_activation
from leaklab.settings import Refusal


def maps(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_the_swap_reaches_nested_shared_and_in_place_activations_and_leaves_the_original():
    shared = nn.ReLU(inplace=True)
    network = nn.Sequential(nn.Conv2d(1, 1, 1), shared, nn.Sequential(nn.ReLU6(), shared, nn.LeakyReLU()))
    before = repr(network)
    swapped = with_activation(network, "softplus")
    assert [type(layer) for layer in swapped.modules() if not list(layer.children())] == [nn.Conv2d] + 4 * [nn.Softplus]
    assert repr(network) == before
    assert torch.equal(swapped[0].weight, network[0].weight)


def test_the_swap_of_a_lone_activation_is_that_activation():
    assert {name: type(with_activation(nn.GELU(), name)) for name in ACTIVATIONS} == {
        "relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "silu": nn.SiLU,
        "softplus": nn.Softplus,
    }  # fmt: skip


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_offered_can_be_swapped_for_another(name: str):
    assert type(with_activation(ACTIVATIONS[name](), "silu")) is nn.SiLU


def test_the_leaky_relu_keeps_a_fifth_of_what_lies_below_zero():
    assert with_activation(nn.ReLU(), "leaky_relu")(torch.tensor([-5.0, 3.0])).tolist() == [-1, 3]


def test_normalise_gives_colour_constants_to_grey_images():
    layer = Normalise((0.5, 0.25, 0.0), (1.0, 0.5, 2.0))
    assert layer(torch.full((2, 1, 4, 5), 0.75)).shape == (2, 3, 4, 5)
    assert layer(torch.full((2, 3, 4, 5), 0.75))[1, :, 2, 3].tolist() == [0.25, 1.0, 0.375]
    assert layer.state_dict() == {}
    assert set(dict(layer.named_buffers())) == {"mean", "std"}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("statistics", ["running", "batch"])
def test_batch_norm_agrees_with_torch_and_touches_nothing(statistics: str, training: bool):
    reference = nn.BatchNorm2d(3).double()
    reference.running_mean.uniform_()
    reference.running_var.uniform_(0.5, 2)
    nn.init.uniform_(reference.weight)
    nn.init.uniform_(reference.bias)
    layer = BatchNorm(3, statistics).double()
    layer.load_state_dict(reference.state_dict())
    before = copy.deepcopy(layer.state_dict())
    images = maps(4, 3, 5, 6)
    wanted = reference.train(statistics == "batch")(images)
    assert torch.allclose(layer.train(training)(images), wanted, rtol=1e-12)
    assert all(torch.equal(before[name], tensor) for name, tensor in layer.state_dict().items())


def test_batch_statistics_of_a_single_value_are_refused_and_running_ones_are_not():
    with pytest.raises(Refusal, match="sees one number in each channel"):
        BatchNorm(3, "batch").double()(maps(1, 3, 1, 1))
    assert BatchNorm(3).double()(maps(1, 3, 1, 1)).shape == (1, 3, 1, 1)


@pytest.mark.parametrize("statistics", ["running", "batch"])
def test_second_derivatives_of_batch_norm_agree_with_finite_differences(statistics: str):
    layer = BatchNorm(2, statistics).double()
    nn.init.uniform_(layer.weight, 0.5, 1.5)
    assert torch.autograd.gradgradcheck(layer, maps(3, 2, 2, 2).requires_grad_())


def test_batch_norm_says_which_statistics_it_uses():
    assert repr(BatchNorm(8, "batch")) == "BatchNorm(8, statistics='batch')"


@pytest.mark.parametrize("size", [4, 5, 27, 28, 32])
def test_map_sides_are_those_of_strided_convolutions(size: int):
    convolutions = nn.Sequential(
        nn.Conv2d(1, 1, 5, stride=2, padding=2), nn.Conv2d(1, 1, 3, 2, 1), nn.Conv2d(1, 1, 7, 2, 3)
    )
    assert map_sides((1, size, size + 3), 8) == convolutions(torch.zeros(1, 1, size, size + 3)).shape[2:]


def test_parameters_counts_weights_and_not_buffers():
    assert parameters(nn.Sequential(nn.Linear(3, 5), BatchNorm(5))) == 3 * 5 + 5 + 2 * 5
