"""What a client may do to its update before sending it; every party knows the algorithm, nobody else the dice.

A defence is its own settings; `protect` is applied once to what is sent, and a chain of defences in order.
"""

from typing import Literal

import torch

from leaklab.protocol.updates import Update
from leaklab.settings import Settings, knob


class GaussianNoise(Settings):
    """Independent normal noise on every number of the update: g + N(0, σ²I).

    Source: Zhu et al. 2019, section 5.1. Without clipping and accounting this is not differential privacy.
    """

    kind: Literal["gaussian_noise"] = "gaussian_noise"
    sigma: float = knob(
        0.0, low=0, high=10, log=True, title="Defence noise", symbol="σ: g + N(0, σ²I)",
        help="Random noise each client adds to every number it sends; enough of it hides the photograph.",
    )  # fmt: skip

    def protect(self, update: Update, generator: torch.Generator) -> Update:
        """Return the update with fresh noise added; an exact copy when the noise is zero."""
        if self.sigma == 0:
            return dict(update)
        return {name: tensor + self.sigma * _normal_like(tensor, generator) for name, tensor in update.items()}


Defence = GaussianNoise


def protect(update: Update, defences: tuple[Defence, ...], generator: torch.Generator) -> Update:
    """Return the update after every defence in order."""
    for defence in defences:
        update = defence.protect(update, generator)
    return update


def _normal_like(tensor: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    # Drawn on the CPU, where the generator lives, so that a GPU run meets the same noise.
    return torch.randn(tensor.shape, generator=generator, dtype=torch.float64).to(tensor)
