"""A network as a chain of layers that can be undone one after another, or the sentence that says why it cannot."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

Map = Callable[[Tensor], Tensor]

_EDGE = 1e-15  # how near to its bounds an activation may have come and still be undone


@dataclass(frozen=True)
class Undo:
    """An activation undone: what entered it, and its slope there."""

    inverse: Callable[[nn.Module, Tensor], Tensor]
    slope: Callable[[nn.Module, Tensor], Tensor]


def _sigmoid(values: Tensor) -> Tensor:
    return values.clamp(_EDGE, 1 - _EDGE).logit()


INVERTIBLE: dict[type[nn.Module], Undo] = {
    nn.Sigmoid: Undo(lambda _, out: _sigmoid(out), lambda _, at: at.sigmoid() * (-at).sigmoid()),
    nn.Tanh: Undo(lambda _, out: out.clamp(_EDGE - 1, 1 - _EDGE).atanh(), lambda _, at: 1 - at.tanh().square()),
    nn.Softplus: Undo(
        lambda _, out: out.clamp_min(_EDGE) + torch.log(-torch.expm1(-out.clamp_min(_EDGE))), lambda _, at: at.sigmoid()
    ),
    nn.LeakyReLU: Undo(
        lambda layer, out: torch.where(out >= 0, out, out / layer.negative_slope),
        lambda layer, at: torch.where(at >= 0, 1.0, layer.negative_slope).to(at),
    ),
}


def layers(network: nn.Module, name: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Yield the layers of a network in order, with their names; what is no chain is yielded whole."""
    if isinstance(network, nn.Sequential):
        # named_children would pass over a layer that stands in two places, such as one activation used throughout.
        for part, layer in network.named_modules(remove_duplicate=False):
            if part and "." not in part:
                yield from layers(layer, f"{name}.{part}" if name else part)
    else:
        yield name, network


def normalises(layer: nn.Module) -> bool:
    """Return whether a layer only shifts and scales its channels by constants."""
    return not list(layer.parameters()) and {"mean", "std"} <= {name for name, _ in layer.named_buffers()}


def normalised(images: Float[Tensor, "*n c h w"], mean: Tensor, std: Tensor) -> Float[Tensor, "*n c h w"]:
    """Return images after such a layer undone: back to [0, 1]."""
    return images * std + mean


def obstacle(network: nn.Module) -> str:
    """Return what keeps a network from being undone layer by layer, as part of a sentence; empty when nothing does."""
    for name, layer in layers(network):
        if isinstance(layer, nn.Flatten | nn.Identity | nn.Linear) or type(layer) in INVERTIBLE or normalises(layer):
            continue
        if isinstance(layer, nn.Conv2d):
            if layer.groups == 1 and layer.dilation == (1, 1) and layer.padding_mode == "zeros":
                continue
            return f"its layer {name} is a convolution in groups or with gaps"
        if isinstance(layer, nn.ReLU | nn.ReLU6):
            return f"its layer {name} is a ReLU, which sends every negative number to zero and cannot be undone"
        if isinstance(layer, nn.SiLU):
            return f"its layer {name} is a SiLU, which takes the same value twice"
        if "Pool" in type(layer).__name__:
            return f"its layer {name} pools, and what it drops cannot be told"
        if isinstance(layer, nn.BatchNorm2d):
            return f"its layer {name} is a batch norm"
        return f"{type(layer).__name__} is no plain chain of layers but has several ways through"
    return ""
