"""Convolutions made of three products: the same numbers as PyTorch's own, whatever is differentiated or batched."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from leaklab.protocol.convolution import Convolution, quick
from tests.scene import dice

GEOMETRIES = [
    dict(stride=1, padding=1), dict(stride=2, padding=2), dict(stride=(1, 2), padding=0, dilation=2),
    dict(stride=2, padding=(0, 1), bias=False),
]  # fmt: skip


def network(geometry: dict) -> nn.Sequential:
    layers = nn.Sequential(
        nn.Conv2d(2, 3, 3, **geometry), nn.Sigmoid(), nn.Conv2d(3, 4, 3, padding=1), nn.Tanh()
    ).double()  # fmt: skip
    with torch.no_grad():
        for tensor in layers.parameters():
            tensor.uniform_(-0.5, 0.5, generator=dice(1))
    return layers


def images(*shape: int) -> Tensor:
    return torch.rand(*shape, 2, 9, 8, dtype=torch.float64, generator=dice(2))


def length(layers: nn.Module, images: Tensor, *, each: bool) -> Tensor:
    """Return a length of the gradients of images (n, c, h, w): of all together, or of each image."""
    weights = {name: tensor.detach() for name, tensor in layers.named_parameters()}

    def loss(weights: dict[str, Tensor], images: Tensor) -> Tensor:
        return functional_call(layers, weights, (images,)).pow(3).sum()

    found = vmap(lambda one: grad(loss)(weights, one[None]))(images) if each else grad(loss)(weights, images)
    return sum(tensor.square().sum() for tensor in found.values())


def slope(layers: nn.Module, images: Tensor, of: Callable[[nn.Module, Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    free = images.clone().requires_grad_()
    value = of(layers, free)
    return value.detach(), torch.autograd.grad(value, free)[0]


def assert_same(layers: nn.Module, images: Tensor, of: Callable[[nn.Module, Tensor], Tensor]) -> None:
    for ours, theirs in zip(slope(quick(layers), images, of), slope(layers, images, of), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_the_slope_of_a_gradient_is_pytorchs_own(geometry: dict):
    assert_same(network(geometry), images(3), lambda layers, some: length(layers, some, each=False))


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("each", [False, True], ids=["of all images", "of each"])
def test_restarts_side_by_side_are_computed_as_pytorch_does(geometry: dict, each: bool):
    def of(layers: nn.Module, several: Tensor) -> Tensor:
        return vmap(lambda some: length(layers, some, each=each))(several).sum()

    assert_same(network(geometry), images(2, 3), of)


def test_kernels_of_each_restart_meet_the_images_of_all():
    layers = network(GEOMETRIES[0])
    weights = {name: torch.stack([tensor.detach(), 2 * tensor.detach()]) for name, tensor in layers.named_parameters()}

    def of(layers: nn.Module, some: Tensor) -> Tensor:
        return vmap(lambda own: functional_call(layers, own, (some,)))(weights).pow(3).sum()

    assert_same(layers, images(3), of)


def test_a_third_derivative_is_exact_too():
    layers = quick(network(GEOMETRIES[1]))
    free = images(1)[..., :5, :5].requires_grad_()
    assert torch.autograd.gradgradcheck(lambda some: length(layers, some, each=False), free, atol=1e-4)


def test_only_plain_convolutions_are_swapped_and_keep_their_names_weights_and_hooks():
    layers = nn.Sequential(
        nn.Conv2d(2, 4, 3, groups=2), nn.Conv2d(4, 4, 3, padding="same"), nn.Conv2d(4, 4, 3, padding_mode="circular"),
        nn.Conv2d(4, 2, 3),
    )  # fmt: skip
    met: list[int] = []
    layers[3].register_forward_hook(lambda *_: met.append(1))
    found = quick(layers)
    assert [type(layer) for layer in found] == [nn.Conv2d, nn.Conv2d, nn.Conv2d, Convolution]
    assert [type(layer) for layer in layers] == [nn.Conv2d] * 4
    assert found.state_dict().keys() == layers.state_dict().keys()
    some = images(1).float()
    assert torch.allclose(found(some), layers(some), atol=1e-6) and len(met) == 2
