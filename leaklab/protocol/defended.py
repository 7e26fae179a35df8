"""Local steps under a chain of defences: by a client who has the dice, or by somebody who only knows of them."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from leaklab.protocol.defences import Defence
from leaklab.protocol.training import Pass
from leaklab.protocol.updates import Update, Weights


@dataclass(frozen=True)
class Defended(Pass):
    """A network whose every local step is changed by defences; `generator` None leaves the dice out."""

    defences: tuple[Defence, ...] = ()
    generator: torch.Generator | None = None

    def gradient(
        self, weights: Weights, images: Float[Tensor, "n c h w"], labels: Float[Tensor, "n classes"]
    ) -> Update:
        """Return what stands for the gradient of one local step; the first defence works closest to the photographs."""
        forward = Pass(self.network, self.buffers, self.at_once, self.recompute)
        if self.generator is not None:
            for defence in self.defences:
                forward = defence.drawn(forward, len(images), self.generator)
        gradient = forward.gradient
        for defence in self.defences:
            gradient = defence.trained(gradient, forward, self.generator)
        return gradient(weights, images, labels)
