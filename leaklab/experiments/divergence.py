"""What Lemma 1 of Wilson et al. 2025 speaks of: several clients after local steps, less one that holds all images."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import vjp

from leaklab.protocol.training import Pass
from leaklab.protocol.updates import Update, Weights, added, mean, scaled


@dataclass(frozen=True)
class Shares:
    """The images of every client, as many for each, and their labels as class probabilities."""

    images: Float[Tensor, "k n c h w"]
    labels: Float[Tensor, "k n classes"]

    @property
    def together(self) -> "Shares":
        """All images in the hands of one client."""
        return Shares(self.images.flatten(0, 1)[None], self.labels.flatten(0, 1)[None])


def divergence(
    forward: Pass, weights: Weights, shares: Shares, *, steps: Sequence[int], learning_rate: float
) -> dict[int, Update]:
    """Return δ(τ) = W_fed - W_single after each of some numbers of full-batch steps.

    It is built from updates, since subtracting weights would lose all digits of a difference this small.
    Source: Wilson et al. 2025, equation 8.
    """
    apart, single = (
        _averaged(forward, weights, held, steps=steps, learning_rate=learning_rate)
        for held in (shares, shares.together)
    )
    return {count: scaled(_less(apart[count], single[count]), -learning_rate) for count in steps}


def second_order(forward: Pass, weights: Weights, shares: Shares) -> Update:
    """Return mean(J_k g_k) - J̄ ḡ over the clients' Jacobians and gradients, by products alone.

    By Taylor's expansion δ(τ) = η² τ(τ-1)/2 times this + O(η³). It is the covariance of J and g between the clients:
    in the mean over who holds which images it is (K-1)/N times their covariance between all N images, as Lemma 1 says.
    Source: Wilson et al. 2025, equations 12 to 19, before the expectation.
    """
    one, all_ = (_averaged_products(forward, weights, held) for held in (shares, shares.together))
    return _less(one, all_)


def _averaged(
    forward: Pass, weights: Weights, shares: Shares, *, steps: Sequence[int], learning_rate: float
) -> dict[int, Update]:
    """Return the mean of the clients' updates after each of some numbers of steps, adding up one client at a time."""
    count, most = shares.images.shape[1], max(steps)
    total: dict[int, Update] = {}
    for images, labels in zip(shares.images, shares.labels, strict=True):
        path = forward.local_path(
            weights, images, labels, batches=[torch.arange(count)] * most, learning_rate=learning_rate, epochs=most
        )
        for number, update in enumerate(accumulate(path, added), start=1):
            if number in steps:
                share = scaled(update, 1 / len(shares.images))
                total[number] = added(total[number], share) if number in total else share
    return total


def _averaged_products(forward: Pass, weights: Weights, shares: Shares) -> Update:
    products = []
    for images, labels in zip(shares.images, shares.labels, strict=True):
        with torch.no_grad():  # batch norm's second derivative would keep its graph otherwise
            gradient, product = vjp(lambda at, x=images, y=labels: forward.gradient(at, x, y), weights)
            # The Jacobian of a gradient is symmetric, so that its product from the left is the one from the right.
            products.append(product(gradient)[0])
    return mean(products, [1] * len(products))


def _less(one: Update, other: Update) -> Update:
    return added(one, scaled(other, -1))
