"""ConvNet2, CNN1 and CNN2: the published counts, at any size."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from leaklab.networks.convnets import cnn1, cnn2, convnet2
from leaklab.networks.layers import parameters


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
    ],
)
def test_counts(make: Callable[..., nn.Module], image_shape: tuple[int, int, int], num_classes: int, count: int):
    assert parameters(make(image_shape, num_classes)) == count


@pytest.mark.parametrize("make", [convnet2, cnn1, cnn2])
@pytest.mark.parametrize("image_shape", [(3, 4, 4), (1, 17, 30), (3, 64, 64)])
def test_any_size(make: Callable[..., nn.Module], image_shape: tuple[int, int, int]):
    assert make(image_shape, 7)(torch.zeros(2, *image_shape)).shape == (2, 7)
