"""What methods need of a network, and what they take for granted of an update, in sentences."""

import torch
from jaxtyping import Float
from torch import Tensor

from leaklab.attacks.labels.head import Head, has_bias, local_steps, non_negative
from leaklab.protocol.observation import Observation

_LEFT_OVER = 1e-3  # of the gradient's length; rounding leaves a thousandth of that
_STEADY = 0.2  # untrained networks stay below a tenth, trained ones are above a half


def bias(observation: Observation, method: str) -> list[str]:
    """Return a sentence when the last layer has no bias."""
    if has_bias(observation.network):
        return []
    return [
        f"{method} reads the gradient of the last layer's bias, and this network's last layer has none: "
        "choose 'llg' or 'geng', which read its weights, or a network with a bias."
    ]


def signs(observation: Observation, method: str) -> list[str]:
    """Return a sentence when features can be negative."""
    if non_negative(observation.network, observation.image_shape):
        return []
    return [
        f"{method} reads signs, which say something only when what enters the last layer is never negative, and here "
        "it can be: choose 'bias_corrected', 'alr' or 'ilrg', or a network whose last activation is ReLU or sigmoid."
    ]


def disturbed(observation: Observation, seen: Head) -> list[str]:
    """Return sentences on what was done to the gradient: noise, several local steps, or that nothing is left of it."""
    steps, rows = local_steps(observation), seen.weight_gradient
    lines = []
    if observation.local_steps is None:
        lines.append("How many local steps were taken is not told: one is assumed.")
    if steps > 1:
        lines.append(f"{steps:g} local steps moved the weights: their mean gradient is read as if they had not moved.")
    if not rows.any():
        lines.append("Every number of the last layer's weight gradient is zero, as if nothing had been sent of it.")
    left = float(rows.sum(0).norm() / rows.norm().clamp_min(torch.finfo(rows.dtype).tiny))
    if left > _LEFT_OVER:
        lines.append(
            f"The rows of the last layer's gradient ought to cancel, and {left:.1%} of its length is left over: "
            "something was added to it or taken away, such as noise."
        )
    return lines


def crowded(observation: Observation, method: str) -> list[str]:
    """Return a sentence when there are so many images that classes with few of them have a positive gradient."""
    if observation.num_images <= observation.num_classes:
        return []
    return [
        f"{method} looks for negative gradients, and with more photographs than classes those of classes with few "
        "photographs are positive: it overlooks them."
    ]


def unsteady(answers: Float[Tensor, "m c"], method: str) -> list[str]:
    """Return a sentence when the network answers different inputs differently, as a trained one does."""
    spread = float((answers - answers.mean(0)).abs().sum(1).mean()) / 2
    if spread <= _STEADY:
        return []
    return [
        f"{method} takes the network's answers to be alike for all photographs, as they are before training; "
        f"here they differ from their mean by {spread:.0%}."
    ]
