"""The LeNet that leaks: three sigmoid convolutions and a linear layer."""

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


def pooled(maps: tuple[int, int]) -> tuple[int, int]:
    """Return the sides of maps averaged down to 8x8, or their own where they are smaller."""
    return min(maps[0], _WIDEST_MAP), min(maps[1], _WIDEST_MAP)
