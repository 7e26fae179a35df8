"""Soteria: silence the features of the last linear layer that would give the photograph away."""

import math
from typing import ClassVar, Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from leaklab.protocol.defences.contract import Gradient, Hooks, Place
from leaklab.protocol.defences.pruning import sent_only
from leaklab.protocol.training import Pass
from leaklab.protocol.updates import Update, Weights
from leaklab.settings import knob

_AT_ONCE = 1 << 18  # pixels along which slopes are computed together, to bound the memory
_NO_LAYER = "Soteria silences features of a linear layer, and this network has none: choose another network or defence."
_NO_MAKER = (
    "Soteria's row variant silences features where a linear layer makes them for the last one, and this network has no "
    "two linear layers behind each other: choose the column variant, or another network."
)


class Soteria(Hooks):
    """Columns of one linear layer's gradient set to zero, those of the features that tell most about the photograph.

    A feature rᵢ counts Σ ‖∂rᵢ/∂x‖₂ / (rᵢ + c) over the images of a step; of the lowest counts the given share is
    silenced, in the last linear layer, bias and all other layers untouched. The row variant silences the features where
    they are made: the rows, weights and bias, of the linear layer before, by the largest rᵢ/‖∂rᵢ/∂x‖. A feature that
    is zero and flat, behind a ReLU, counts least: its column is zero anyhow, and such a network is hardly defended.
    Source: Sun et al. 2021, section 4 and the published code; the row variant as in AIJack's code.
    """

    place: ClassVar[Place] = "local step"
    strength: ClassVar[str] = "rate"
    kind: Literal["soteria"] = "soteria"
    rate: float = knob(
        0.1, low=0, high=1, title="Features silenced", symbol="share of columns of ∂ℓ/∂W that are zero",
        help="The share of the last layer's inputs of which nothing is sent; chosen by how much they give away.",
    )  # fmt: skip
    variant: Literal["columns", "rows"] = knob(
        "columns", level="advanced", symbol="∂ℓ/∂W of the layer that reads r, or of the one that makes it",
        help="Whether a feature is silenced where it is read, as published, or where it is made.",
    )  # fmt: skip
    offset: float = knob(
        0.0, low=0, high=1, log=True, title="Offset", symbol="c in ‖∂rᵢ/∂x‖/(rᵢ + c)", level="advanced",
        help="Keeps features that are nearly zero from counting without bound; the published codes differ: 0 to 0.1.",
    )  # fmt: skip

    def missing(self, network: nn.Module) -> list[str]:
        """Return a sentence where there are too few linear layers."""
        layers = [network.get_submodule(name) for name in _linear(network)[-2:]]
        if not layers:
            return [_NO_LAYER]
        chained = len(layers) == 2 and layers[0].out_features == layers[1].in_features
        return [] if chained or self.variant == "columns" else [_NO_MAKER]

    def trained(self, gradient: Gradient, generator: torch.Generator) -> Gradient:
        """Return the gradient of a step with the silenced features at zero."""
        if self.rate == 0:
            return gradient

        def step(forward: Pass, weights: Weights, images: Tensor, targets: Tensor) -> Update:
            return self._silenced(gradient(forward, weights, images, targets), forward, weights, images)

        return step

    def imitate(self, dummy: Update, seen: Update) -> Update:
        """Return the dummy update where something arrived."""
        return sent_only(dummy, seen)

    def _silenced(self, update: Update, forward: Pass, weights: Weights, images: Tensor) -> Update:
        layers = _linear(forward.network)
        features, slopes = _features(forward, weights, images, layers[-1])
        keep = _kept(self._counts(features, slopes), self.rate).to(images)
        if self.variant == "columns":
            name = f"{layers[-1]}.weight"
            return update | {name: update[name] * keep}
        rows = {name: part for name, part in update.items() if name.rpartition(".")[0] == layers[-2]}
        return update | {name: part * keep.reshape(-1, *[1] * (part.ndim - 1)) for name, part in rows.items()}

    def _counts(self, features: Float[Tensor, "n f"], slopes: Float[Tensor, "n f"]) -> Float[Tensor, "f"]:
        """Return what makes a feature stay: the larger, the longer."""
        if self.variant == "rows":
            return -(features.abs() / slopes.clamp_min(torch.finfo(slopes.dtype).tiny)).sum(0)
        near = features + self.offset
        tiny = torch.finfo(near.dtype).tiny
        return (slopes / near.where(near.abs() > tiny, torch.full_like(near, tiny))).sum(0).abs()


def _kept(counts: Float[Tensor, "f"], rate: float) -> Bool[Tensor, "f"]:
    """Return which features stay: all but exactly the share with the lowest counts."""
    silenced = counts.nan_to_num(nan=0.0).argsort(stable=True)[: math.ceil(round(rate * len(counts), 6))]
    return torch.ones_like(counts, dtype=torch.bool).index_fill(0, silenced, False)


def _features(
    forward: Pass, weights: Weights, images: Float[Tensor, "n c h w"], layer: str
) -> tuple[Float[Tensor, "n f"], Float[Tensor, "n f"]]:
    """Return what enters a layer for each image, and how steeply each number of it rises with the image's pixels."""
    parts = torch.arange(len(images), device=images.device).split(forward.at_once or len(images))
    found = [_slopes(forward.of(part), weights, images[part], layer) for part in parts]
    values, slopes = (torch.cat(column) for column in zip(*found, strict=True))
    return values, slopes


def _slopes(
    forward: Pass, weights: Weights, images: Float[Tensor, "n c h w"], layer: str
) -> tuple[Float[Tensor, "n f"], Float[Tensor, "n f"]]:
    def entering(images: Tensor) -> Tensor:
        met: list[Tensor] = []
        hook = forward.network.get_submodule(layer).register_forward_pre_hook(lambda _, given: met.append(given[0]))
        try:
            forward.logits(weights, images)
        finally:
            hook.remove()
        return met[0]

    def steepness(feature: Tensor) -> Float[Tensor, "n"]:
        # Of the same feature of all images together, as published: pixels move the features of their own image.
        along = functional.one_hot(feature, values.shape[1]).to(values).expand_as(values)
        return pull(along)[0].flatten(1).norm(dim=1)

    values, pull = torch.func.vjp(entering, images)
    features = torch.arange(values.shape[1], device=values.device)
    return values, torch.func.vmap(steepness, chunk_size=max(1, _AT_ONCE // images.numel()))(features).T


def _linear(network: nn.Module) -> list[str]:
    return [name for name, layer in network.named_modules() if isinstance(layer, nn.Linear)]
