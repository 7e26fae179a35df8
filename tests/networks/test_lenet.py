"""LeNet: the published counts, the averaging of large images, and sigmoids alone."""

import pytest
import torch
from torch import nn

from leaklab.networks.layers import parameters
from leaklab.networks.lenet import lenet, pooled


@pytest.mark.parametrize(
    ("image_shape", "num_classes", "count"),
    [
        ((3, 32, 32), 10, 15_826),
        ((3, 32, 32), 100, 85_036),
        ((3, 32, 32), 200, 161_936),
        ((3, 32, 32), 1000, 777_136),
        ((1, 28, 28), 10, 13_426),
        ((3, 64, 64), 100, 85_036),
        ((3, 100, 70), 10, 15_826),
    ],
)
def test_counts(image_shape: tuple[int, int, int], num_classes: int, count: int):
    network = lenet(image_shape, num_classes)
    assert parameters(network) == count
    assert network(torch.zeros(2, *image_shape)).shape == (2, num_classes)


def test_up_to_32_pixels_nothing_is_averaged():
    assert isinstance(lenet((3, 32, 32), 10).pool, nn.Identity)
    assert isinstance(lenet((3, 33, 32), 10).pool, nn.AdaptiveAvgPool2d)
    assert pooled((9, 3)) == (8, 3)


def test_the_layers_are_those_of_the_paper():
    layers = [layer for layer in lenet((3, 32, 32), 10) if isinstance(layer, nn.Conv2d)]
    assert [(layer.out_channels, layer.kernel_size[0], layer.stride[0], layer.padding[0]) for layer in layers] == [
        (12, 5, 2, 2), (12, 5, 2, 2), (12, 5, 1, 2)
    ]  # fmt: skip
    assert sum(isinstance(layer, nn.Sigmoid) for layer in lenet((3, 32, 32), 10)) == 3
