"""MobileNetV2: the published count, a stem that keeps small images whole, and no dropout."""

import pytest
import torch
from torch import nn

from leaklab.networks.layers import parameters
from leaklab.networks.mobilenet import mobilenet_v2, mobilenet_weights


@pytest.mark.parametrize(("stem", "side"), [("small", 2), ("imagenet", 1)])
def test_stems(stem: str, side: int):
    with torch.device("meta"):
        network = mobilenet_v2(3, 1000, stem=stem)
        assert network.features(torch.zeros(1, 3, 32, 32)).shape == (1, 1280, side, side)
    assert parameters(network) == 3_504_872
    assert not [layer for layer in network.modules() if isinstance(layer, nn.Dropout)]


def test_grey_images():
    with torch.device("meta"):
        assert parameters(mobilenet_v2(1, 1000, stem="small")) == 3_504_872 - 2 * 32 * 9


def test_published_weights_have_an_address():
    assert mobilenet_weights().startswith("https://download.pytorch.org/models/mobilenet_v2-")
