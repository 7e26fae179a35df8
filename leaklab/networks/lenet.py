"""LeNets: the one that leaks, the classic LeNet-5, and the wide one of ROG."""

from collections import OrderedDict

from torch import nn

from leaklab.networks.layers import map_sides

_CHANNELS = 12
_WIDEST_MAP = 8


def lenet(image_shape: tuple[int, int, int], num_classes: int) -> nn.Sequential:
    """Return the LeNet of DLG; images over 32 pixels are averaged to 8x8 maps before the linear layer.

    Source: Zhu et al. 2019, the published code; the averaging is the course project's.
    """
    maps = map_sides(image_shape, 4)
    height, width = pooled(maps)
    layers = OrderedDict(
        conv1=nn.Conv2d(image_shape[0], _CHANNELS, 5, stride=2, padding=2), activation1=nn.Sigmoid(),
        conv2=nn.Conv2d(_CHANNELS, _CHANNELS, 5, stride=2, padding=2), activation2=nn.Sigmoid(),
        conv3=nn.Conv2d(_CHANNELS, _CHANNELS, 5, padding=2), activation3=nn.Sigmoid(),
        pool=nn.Identity() if (height, width) == maps else nn.AdaptiveAvgPool2d((height, width)),
        flatten=nn.Flatten(), linear=nn.Linear(_CHANNELS * height * width, num_classes),
    )  # fmt: skip
    return nn.Sequential(layers)


def lenet5(image_shape: tuple[int, int, int], num_classes: int) -> nn.Sequential:
    """Return the classic LeNet-5 with ReLUs and max pooling, for images of at least 16 pixels.

    Source: LeCun et al. 1998, figure 2, as in the published code of Ma et al. 2023 (iLRG).
    """
    height, width = (((side - 4) // 2 - 4) // 2 for side in image_shape[1:])
    layers = OrderedDict(
        conv1=nn.Conv2d(image_shape[0], 6, 5), activation1=nn.ReLU(), pool1=nn.MaxPool2d(2),
        conv2=nn.Conv2d(6, 16, 5), activation2=nn.ReLU(), pool2=nn.MaxPool2d(2),
        flatten=nn.Flatten(), linear1=nn.Linear(16 * height * width, 120), activation3=nn.ReLU(),
        linear2=nn.Linear(120, 84), activation4=nn.ReLU(), linear3=nn.Linear(84, num_classes),
    )  # fmt: skip
    return nn.Sequential(layers)


def lenet5_rog(image_shape: tuple[int, int, int], num_classes: int) -> nn.Sequential:
    """Return the wide LeNet of ROG: the layers of CNN1, without biases in the two linear ones.

    Source: Yue et al. 2023 (ROG), the published code.
    """
    features = 64 * (image_shape[1] // 4) * (image_shape[2] // 4)
    layers = OrderedDict(
        conv1=nn.Conv2d(image_shape[0], 32, 5, padding=2), activation1=nn.ReLU(), pool1=nn.MaxPool2d(2),
        conv2=nn.Conv2d(32, 64, 5, padding=2), activation2=nn.ReLU(), pool2=nn.MaxPool2d(2),
        flatten=nn.Flatten(), linear1=nn.Linear(features, 512, bias=False), activation3=nn.ReLU(),
        linear2=nn.Linear(512, num_classes, bias=False),
    )  # fmt: skip
    return nn.Sequential(layers)


def pooled(maps: tuple[int, int]) -> tuple[int, int]:
    """Return the sides of maps averaged down to 8x8, or their own where they are smaller."""
    return min(maps[0], _WIDEST_MAP), min(maps[1], _WIDEST_MAP)
