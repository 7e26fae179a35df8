"""Initialisation: with the same seed, the very numbers PyTorch and torchvision draw."""

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torchvision import models

from leaklab.networks import initialisation
from leaklab.networks.layers import BatchNorm
from leaklab.networks.zoo import NetworkChoice


def seeded(seed: int = 7) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def three_layers() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 8, 5), nn.Conv2d(8, 8, 3, groups=4, bias=False), nn.Linear(40, 7), BatchNorm(6))


def same(one: nn.Module, other: nn.Module) -> bool:
    left, right = one.state_dict(), other.state_dict()
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


def test_pytorch_draws_what_constructors_draw():
    torch.manual_seed(7)
    reference = three_layers()
    network = three_layers()
    network[3].running_mean.fill_(5)
    initialisation.pytorch(network, seeded())
    assert same(network, reference)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2"])
def test_own_draws_what_torchvision_draws(name: str):
    torch.manual_seed(7)
    reference = models.get_model(name, num_classes=10)
    assert same(NetworkChoice(name=name, stem="imagenet").build((3, 32, 32), 10, seeded()), reference)


def test_uniform_fills_every_weight_and_bias_between_minus_and_plus_a_half():
    network = three_layers()
    initialisation.uniform(network, seeded())
    numbers = torch.cat([parameter.detach().reshape(-1) for parameter in network.parameters()])
    assert numbers.abs().max() <= 0.5
    assert numbers.mean().abs() < 0.03
    assert abs(numbers.std() - 12**-0.5) < 0.02
    assert all(parameter.std() > 0.1 for parameter in network.parameters())


@pytest.mark.parametrize("fill", [initialisation.pytorch, initialisation.uniform, initialisation.kaiming])
def test_a_layer_nobody_knows_is_an_error(fill: Callable[[nn.Module, torch.Generator], None]):
    with pytest.raises(TypeError, match="no initialisation is known for PReLU"):
        fill(nn.Sequential(nn.PReLU()), seeded())


def test_lenet5_starts_as_its_published_code_does_and_the_others_as_pytorch_does():
    network = NetworkChoice(name="lenet5").build((3, 32, 32), 10, seeded())
    assert network.conv2.weight.std().item() == pytest.approx((2 / (16 * 25)) ** 0.5, rel=0.05)
    for name in ("convnet64", "cnn6", "lenet5_rog"):
        own, plain = (NetworkChoice(name=name, initialisation=how).build((3, 32, 32), 10, seeded())
                      for how in ("own", "pytorch"))  # fmt: skip
        assert same(own, plain)
