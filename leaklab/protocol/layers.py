"""Layers that a defence puts into everybody's network: each has dice that a client draws afresh in every local step.

The dice are a buffer with a row an image, or one row for all: as they stand they do nothing, so that whoever has no
dice, an attacker or a server that tests its network, meets the network without them.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import skip_init

from leaklab.protocol.updates import Weights

_FAR_BELOW = -20.0  # where the logarithm of softplus is a straight line, but for a billionth
_ONE_IMAGE = 1e-4  # what of a matrix may be left beside a single product, for rounding


class Bottleneck(nn.Module):
    """A linear layer behind an encoder that says mean and spread of a few numbers, dice (`noise`), and a decoder."""

    noise: Tensor

    def __init__(self, head: nn.Linear, size: int, scale: float, weight: float) -> None:
        super().__init__()
        self.scale, self.weight = scale, weight
        # Left empty: torch would fill them from its global generator.
        self.encoder = skip_init(nn.Linear, head.in_features, 2 * size)
        self.decoder = skip_init(nn.Linear, size, head.in_features)
        self.head = head
        self.register_buffer("noise", torch.zeros(1, size), persistent=False)

    def forward(self, features: Float[Tensor, "n f"]) -> Float[Tensor, "n classes"]:
        """Return the head's answers to features that have been through the bottleneck."""
        mean, spread = self.parts(self.encoder(features))
        return self.head(self.decoder(mean + self.scale * spread * self.noise))

    def parts(self, encoded: Float[Tensor, "n e"]) -> tuple[Float[Tensor, "n k"], Float[Tensor, "n k"]]:
        """Return mean and standard deviation of what the encoder says."""
        mean, spread = encoded.chunk(2, -1)
        return mean, functional.softplus(spread)

    def divergence(self, encoded: Float[Tensor, "n e"]) -> Float[Tensor, ""]:
        """Return the weighted mean divergence from a standard normal distribution, in bits."""
        mean, spread = self.parts(encoded)
        each = (mean.square() + spread.square() - 2 * _logarithm(encoded.chunk(2, -1)[1]) - 1).sum(-1) / 2
        return self.weight * each.mean() / math.log(2)


class Masked(nn.Module):
    """A linear layer behind dropout: `kept` is a row of zeros and larger numbers an image, or ones for all."""

    kept: Tensor

    def __init__(self, head: nn.Linear) -> None:
        super().__init__()
        self.head = head
        self.register_buffer("kept", torch.ones(1, head.in_features), persistent=False)

    def forward(self, features: Float[Tensor, "n f"]) -> Float[Tensor, "n classes"]:
        """Return the head's answers to the features that are kept."""
        return self.head(features * self.kept)


@contextmanager
def divergences(network: nn.Module) -> Iterator[list[Tensor]]:
    """Collect what every bottleneck of a network adds to the loss while images go through it."""
    found: list[Tensor] = []
    layers = [layer for layer in network.modules() if isinstance(layer, Bottleneck) and layer.weight > 0]
    hooks = [layer.encoder.register_forward_hook(_noting(layer, found)) for layer in layers]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()


def buffers_of(network: nn.Module, layer: type[nn.Module], name: str) -> list[str]:
    """Return the full names of a buffer of every layer of one kind."""
    places = [place for place, module in network.named_modules() if isinstance(module, layer)]
    return [f"{place}.{name}" if place else name for place in places]


def dice_of(network: nn.Module, buffers: Weights, chosen: Int[Tensor, "m"]) -> Weights:
    """Return the buffers with the dice of some of the images alone; a row that is for all of them stays."""
    names = buffers_of(network, Bottleneck, "noise") + buffers_of(network, Masked, "kept")
    return {**buffers, **{name: buffers[name][chosen] for name in names if len(buffers[name]) > 1}}


def last_linear(network: nn.Module) -> str | None:
    """Return the name of the last linear layer; None where there is none."""
    names = [name for name, layer in network.named_modules() if isinstance(layer, nn.Linear)]
    return names[-1] if names else None


def is_of_one_image(seen: dict[str, Tensor], layer: str) -> bool:
    """Return whether the gradient of a linear layer's weights is its bias's times one row, as of a single image."""
    matrix, slopes = seen.get(f"{layer}.weight"), seen.get(f"{layer}.bias")
    if matrix is None or slopes is None:
        return False
    matrix, slopes = matrix.double(), slopes.double()
    features = slopes @ matrix / slopes.square().sum().clamp_min(torch.finfo(slopes.dtype).tiny)
    left = matrix - torch.outer(slopes, features)
    return bool(left.norm() <= _ONE_IMAGE * matrix.norm())


def _logarithm(raw: Tensor) -> Tensor:
    """Return log(softplus(ρ)), which is ρ itself far below zero, where softplus(ρ) is no number any more."""
    return torch.where(raw < _FAR_BELOW, raw, functional.softplus(raw.clamp_min(_FAR_BELOW)).log())


def _noting(layer: Bottleneck, found: list[Tensor]):
    def hook(_: nn.Module, __: tuple, encoded: Tensor) -> None:
        found.append(layer.divergence(encoded))

    return hook
