"""A scene whose network has batch norm, and guesses to measure on it."""

import dataclasses
from collections import OrderedDict

import torch
from torch import Tensor, nn

from leaklab.attacks.snapshot import Dummy
from leaklab.networks.layers import BatchNorm, Statistics
from leaklab.protocol.observation import Observation, ThreatModel, reveal
from leaklab.protocol.statistics import batch_statistics
from leaklab.protocol.training import Pass
from tests.scene import CLASSES, Scene, dice

IMAGES, SIDE = 3, 4


def network(statistics: Statistics = "running") -> nn.Module:
    """Return two convolutions, each before batch norm, whose running averages are no round numbers."""
    layers = OrderedDict(
        conv1=nn.Conv2d(2, 3, 3, padding=1), norm1=BatchNorm(3, statistics), activation1=nn.Sigmoid(),
        conv2=nn.Conv2d(3, 2, 3, stride=2, padding=1), norm2=BatchNorm(2, statistics), activation2=nn.Sigmoid(),
        flatten=nn.Flatten(), linear=nn.Linear(2 * (SIDE // 2) ** 2, CLASSES),
    )  # fmt: skip
    with torch.device("meta"):  # nothing is drawn from the global generator
        whole = nn.Sequential(layers)
    whole.to_empty(device="cpu").to(torch.float64)
    generator = dice(1)
    with torch.no_grad():
        for name, tensor in whole.state_dict().items():
            if tensor.is_floating_point():
                low, high = (0.5, 1.5) if "var" in name or "norm" in name else (-0.5, 0.5)
                tensor.uniform_(low, high, generator=generator)
            else:
                tensor.zero_()
    return whole


def scene(statistics: Statistics = "running") -> Scene:
    images = torch.rand(IMAGES, 2, SIDE, SIDE, dtype=torch.float64, generator=dice(2))
    return Scene(network(statistics), images, torch.arange(IMAGES))


def observation(statistics: Statistics = "running", *, told: bool = False) -> Observation:
    one = scene(statistics)
    met = batch_statistics(Pass(one.network, {}), one.weights, one.images)
    message = dataclasses.replace(
        one.message(), buffers=dict(one.network.named_buffers()), batch_statistics=met
    )  # fmt: skip
    return reveal(message, ThreatModel(labels=True, batch_statistics=told))


def guess(rows: int = 2) -> Tensor:
    return torch.randn(rows, IMAGES, 2, SIDE, SIDE, dtype=torch.float64, generator=dice(5))


def dummy(images: Tensor) -> Dummy:
    """Return images of every restart as a guess whose labels are as open as can be."""
    generator = dice(6)
    labels = torch.rand(*images.shape[:2], CLASSES, dtype=images.dtype, generator=generator).softmax(2)
    return Dummy(images, labels, images.flatten(1), ())
