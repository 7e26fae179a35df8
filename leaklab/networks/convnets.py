"""Convolutional networks: ConvNet2, CNN1 and CNN2 of federated averaging, the deep ConvNet, and the CNN6 of R-GAP."""

from collections import OrderedDict
from math import prod

from torch import nn

from leaklab.networks.layers import LEAKY_SLOPE, BatchNorm, Statistics, map_sides


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


def convnet(
    image_shape: tuple[int, int, int], num_classes: int, *, width: int = 64, statistics: Statistics = "running"
) -> nn.Sequential:
    """Return eight convolutions with batch norm, the last two behind the first of two poolings by three.

    Source: Geiping et al. 2020, the published code (ConvNet), whose dictionary names two layers alike and so loses one.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    before = image_shape[0]
    for number, times in enumerate((1, 2, 2, 4, 4, 4, 4, 4), 1):
        layers[f"conv{number}"] = nn.Conv2d(before, times * width, 3, padding=1)
        layers[f"norm{number}"] = BatchNorm(times * width, statistics)
        layers[f"activation{number}"] = nn.ReLU()
        if number in (6, 8):
            layers[f"pool{number}"] = nn.MaxPool2d(3)
        before = times * width
    layers["flatten"] = nn.Flatten()
    layers["linear"] = nn.Linear(before * (image_shape[1] // 3 // 3) * (image_shape[2] // 3 // 3), num_classes)
    return nn.Sequential(layers)


def cnn6(image_shape: tuple[int, int, int], num_classes: int) -> nn.Sequential:
    """Return six convolutions without biases under leaky ReLUs, every layer of which can be solved for its input.

    Source: Zhu and Blaschko 2021, the published code; theirs ends in one unit without a bias, this one in the classes.
    """
    height, width = map_sides((1, image_shape[1] // 2 + 1, image_shape[2] // 2 + 1), 4)
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    layers["conv1"] = nn.Conv2d(image_shape[0], 12, 4, stride=2, padding=2, bias=False)
    layers["activation1"] = nn.LeakyReLU(LEAKY_SLOPE)
    channels = (12, 36, 36, 36, 64, 128)
    for number, stride in enumerate((2, 1, 1, 2, 1), 2):
        before, after = channels[number - 2 : number]
        layers[f"conv{number}"] = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False)
        layers[f"activation{number}"] = nn.LeakyReLU(LEAKY_SLOPE)
    layers["flatten"] = nn.Flatten()
    layers["linear"] = nn.Linear(128 * height * width, num_classes)
    return nn.Sequential(layers)


def _after_two_poolings(image_shape: tuple[int, int, int]) -> int:
    return (image_shape[1] // 4) * (image_shape[2] // 4)
