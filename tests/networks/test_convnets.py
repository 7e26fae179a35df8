"""Convolutional networks: the published counts, at any size; ConvNet64's batch norm, and CNN6 without biases."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import nn

from leaklab.networks.convnets import cnn1, cnn2, cnn6, convnet, convnet2
from leaklab.networks.layers import BatchNorm, parameters


@pytest.mark.parametrize(
    ("make", "image_shape", "num_classes", "count"),
    [
        (convnet2, (3, 32, 32), 10, 94_666),
        (convnet2, (3, 32, 32), 100, 463_396),
        (cnn1, (1, 28, 28), 10, 1_663_370),
        (cnn1, (3, 32, 32), 100, 2_202_660),
        (cnn1, (3, 32, 32), 10, 2_156_490),
        (cnn2, (3, 32, 32), 100, 1_734_348),
        (cnn2, (1, 28, 28), 10, 1_331_106),
        (convnet, (3, 32, 32), 10, 2_904_970),
        (convnet, (3, 32, 32), 100, 3_112_420),
        (convnet, (1, 32, 32), 10, 2_903_818),
        (partial(convnet, width=32), (3, 32, 32), 10, 733_642),
        (cnn6, (3, 32, 32), 10, 154_266),
        (cnn6, (3, 32, 32), 1, 125_456 + 1),  # the bias of the head, which the paper's has not
    ],
)
def test_counts(make: Callable[..., nn.Module], image_shape: tuple[int, int, int], num_classes: int, count: int):
    assert parameters(make(image_shape, num_classes)) == count


@pytest.mark.parametrize(
    ("make", "image_shape"),
    [
        *((make, shape) for make in (convnet2, cnn1, cnn2, cnn6) for shape in [(3, 4, 4), (1, 17, 30), (3, 64, 64)]),
        *((partial(convnet, width=4), shape) for shape in [(3, 9, 9), (1, 17, 30), (3, 64, 64)]),
    ],
)
def test_any_size(make: Callable[..., nn.Module], image_shape: tuple[int, int, int]):
    assert make(image_shape, 7)(torch.zeros(2, *image_shape)).shape == (2, 7)


@pytest.mark.parametrize("statistics", ["running", "batch"])
def test_every_convolution_of_convnet_is_followed_by_our_batch_norm_and_a_relu(statistics: str):
    layers = list(convnet((3, 32, 32), 10, width=2, statistics=statistics).children())
    after = [layers[i + 1 : i + 3] for i, layer in enumerate(layers) if isinstance(layer, nn.Conv2d)]
    assert len(after) == 8
    assert all(isinstance(norm, BatchNorm) and norm.statistics == statistics for norm, _ in after)
    assert all(type(activation) is nn.ReLU for _, activation in after)


def test_convnet_pools_by_three_after_the_sixth_and_the_eighth_convolution():
    network = convnet((3, 32, 32), 10, width=2)
    sides = []
    for layer in network.children():
        if isinstance(layer, nn.Conv2d | nn.Flatten):
            layer.register_forward_pre_hook(lambda _, maps: sides.append(maps[0].shape[-1]))
    network(torch.zeros(1, 3, 32, 32))
    assert sides == [32] * 6 + [10] * 2 + [3]


def test_convnets_batch_norm_sees_many_values_of_the_smallest_image():
    network, seen = convnet((3, 9, 9), 10, width=2, statistics="batch"), []
    for layer in network.children():
        if isinstance(layer, BatchNorm):
            layer.register_forward_pre_hook(lambda _, maps: seen.append(maps[0][0, 0].numel()))
    network(torch.rand(1, 3, 9, 9))
    assert min(seen) == 9


def test_cnn6_has_the_papers_maps_and_slope_and_no_bias_but_the_heads():
    network, sides = cnn6((3, 32, 32), 10), []
    for layer in network.children():
        if isinstance(layer, nn.LeakyReLU):
            layer.register_forward_pre_hook(lambda _, maps: sides.append(maps[0].shape[-1]))
            assert layer.negative_slope == 0.2
    network(torch.zeros(1, 3, 32, 32))
    assert sides == [17, 9, 9, 9, 5, 5]
    assert [name for name, _ in network.named_parameters() if name.endswith("bias")] == ["linear.bias"]
