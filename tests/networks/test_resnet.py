"""ResNets: the published counts of both stems, and a ResNet9 that only ever shrinks its maps."""

import pytest
import torch
from torch import nn
from torch.fx.experimental.proxy_tensor import make_fx

from leaklab.networks.layers import BatchNorm, parameters, with_activation
from leaklab.networks.resnet import resnet, resnet9, resnet_weights


@pytest.fixture(autouse=True)
def without_numbers():
    """Build every network on the meta device: counting needs no memory."""
    with torch.device("meta"):
        yield


@pytest.mark.parametrize(
    ("image_shape", "stem", "count"),
    [
        ((3, 128, 128), "imagenet", 37_668_032),
        ((3, 224, 224), "imagenet", 37_668_032),
        ((3, 64, 64), "small", 37_668_032 - 64 * 3 * (49 - 9)),
        ((3, 32, 32), "small", 4_900_032 - 64 * 3 * (49 - 9) + 512 * 4 * 4 * 1000),
    ],
)
def test_resnet9_counts(image_shape: tuple[int, int, int], stem: str, count: int):
    network = resnet9(image_shape, 1000, stem=stem)
    assert parameters(network) == count
    assert network(torch.zeros(2, *image_shape)).shape == (2, 1000)
    assert not [name for name, _ in network.named_parameters() if name.endswith("bias")]


@pytest.mark.parametrize(
    ("name", "channels", "num_classes", "stem", "count"),
    [
        ("resnet18", 3, 10, "small", 11_173_962),
        ("resnet18", 3, 100, "small", 11_220_132),
        ("resnet18", 3, 1000, "imagenet", 11_689_512),
        ("resnet18", 3, 100, "imagenet", 11_227_812),
        ("resnet18", 3, 397, "imagenet", 11_380_173),
        ("resnet18", 1, 10, "small", 11_173_962 - 2 * 64 * 9),
        ("resnet34", 3, 1000, "imagenet", 21_797_672),
        ("resnet50", 3, 1000, "imagenet", 25_557_032),
    ],
)
def test_counts(name: str, channels: int, num_classes: int, stem: str, count: int):
    network = resnet(name, channels, num_classes, stem=stem)
    assert parameters(network) == count
    assert network(torch.zeros(2, channels, 32, 32)).shape == (2, num_classes)


@pytest.mark.parametrize(("stem", "side"), [("small", 4), ("imagenet", 1)])
def test_the_small_stem_keeps_the_maps_of_small_images_large(stem: str, side: int):
    network = resnet("resnet18", 3, 10, stem=stem)
    maps = []
    network.avgpool.register_forward_pre_hook(lambda _, given: maps.append(given[0]))
    network(torch.zeros(1, 3, 32, 32))
    assert maps[0].shape == (1, 512, side, side)


def test_every_batch_norm_is_ours():
    layers = [layer for layer in resnet("resnet50", 3, 10, stem="small", statistics="batch").modules()
              if isinstance(layer, nn.BatchNorm2d)]  # fmt: skip
    assert len(layers) == 53
    assert all(isinstance(layer, BatchNorm) and layer.statistics == "batch" for layer in layers)


def test_the_sigmoid_resnet18_has_the_same_count_and_no_rectifier_left():
    network = with_activation(resnet("resnet18", 3, 10, stem="small"), "sigmoid")
    assert parameters(network) == 11_173_962
    assert not [layer for layer in network.modules() if isinstance(layer, nn.ReLU)]
    assert sum(isinstance(layer, nn.Sigmoid) for layer in network.modules()) == 1 + 8  # the stem's, and one a block
    assert "aten.sigmoid" in (code := make_fx(network)(torch.zeros(1, 3, 32, 32)).code) and "relu" not in code


def test_published_weights_have_an_address():
    assert resnet_weights("resnet18") == "https://download.pytorch.org/models/resnet18-f37072fd.pth"
