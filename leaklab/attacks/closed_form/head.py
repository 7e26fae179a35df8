"""Linear layers undone: their input, exactly, from the gradient; and at the head the gradient of the logits first."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from leaklab.attacks.snapshot import Solve
from leaklab.settings import Refusal

_LONGEST = 2**0.5  # no vector p - y is longer
_GRID = np.geomspace(1e-9, _LONGEST, 400)


def linear_input(
    name: str, gradient: Float[Tensor, "o f"], arriving: Float[Tensor, "o"]
) -> tuple[Float[Tensor, "f"], Solve]:
    """Return a linear layer's input from the gradient of its weights, which is arriving times input.

    Raises: Refusal, when nothing arrives.
    """
    power = arriving.square().sum()
    if not power > 0:
        raise Refusal(
            f"No gradient arrives at layer {name}, so that nothing follows about what entered it: "
            "take another photograph, fresh weights, or a defence that sends something of this layer."
        )
    found = gradient.T @ arriving / power
    rest = (gradient - arriving[:, None] * found).norm() / gradient.norm().clamp_min(torch.finfo(gradient.dtype).tiny)
    return found, Solve(name, len(found), gradient.numel(), len(found), 1.0, float(rest))


def logit_gradient(
    weight: Float[Tensor, "c f"],
    gradient: Float[Tensor, "c f"],
    bias: Float[Tensor, "c"] | None,
    bias_gradient: Float[Tensor, "c"] | None,
    label: int,
) -> Float[Tensor, "c"]:
    """Return the gradient of the loss with respect to the logits, p - y.

    It is the bias's gradient. Without a bias its direction u is the left singular vector of the weights' gradient, and
    its length s the root of softmax(W a(s)) - y = s u with the input a(s) = Gᵀu / s: one equation in one number.

    Raises: Refusal, when no length solves it.
    """
    from scipy.optimize import brentq

    if bias_gradient is not None:
        return bias_gradient
    left, values, right = torch.linalg.svd(gradient, full_matrices=False)
    direction, features = left[:, 0], right[0] * values[0]
    if direction[label] > 0:
        direction, features = -direction, -features
    logits = weight @ features
    offset = torch.zeros_like(logits) if bias is None else bias
    truth = torch.nn.functional.one_hot(torch.tensor(label), len(logits)).to(logits)

    def gap(length: float) -> Tensor:
        return (logits / length + offset).softmax(0) - truth - length * direction

    def own(length: float) -> float:
        return float(gap(length)[label])

    signs = np.sign([own(length) for length in _GRID])
    crossings = np.nonzero(signs[:-1] * signs[1:] <= 0)[0]
    roots = [brentq(own, _GRID[at], _GRID[at + 1], xtol=1e-16, rtol=1e-15) for at in crossings]
    if not roots:
        raise Refusal(
            "The head has no bias, and no size of its gradient agrees with its weights: "
            "the update is not that of one photograph in one step, or noise was added."
        )
    return direction * min(roots, key=lambda length: float(gap(length).norm()))
