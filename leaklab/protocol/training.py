"""Local training as one pure, differentiable function, used by the honest client and by the attacker's dummy alike."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float, Int
from pydantic import ValidationInfo, field_validator
from torch import Tensor, nn
from torch.func import functional_call, grad
from torch.nn import functional

from leaklab.protocol.layers import dice_of, divergences
from leaklab.protocol.recomputing import recomputed
from leaklab.protocol.updates import Update, Weights, added, step
from leaklab.settings import Settings, knob

Batches = list[Int[Tensor, "_"]]  # of any lengths: the last batch of an epoch may be smaller
Path = tuple[Update, ...]  # the sum of gradients met in each epoch; all together are the update

_NOTHING: dict[str | None, str] = {
    "epochs": "without a local step a client sends back what it got, and there is nothing to see; choose 1 or more",
    "learning_rate": "a client that moves its weights by nothing sends back what it got, and there is nothing to see; "
    "choose 1e-5 or more",
}  # fmt: skip


class Schedule(Settings):
    """What a client does between receiving the weights and sending its update: plain stochastic gradient descent."""

    epochs: int = knob(
        1, low=1, high=32, title="Local epochs", symbol="E, or τ where every step takes all photographs",
        help="How often the client goes through its photographs before it sends anything; more steps hide more.",
    )  # fmt: skip
    batch_size: int = knob(
        0, low=0, high=64, symbol="β", level="advanced",
        help="Photographs in one local step, shuffled every epoch; 0 takes all of them at once.",
    )  # fmt: skip
    learning_rate: float = knob(
        1e-2, low=1e-5, high=1, log=True, symbol="η", level="advanced",
        help="How far the client moves the weights in one local step.",
    )  # fmt: skip

    @field_validator("epochs", "learning_rate", mode="before")
    @classmethod
    def _something(cls, value: Any, info: ValidationInfo) -> Any:
        if value == 0:
            raise ValueError(_NOTHING[info.field_name])
        return value

    def batches(self, count: int, generator: torch.Generator | None = None) -> Batches:
        """Return the images of every local step, shuffled anew each epoch when a generator is given."""
        size = self.batch_size or count
        orders = [
            torch.arange(count) if generator is None or size >= count else torch.randperm(count, generator=generator)
            for _ in range(self.epochs)
        ]
        return [batch for order in orders for batch in order.split(size)]

    def steps(self, count: int) -> int:
        """Return the number of local steps over a number of images."""
        size = self.batch_size or count
        return self.epochs * -(-count // size)


@dataclass(frozen=True)
class Pass:
    """A network as a function of its weights: the skeleton's layers and the buffers everybody knows."""

    network: nn.Module
    buffers: Weights
    at_once: int = 0  # images whose gradient is computed together, to bound the memory; 0 for all
    recompute: bool = False  # whether to forget each local step once it is taken, and take it again when asked back

    def of(self, chosen: Int[Tensor, "m"]) -> "Pass":
        """Return the network as some of the images meet it, whose dice are their own."""
        return replace(self, buffers=dice_of(self.network, self.buffers, chosen))

    def logits(self, weights: Weights, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n classes"]:
        """Return what the network answers to the images."""
        return functional_call(self.network, {**weights, **self.buffers}, (images,))

    def loss(
        self, weights: Weights, images: Float[Tensor, "n c h w"], labels: Float[Tensor, "n classes"]
    ) -> Float[Tensor, ""]:
        """Return the mean cross-entropy against class probabilities, and what layers of defences add to it."""
        with divergences(self.network) as further:
            entropy = functional.cross_entropy(self.logits(weights, images), labels)
        return sum(further, entropy)

    def gradient(
        self, weights: Weights, images: Float[Tensor, "n c h w"], labels: Float[Tensor, "n classes"]
    ) -> Update:
        """Return the gradient of the loss with respect to every weight; itself differentiable in images and labels.

        In parts of `at_once` images it is the same where no layer looks at several images together, as batch norm may.
        """
        if not 0 < self.at_once < len(images):
            return grad(self.loss)(weights, images, labels)
        total: Update = {name: torch.zeros_like(tensor) for name, tensor in weights.items()}
        for part in torch.arange(len(images), device=images.device).split(self.at_once):
            update, share = grad(self.of(part).loss)(weights, images[part], labels[part]), len(part) / len(images)
            total = {name: total[name] + share * update[name] for name in total}
        return total

    def local_path(
        self,
        weights: Weights,
        images: Float[Tensor, "n c h w"],
        labels: Float[Tensor, "n classes"],
        *,
        batches: Batches,
        learning_rate: float,
        epochs: int = 1,
    ) -> Path:
        """Return the sum of the gradients met in each epoch: all together (before - after) / learning rate.

        Subtracting weights would lose digits as the learning rate falls; summing gradients does not.
        Source: McMahan et al. 2017, Algorithm 1 (ClientUpdate).
        """
        if len(batches) == 1 and len(batches[0]) == len(images):
            return (self.gradient(weights, images, labels),)
        take = recomputed(self.gradient) if self.recompute else self.gradient
        path: list[Update] = []
        for number, batch in enumerate(batches):
            update = take(weights, images[batch], labels[batch])
            if number % (len(batches) // epochs):
                path[-1] = added(path[-1], update)
            else:
                path.append(update)
            weights = step(weights, update, learning_rate)
        return tuple(path)

    def local_update(
        self,
        weights: Weights,
        images: Float[Tensor, "n c h w"],
        labels: Float[Tensor, "n classes"],
        *,
        batches: Batches,
        learning_rate: float,
    ) -> Update:
        """Return the sum of all gradients met on the way."""
        path = self.local_path(weights, images, labels, batches=batches, learning_rate=learning_rate)
        return added(*path)
