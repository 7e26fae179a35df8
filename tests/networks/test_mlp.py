"""The MLP: the published counts."""

import pytest
import torch

from leaklab.networks.layers import parameters
from leaklab.networks.mlp import mlp


@pytest.mark.parametrize(
    ("image_shape", "num_classes", "count"), [((1, 28, 28), 10, 199_210), ((3, 32, 32), 100, 674_900)]
)
def test_counts(image_shape: tuple[int, int, int], num_classes: int, count: int):
    network = mlp(image_shape, num_classes)
    assert parameters(network) == count
    assert network(torch.zeros(2, *image_shape)).shape == (2, num_classes)
