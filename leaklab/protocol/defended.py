"""Local steps under a chain of defences: by a client who has the dice, and by somebody who only knows of them."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from leaklab.protocol.defences import Defence
from leaklab.protocol.defences.contract import Gradient, Imitation
from leaklab.protocol.training import Pass
from leaklab.protocol.updates import Update, Weights


@dataclass(frozen=True)
class Defended(Pass):
    """A network whose every local step is changed by a client's defences."""

    defences: tuple[Defence, ...] = ()
    generator: torch.Generator = field(default_factory=torch.Generator)  # the client's dice

    def gradient(
        self, weights: Weights, images: Float[Tensor, "n c h w"], labels: Float[Tensor, "n classes"]
    ) -> Update:
        """Return what stands for the gradient of one local step; the first defence works closest to the photographs."""
        forward = Pass(self.network, self.buffers, self.at_once, self.recompute)
        for defence in self.defences:
            forward = defence.drawn(forward, len(images), self.generator)
        gradient: Gradient = Pass.gradient
        for defence in self.defences:
            gradient = defence.trained(gradient, self.generator)
        return gradient(forward, weights, images, labels)


@dataclass(frozen=True)
class Imitated(Pass):
    """The same by somebody who knows of the defences and has seen an update, but has no dice."""

    ways: tuple[Imitation, ...] = ()

    @classmethod
    def of(cls, forward: Pass, defences: tuple[Defence, ...], seen: Update) -> "Imitated":
        """Return a network as somebody trains it who reckons with some defences."""
        ways = tuple(defence.imitated(forward.network, seen) for defence in defences)
        return cls(forward.network, forward.buffers, forward.at_once, forward.recompute, ways)

    def gradient(
        self, weights: Weights, images: Float[Tensor, "n c h w"], labels: Float[Tensor, "n classes"]
    ) -> Update:
        """Return what would stand for the gradient of one local step, as far as it can be known."""
        gradient: Gradient = Pass.gradient
        for way in self.ways:
            gradient = way(gradient)
        return gradient(Pass(self.network, self.buffers, self.at_once, self.recompute), weights, images, labels)
