"""Arithmetic on named tensors: a network's weights, and the update a client sends.

The convention of the whole house: update = (weights before - weights after) / learning rate, which for one
full-batch step is the gradient itself.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

Weights = dict[str, Tensor]
Update = dict[str, Tensor]


def flatten(update: Update) -> Float[Tensor, "numbers"]:
    """Return every number of an update in one row, in the order of its names."""
    return torch.cat([tensor.reshape(-1) for tensor in update.values()])


def norm(update: Update) -> Float[Tensor, ""]:
    """Return the Euclidean length of an update over all its tensors."""
    return torch.linalg.vector_norm(flatten(update))


def mean(updates: Sequence[Update], counts: Sequence[int]) -> Update:
    """Return the average of several updates, each weighted by its number of images (McMahan et al. 2017, Alg. 1)."""
    total = sum(counts)
    shares = [count / total for count in counts]
    return {
        name: sum(share * update[name] for share, update in zip(shares, updates, strict=True)) for name in updates[0]
    }


def added(*updates: Update) -> Update:
    """Return the sum of one or more updates; one alone is handed through, and not copied."""
    first, *others = updates
    return {name: sum((update[name] for update in others), tensor) for name, tensor in first.items()}


def scaled(update: Update, factor: float) -> Update:
    """Return every number of an update times a factor."""
    return {name: factor * tensor for name, tensor in update.items()}


def difference(before: Weights, after: Weights, learning_rate: float) -> Update:
    """Return the update that leads from some weights to others, subtracted in double precision and kept so.

    Source: Wilson et al. 2025, equation 3, with the sign and scale of (before - after) / learning rate.
    """
    return {name: (tensor.double() - after[name].double()) / learning_rate for name, tensor in before.items()}


def step(weights: Weights, update: Update, learning_rate: float) -> Weights:
    """Return the weights after one descent along an update."""
    return {name: tensor - learning_rate * update[name] for name, tensor in weights.items()}


def normalised(update: Update) -> Update:
    """Return the update with every tensor scaled to length one; a tensor of zeros stays as it is."""
    return {name: tensor / tensor.norm().clamp_min(1e-12) for name, tensor in update.items()}
