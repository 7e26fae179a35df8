"""Every network as the attack uses it: a skeleton called with weights, gradients of gradients, restarts under vmap."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn import functional

from leaklab.networks.table import NETWORKS
from leaklab.networks.zoo import NetworkChoice

SLOW = ("resnet34", "resnet50")  # built of the blocks of faster ones: each once
CASES = [(name, "running") for name in NETWORKS if name != "resnet50"]
CASES += [(name, "batch") for name, row in NETWORKS.items() if row.shrinks and name != "resnet34"]
CASES += [("convnet64", "batch")]
EXPLODES = ("mobilenet_v2", "batch")  # fifty batch norms over three images each: slopes of 1e25, and rounding with them
CLASSES, FEW = 5, 40_000
LABELS = torch.tensor([1, 0, 4])


def shape_of(name: str) -> tuple[int, int, int]:
    side = max(8, NETWORKS[name].smallest)
    return 3, side, side


def network_of(name: str, statistics: str, activation: str = "own") -> nn.Module:
    choice = NetworkChoice(name=name, batch_norm=statistics, activation=activation)
    return choice.build(shape_of(name), CLASSES, torch.Generator().manual_seed(3)).double()


def restarts(name: str) -> Tensor:
    shape = (2, len(LABELS), *shape_of(name))
    return torch.rand(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(4))


def watched(network: nn.Module) -> dict[str, Tensor]:
    """Return the smaller weights of every kind, for the gradients of ResNet50 fill gigabytes."""
    return {name: tensor for name, tensor in network.named_parameters() if tensor.numel() < FEW}


def functional_objective(network: nn.Module):
    skeleton = copy.deepcopy(network).to("meta")
    fixed = {name: tensor.detach() for name, tensor in [*network.named_parameters(), *network.named_buffers()]}
    weights = {name: tensor.detach() for name, tensor in watched(network).items()}

    def loss(weights: dict[str, Tensor], images: Tensor) -> Tensor:
        return functional.cross_entropy(functional_call(skeleton, fixed | weights, (images,)), LABELS)

    return lambda images: sum((gradient**2).sum() for gradient in grad(loss)(weights, images).values())


def by_autograd(network: nn.Module, images: Tensor) -> Tensor:
    images = images.clone().requires_grad_()
    loss = functional.cross_entropy(network(images), LABELS)
    gradients = torch.autograd.grad(loss, list(watched(network).values()), create_graph=True)
    return torch.autograd.grad(sum((gradient**2).sum() for gradient in gradients), images)[0]


@pytest.mark.parametrize(("name", "statistics"), CASES)
def test_a_skeleton_called_with_weights_is_the_network(name: str, statistics: str):
    network, images = network_of(name, statistics), restarts(name)[0]
    skeleton = copy.deepcopy(network).to("meta")
    state = dict(network.named_parameters()) | dict(network.named_buffers())
    assert torch.equal(functional_call(skeleton, state, (images,)), network(images))
    assert network(images).shape == (len(LABELS), CLASSES)


# ResNet34 and 50 are made of ResNet18's layers, and cost more than all others together.
@pytest.mark.parametrize(("name", "statistics"), [case for case in CASES if case[0] not in ("resnet34", "resnet50")])
def test_restarts_under_vmap_agree_with_a_loop_of_ordinary_autograd(name: str, statistics: str):
    network = network_of(name, statistics)
    before = copy.deepcopy(dict(network.named_buffers()))
    batched = vmap(grad(functional_objective(network)))(restarts(name))
    looped = torch.stack([by_autograd(network, images) for images in restarts(name)])
    assert looped.abs().max() > 0
    away = (batched - looped).norm()
    if (name, statistics) == EXPLODES:  # by how much, each processor's rounding decides for itself
        shaken = torch.stack([by_autograd(network, images * (1 + 1e-15)) for images in restarts(name)])
        assert away < 10 * (shaken - looped).norm() < 1e-4 * looped.norm()
    else:
        assert away < 1e-9 * looped.norm()
    assert all(torch.equal(before[key], tensor) for key, tensor in network.named_buffers())


@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in SLOW])
def test_second_derivatives_of_smooth_networks_agree_with_finite_differences(name: str):
    network = network_of(name, "running", activation="softplus")
    objective, images, step = functional_objective(network), restarts(name)[0], 1e-5
    direction = torch.randn(images.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    slope = (objective(images + step * direction) - objective(images - step * direction)) / (2 * step)
    predicted = (by_autograd(network, images) * direction).sum()
    assert torch.isclose(predicted, slope.detach(), rtol=1e-4)
