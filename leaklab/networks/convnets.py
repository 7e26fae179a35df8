"""Small convolutional networks: ConvNet2, and the CNN1 and CNN2 of the papers on federated averaging."""

from collections import OrderedDict
from math import prod

from torch import nn

from leaklab.networks.layers import map_sides


def convnet2(image_shape: tuple[int, int, int], num_classes: int) -> nn.Sequential:
    """Return two strided sigmoid convolutions and a linear layer: wide enough to give up many images at once."""
    layers = OrderedDict(
        conv1=nn.Conv2d(image_shape[0], 32, 5, stride=2, padding=2), activation1=nn.Sigmoid(),
        conv2=nn.Conv2d(32, 64, 5, stride=2, padding=2), activation2=nn.Sigmoid(),
        flatten=nn.Flatten(), linear=nn.Linear(64 * prod(map_sides(image_shape, 4)), num_classes),
    )  # fmt: skip
    return nn.Sequential(layers)


def cnn1(image_shape: tuple[int, int, int], num_classes: int) -> nn.Sequential:
    """Return the CNN of federated averaging: two convolutions with max pooling, a hidden layer of 512.

    Source: McMahan et al. 2017, section 3; padding keeps the size.
    """
    layers = OrderedDict(
        conv1=nn.Conv2d(image_shape[0], 32, 5, padding=2), activation1=nn.ReLU(), pool1=nn.MaxPool2d(2),
        conv2=nn.Conv2d(32, 64, 5, padding=2), activation2=nn.ReLU(), pool2=nn.MaxPool2d(2),
        flatten=nn.Flatten(), linear1=nn.Linear(64 * _after_two_poolings(image_shape), 512), activation3=nn.ReLU(),
        linear2=nn.Linear(512, num_classes),
    )  # fmt: skip
    return nn.Sequential(layers)


def cnn2(image_shape: tuple[int, int, int], num_classes: int) -> nn.Sequential:
    """Return the deeper CNN of the federated papers: two convolutions with average pooling, a hidden layer of 200.

    Source: Dimitrov et al. 2022, the published code (cnn3); Jobic et al. 2025 call it CNN2.
    """
    layers = OrderedDict(
        conv1=nn.Conv2d(image_shape[0], 64, 3, padding=1), activation1=nn.ReLU(), pool1=nn.AvgPool2d(2),
        conv2=nn.Conv2d(64, 128, 3, padding=1), activation2=nn.ReLU(), pool2=nn.AvgPool2d(2),
        flatten=nn.Flatten(), linear1=nn.Linear(128 * _after_two_poolings(image_shape), 200), activation3=nn.ReLU(),
        linear2=nn.Linear(200, num_classes),
    )  # fmt: skip
    return nn.Sequential(layers)


def _after_two_poolings(image_shape: tuple[int, int, int]) -> int:
    return (image_shape[1] // 4) * (image_shape[2] // 4)
