"""LeNets: the published counts, the averaging of large images, and their layers."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from leaklab.networks.layers import parameters
from leaklab.networks.lenet import lenet, lenet5, lenet5_rog, pooled


@pytest.mark.parametrize(
    ("make", "image_shape", "num_classes", "count"),
    [
        (lenet, (3, 32, 32), 10, 15_826),
        (lenet, (3, 32, 32), 100, 85_036),
        (lenet, (3, 32, 32), 200, 161_936),
        (lenet, (3, 32, 32), 1000, 777_136),
        (lenet, (1, 28, 28), 10, 13_426),
        (lenet, (3, 64, 64), 100, 85_036),
        (lenet, (3, 100, 70), 10, 15_826),
        (lenet5, (3, 32, 32), 100, 69_656),
        (lenet5, (1, 28, 28), 10, 44_426),
        (lenet5_rog, (3, 32, 32), 10, 2_155_968),
        (lenet5_rog, (3, 32, 32), 100, 2_202_048),
        (lenet5_rog, (3, 32, 32), 1000, 2_662_848),
        (lenet5_rog, (1, 32, 32), 10, 2_154_368),
        (lenet5_rog, (1, 28, 28), 10, 1_662_848),
    ],
)
def test_counts(make: Callable[..., nn.Module], image_shape: tuple[int, int, int], num_classes: int, count: int):
    network = make(image_shape, num_classes)
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


def test_rogs_count_at_its_own_size():
    with torch.device("meta"):
        assert parameters(lenet5_rog((3, 128, 128), 1000)) == 34_120_128


@pytest.mark.parametrize("image_shape", [(3, 16, 16), (1, 17, 30), (3, 64, 40)])
def test_lenet5_at_any_size_from_16_pixels(image_shape: tuple[int, int, int]):
    assert lenet5(image_shape, 7)(torch.zeros(2, *image_shape)).shape == (2, 7)


def test_only_the_convolutions_of_rogs_have_biases():
    biased = [name for name, _ in lenet5_rog((3, 32, 32), 10).named_parameters() if name.endswith("bias")]
    assert biased == ["conv1.bias", "conv2.bias"]
