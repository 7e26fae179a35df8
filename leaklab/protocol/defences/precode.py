"""PRECODE: a variational bottleneck before the last layer, whose dice blur every gradient that passes through it."""

import copy
import math
from dataclasses import replace
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.func import grad

from leaklab.protocol.defences.contract import Gradient, Hooks, Imitation, Place
from leaklab.protocol.defences.noise import normal_like
from leaklab.protocol.layers import Bottleneck, buffers_of, is_of_one_image, last_linear
from leaklab.protocol.training import Pass
from leaklab.protocol.updates import Update, Weights
from leaklab.settings import knob

_NO_LAYER = "PRECODE stands before the last linear layer, and this network has none: choose another network."


class PRECODE(Hooks):
    """A layer with dice in the network, whose gradients differ from step to step.

    Encoder F → 2K, z = μ + s·softplus(ρ)·ε, decoder K → F, and β·KL/ln 2 beside the loss.
    Source: Scheliga et al. 2022, section 3; the numbers as in the code of Geng et al. 2021.
    """

    place: ClassVar[Place] = "network"
    strength: ClassVar[str] = "scale"
    kind: Literal["precode"] = "precode"
    scale: float = knob(
        1.0, low=0, high=10, log=True, title="Dice in the network", symbol="s: z = μ + s·σ⊙ε, published 1",
        help="How strong the dice are in a layer that is added before the last one; with 0 there are none.",
    )  # fmt: skip
    size: int = knob(
        256, low=1, high=1024, log=True, title="Bottleneck", symbol="K", level="advanced",
        help="How many numbers of an image get through the added layer.",
    )  # fmt: skip
    weight: float = knob(
        1e-3, low=0, high=1, log=True, title="Weight of the spread", symbol="β: + β·KL/ln 2", level="advanced",
        help="How much the loss asks the dice to stay dice.",
    )  # fmt: skip

    def missing(self, network: nn.Module) -> list[str]:
        """Return a sentence where there is no layer to stand before."""
        return [] if last_linear(network) is not None else [_NO_LAYER]

    def rebuilt(self, network: nn.Module, generator: torch.Generator) -> nn.Module:
        """Return a copy of the network with the bottleneck in it, its weights drawn by the generator."""
        grown = copy.deepcopy(network)
        name = last_linear(grown)
        head = grown.get_submodule(name)
        layer = Bottleneck(head, self.size, self.scale, self.weight)
        for part in (layer.encoder, layer.decoder):
            _initialise(part, generator)
        layer = layer.to(device=head.weight.device, dtype=head.weight.dtype)
        if not name:
            return layer.train(head.training)
        grown.set_submodule(name, layer.train(head.training))
        return grown

    def drawn(self, forward: Pass, count: int, generator: torch.Generator) -> Pass:
        """Return the network with fresh dice, a row for each image of the step."""
        if self.scale == 0:
            return forward
        names = buffers_of(forward.network, Bottleneck, "noise")
        fresh = {name: normal_like(forward.buffers[name].expand(count, -1), generator) for name in names}
        return replace(forward, buffers={**forward.buffers, **fresh})

    def imitated(self, network: nn.Module, seen: Update) -> Imitation:
        """Return a step that needs neither dice nor label: the slopes that came down through the bottleneck were sent.

        Of one photograph the encoder's bias has the slopes δ at what it says, and a loss ⟨δ, encoder(r(x))⟩ has the
        same gradients in it and in every layer below. Of several photographs only the mean of their slopes is sent.
        """
        slopes = _slopes(network, seen)
        if slopes is None:
            return super().imitated(network, seen)
        name, sent = slopes
        return lambda _: _through(name, sent)

    def ignored(self, seen: Update) -> frozenset[str]:
        """Return the tensors that the dice reach: behind the encoder, and it too where its slopes are of several.

        Source: Scheliga et al. 2022b (arXiv 2208.04767) passes over all of the bottleneck and the layer behind it.
        """
        first = [name.removesuffix("encoder.weight") for name in seen if name.endswith("encoder.weight")]
        inside = {prefix for prefix in first if f"{prefix}decoder.weight" in seen}
        kept = {f"{prefix}encoder." for prefix in inside if is_of_one_image(seen, f"{prefix}encoder")}
        return frozenset(
            name for name in seen
            if any(map(name.startswith, inside)) and not any(map(name.startswith, kept))
        )  # fmt: skip


def _through(encoder: str, slopes: Tensor) -> Gradient:
    """Return the gradient of ⟨δ, encoder(r(x))⟩: zero in all that stands behind the encoder."""

    def step(forward: Pass, weights: Weights, images: Tensor, targets: Tensor) -> Update:
        def told(weights: Weights) -> Tensor:
            met: list[Tensor] = []
            layer = forward.network.get_submodule(encoder)
            hook = layer.register_forward_hook(lambda _, __, encoded: met.append(encoded))
            try:
                forward.logits(weights, images)
            finally:
                hook.remove()
            return (met[0] * slopes).sum()

        return grad(told)(weights)

    return step


def _slopes(network: nn.Module, seen: Update) -> tuple[str, Tensor] | None:
    """Return a bottleneck's encoder and the slopes at what it says, where they are of one image."""
    places = [place for place, layer in network.named_modules() if isinstance(layer, Bottleneck)]
    encoders = [f"{place}.encoder".removeprefix(".") for place in places]
    return next(((name, seen[f"{name}.bias"]) for name in encoders if is_of_one_image(seen, name)), None)


def _initialise(layer: nn.Linear, generator: torch.Generator) -> None:
    """Draw a linear layer's weights as torch does by default, from a generator of one's own."""
    bound = 1 / math.sqrt(layer.in_features)
    with torch.no_grad():
        for tensor in layer.parameters():
            tensor.copy_((2 * torch.rand(tensor.shape, generator=generator) - 1) * bound)
