"""A batch that a LeNet of wide random weights has seen: smooth pictures, labels as unbalanced as in the papers."""

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.observation import Message, Observation, ThreatModel, reveal
from leaklab.protocol.training import Pass, Schedule
from tests.scene import dice

CLASSES = 100


def smooth(count: int, seed: int) -> Tensor:
    """Return pictures whose neighbouring pixels agree, as in photographs."""
    coarse = torch.rand(count, 3, 5, 5, generator=dice(seed))
    return functional.interpolate(coarse, (32, 32), mode="bicubic").clamp(0, 1)


def unbalanced(count: int, generator: torch.Generator) -> Tensor:
    """Half of one class, a quarter of another, the rest all different."""
    classes, half, quarter = torch.randperm(CLASSES, generator=generator), count // 2, count // 4
    return torch.cat([classes[0].repeat(half), classes[1].repeat(quarter), classes[2 : 2 + count - half - quarter]])


@cache
def batch(count: int, seed: int = 0) -> tuple[Observation, Tensor]:
    """Return what is seen of a batch, and its labels in order."""
    generator = dice(seed)
    network = NetworkChoice(name="lenet").build((3, 32, 32), CLASSES, generator)
    labels, images = unbalanced(count, generator), smooth(count, seed + 1)
    weights = {name: tensor.detach() for name, tensor in network.named_parameters()}
    update = Pass(network, {}).gradient(weights, images, functional.one_hot(labels, CLASSES).to(images))
    message = Message(
        network=network, weights=weights, buffers={}, update=update, image_shape=(3, 32, 32), num_classes=CLASSES,
        num_clients=1, labels=labels, schedule=Schedule(), defences=(), public=smooth(64, seed + 2),
    )  # fmt: skip
    return reveal(message, ThreatModel()), labels.sort().values
