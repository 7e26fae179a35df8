"""Residual networks: ResNet9 by hand, and torchvision's ResNets with a stem that suits the size of the images."""

from collections import OrderedDict
from functools import partial
from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn

from leaklab.networks.layers import BatchNorm, Statistics, map_sides
from leaklab.networks.lenet import pooled

Stem = Literal["imagenet", "small"]
Torchvision = Literal["resnet18", "resnet34", "resnet50"]

RESNET_SHRINKS: dict[Stem, int] = {"imagenet": 32, "small": 8}  # the image's side over that of the last maps


class Residual(nn.Module):
    """Two convolutions beside a shortcut, without normalisation."""

    def __init__(self, channels_in: int, channels: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride=stride, padding=1, bias=False)
        self.activation1 = nn.ReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.activation2 = nn.ReLU()
        same = stride == 1 and channels_in == channels
        self.shortcut = nn.Identity() if same else nn.Conv2d(channels_in, channels, 1, stride=stride, bias=False)

    def forward(self, maps: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d i j"]:
        """Return the activated sum of both ways through the block."""
        return self.activation2(self.conv2(self.activation1(self.conv1(maps))) + self.shortcut(maps))


def resnet9(image_shape: tuple[int, int, int], num_classes: int, *, stem: Stem) -> nn.Sequential:
    """Return four residual blocks without batch norm and a linear layer without bias, on maps of at most 8x8.

    Source: Yue et al. 2023 (ROG), the published code.
    """
    maps = map_sides(image_shape, 8 if stem == "small" else 16)
    height, width = pooled(maps)
    layers = OrderedDict(
        conv1=_stem(image_shape[0], stem), activation=nn.ReLU(),
        block1=Residual(64, 64, 1), block2=Residual(64, 128, 2),
        block3=Residual(128, 256, 2), block4=Residual(256, 512, 2),
        pool=nn.Identity() if (height, width) == maps else nn.AdaptiveAvgPool2d((height, width)),
        flatten=nn.Flatten(), linear=nn.Linear(512 * height * width, num_classes, bias=False),
    )  # fmt: skip
    return nn.Sequential(layers)


def resnet(
    name: Torchvision, channels: int, num_classes: int, *, stem: Stem, statistics: Statistics = "running"
) -> nn.Module:
    """Return torchvision's ResNet for images of some channels; the small stem is 3x3 without pooling.

    Source: He et al. 2016, table 1; the small stem as in their section 4.2.
    """
    from torchvision.models import get_model

    network = get_model(name, num_classes=num_classes, norm_layer=partial(BatchNorm, statistics=statistics))
    network.conv1 = _stem(channels, stem)
    if stem == "small":
        network.maxpool = nn.Identity()
    return network


def resnet_weights(name: Torchvision) -> str:
    """Return the address of the weights torchvision publishes."""
    from torchvision.models import get_model_weights

    return get_model_weights(name)["IMAGENET1K_V1"].url


def _stem(channels: int, stem: Stem) -> nn.Conv2d:
    if stem == "small":
        return nn.Conv2d(channels, 64, 3, padding=1, bias=False)
    return nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
