"""torchvision's MobileNetV2, adapted: any number of channels, a stem for small images, no dropout."""

from functools import partial

from torch import nn

from leaklab.networks.layers import BatchNorm, Statistics
from leaklab.networks.resnet import Stem

MOBILENET_SHRINKS: dict[Stem, int] = {"imagenet": 32, "small": 16}  # the image's side over that of the last maps


def mobilenet_v2(channels: int, num_classes: int, *, stem: Stem, statistics: Statistics = "running") -> nn.Module:
    """Return MobileNetV2; the small stem does not halve the image.

    Source: Sandler et al. 2018, table 2.
    """
    from torchvision.models import mobilenet_v2 as published

    network = published(num_classes=num_classes, norm_layer=partial(BatchNorm, statistics=statistics))
    network.features[0][0] = nn.Conv2d(channels, 32, 3, stride=1 if stem == "small" else 2, padding=1, bias=False)
    # Dropout hides the gradient by chance and fails under vmap; as a defence it would be asked for by name.
    network.classifier[0] = nn.Identity()
    return network


def mobilenet_weights() -> str:
    """Return the address of the weights torchvision publishes."""
    from torchvision.models import MobileNet_V2_Weights

    return MobileNet_V2_Weights.IMAGENET1K_V1.url
