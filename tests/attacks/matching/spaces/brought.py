"""Small generators to bring along, and the observations they are for."""

import dataclasses

import torch
from torch import nn

from leaklab.attacks.matching.spaces import GeneratorLatent, GeneratorWeights, generators
from leaklab.attacks.matching.spaces.generators import DCGAN
from leaklab.checkpoints import State
from leaklab.protocol.observation import Observation
from tests.scene import dice, scene

LATENT, WEIGHTS = (part(generator="untrained", width=8) for part in (GeneratorLatent, GeneratorWeights))
SIZE = generators.count(DCGAN(8, 8, 3))


def seen(count: int = 2, *, side: int = 8, channels: int = 3) -> Observation:
    observation = scene(count, side=8, channels=channels).observation()
    return dataclasses.replace(observation, image_shape=(channels, side, side))


def state(generator: DCGAN, seed: int = 0) -> State:
    """Return weights and averages of a generator, none of them a round number."""
    weights = generators.named(generator, generators.drawn(generator, dice(seed)))
    noise = torch.randn(64, generator.latent, generator=dice(seed + 1))
    weights |= {name: part + 0.1 * torch.randn(part.shape, generator=dice(7)) for name, part in weights.items()}
    return weights | generators.measured(generator, weights, noise)


def published(generator: DCGAN, state: State) -> nn.Sequential:
    """Return the same generator of PyTorch's layers, in evaluation, with these weights."""
    layers: list[nn.Module] = []
    fed = generator.latent
    for place, (side, width) in enumerate(zip(generators.sides(generator.side), generator.widths, strict=True)):
        layers.append(nn.ConvTranspose2d(fed, width, 4, 2 if place else 1, 1 if place else 0, bias=False))
        layers += [nn.BatchNorm2d(width), nn.ReLU()]
        fed = width
        layers[-3].weight.data = state[f"{side}"].clone()
        norm = layers[-2]
        norm.weight.data, norm.bias.data = state[f"{side}.scale"].clone(), state[f"{side}.shift"].clone()
        norm.running_mean.copy_(state[f"{side}.mean"])
        norm.running_var.copy_(state[f"{side}.variance"])
    layers += [nn.ConvTranspose2d(fed, generator.channels, 1, bias=False), nn.Tanh()]
    layers[-2].weight.data = state["head"].clone()
    return nn.Sequential(*layers).eval()
