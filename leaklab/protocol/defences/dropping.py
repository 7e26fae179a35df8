"""Dropout before the last layer: which features took part is known to the client alone."""

import copy
from dataclasses import replace
from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from leaklab.protocol.defences.contract import Gradient, Hooks, Imitation, Place
from leaklab.protocol.defences.noise import uniform_like
from leaklab.protocol.layers import Masked, buffers_of, is_of_one_image, last_linear
from leaklab.protocol.training import Pass
from leaklab.protocol.updates import Update, Weights
from leaklab.settings import knob

_NO_LAYER = "Dropout stands before the last linear layer, and this network has none: choose another network."


class Dropout(Hooks):
    """Features that are left out at random in every local step, the others enlarged so that the mean stays.

    Source: Srivastava et al. 2014, in the inverted form.
    """

    place: ClassVar[Place] = "network"
    strength: ClassVar[str] = "rate"
    kind: Literal["dropout"] = "dropout"
    rate: float = knob(
        0.5, low=0, high=0.95, title="Dropout", symbol="p: r ⊙ m/(1 − p), mᵢ = 0 with probability p",
        help="The share of the last layer's inputs that is left out at random in each local step.",
    )  # fmt: skip

    def missing(self, network: nn.Module) -> list[str]:
        """Return a sentence where there is no layer to stand before."""
        return [] if last_linear(network) is not None else [_NO_LAYER]

    def rebuilt(self, network: nn.Module, generator: torch.Generator) -> nn.Module:
        """Return a copy of the network with a place for the mask."""
        grown = copy.deepcopy(network)
        name = last_linear(grown)
        head = grown.get_submodule(name)
        layer = Masked(head).to(device=head.weight.device, dtype=head.weight.dtype).train(head.training)
        if not name:
            return layer
        grown.set_submodule(name, layer)
        return grown

    def drawn(self, forward: Pass, count: int, generator: torch.Generator) -> Pass:
        """Return the network with a fresh mask, a row for each image of the step."""
        fresh = {}
        for name in buffers_of(forward.network, Masked, "kept"):
            chance = uniform_like(forward.buffers[name].expand(count, -1), generator)
            fresh[name] = (chance >= self.rate).to(chance) / (1 - self.rate)
        return replace(forward, buffers={**forward.buffers, **fresh})

    def imitated(self, network: nn.Module, seen: Update) -> Imitation:
        """Return a step through the features that were kept: of one photograph the silent columns say which were not.

        Of several photographs each has a mask of its own, and nothing is known of them.
        """
        kept = {
            name: self._read(seen[f"{name.removesuffix('kept')}head.weight"])
            for name in buffers_of(network, Masked, "kept")
            if is_of_one_image(seen, f"{name.removesuffix('kept')}head")
        }
        if not kept:
            return super().imitated(network, seen)

        def way(gradient: Gradient) -> Gradient:
            def step(forward: Pass, weights: Weights, images: Tensor, targets: Tensor) -> Update:
                through = replace(forward, buffers={**forward.buffers, **kept})
                return gradient(through, weights, images, targets)

            return step

        return way

    def _read(self, matrix: Float[Tensor, "c f"]) -> Float[Tensor, "1 f"]:
        return (matrix != 0).any(0, keepdim=True).to(matrix) / (1 - self.rate)
