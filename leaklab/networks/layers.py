"""The layers every network shares: activations by name, normalisation, and a batch norm safe under `vmap`."""

import copy
from collections.abc import Callable
from functools import partial
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from leaklab.settings import Refusal

Activation = Literal["relu", "leaky_relu", "sigmoid", "tanh", "silu", "softplus"]
Statistics = Literal["running", "batch"]

LEAKY_SLOPE = 0.2  # below zero; steep enough for a value to be told from its activation

ACTIVATIONS: dict[Activation, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": partial(nn.LeakyReLU, LEAKY_SLOPE),
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
}
_ANY_ACTIVATION = (
    nn.ReLU, nn.LeakyReLU, nn.Sigmoid, nn.Tanh, nn.SiLU, nn.Softplus, nn.ReLU6, nn.ELU, nn.GELU, nn.Hardswish
)  # fmt: skip


def with_activation(network: nn.Module, activation: Activation) -> nn.Module:
    """Return a copy of a network in which every activation, in-place ones included, is another one."""
    if isinstance(network, _ANY_ACTIVATION):
        return ACTIVATIONS[activation]()
    changed = copy.deepcopy(network)
    for path, layer in list(changed.named_modules(remove_duplicate=False)):
        if isinstance(layer, _ANY_ACTIVATION):
            changed.set_submodule(path, ACTIVATIONS[activation]())
    return changed


class Normalise(nn.Module):
    """Shift and scale pixels in [0, 1] to what a network was trained on; grey becomes colour under three constants."""

    mean: Tensor
    std: Tensor

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...]):
        super().__init__()
        # Constants of the settings, not something learnt: they stay out of saved weights.
        self.register_buffer("mean", torch.tensor(mean).reshape(-1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).reshape(-1, 1, 1), persistent=False)

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d h w"]:
        """Return (images - mean) / std by channel."""
        return (images - self.mean) / self.std


class BatchNorm(nn.BatchNorm2d):
    """Batch norm that never touches its buffers, so that it works under `vmap` and on a skeleton.

    Source: Ioffe and Szegedy 2015, Algorithm 1 (batch) and Algorithm 2, line 11 (running).
    """

    def __init__(self, channels: int, statistics: Statistics = "running"):
        super().__init__(channels)
        self.statistics = statistics

    def forward(self, maps: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """Return the maps normalised by channel, whatever mode the network is in.

        Raises: Refusal, when batch statistics would see a single value in each channel.
        """
        if self.statistics == "running":
            return functional.batch_norm(
                maps, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
            )
        if maps.numel() == maps.shape[1]:
            raise Refusal(
                "Batch norm with batch statistics sees one number in each channel, whose spread is nothing: "
                "take two images or more, larger images, the small stem, or running statistics."
            )
        return functional.batch_norm(maps, None, None, self.weight, self.bias, training=True, eps=self.eps)

    def extra_repr(self) -> str:
        """Return what `print(network)` shows of this layer."""
        return f"{self.num_features}, statistics={self.statistics!r}"


def map_sides(image_shape: tuple[int, int, int], stride: int) -> tuple[int, int]:
    """Return the height and width of maps after padded convolutions that together take every `stride`-th pixel."""
    return -(-image_shape[1] // stride), -(-image_shape[2] // stride)


def parameters(network: nn.Module) -> int:
    """Return how many numbers a network learns."""
    return sum(parameter.numel() for parameter in network.parameters())
