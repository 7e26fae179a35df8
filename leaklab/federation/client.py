"""A client: trains on its own images, protects what it learned, and sends it."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from leaklab.protocol.defences import Defence, protect
from leaklab.protocol.training import Batches, Pass, Schedule
from leaklab.protocol.updates import Update, Weights


@dataclass(frozen=True)
class Client:
    """One participant and the images only it holds."""

    images: Float[Tensor, "n c h w"]
    labels: Int[Tensor, "n"]
    schedule: Schedule
    defences: tuple[Defence, ...]

    def send(
        self, forward: Pass, weights: Weights, *, num_classes: int, generator: torch.Generator
    ) -> tuple[Update, Batches]:
        """Return the protected update after local training, and the order in which the images were used."""
        batches = self.schedule.batches(len(self.images), generator)
        targets = functional.one_hot(self.labels, num_classes).to(self.images)
        update = forward.local_update(
            weights, self.images, targets, batches=batches, learning_rate=self.schedule.learning_rate
        )
        return protect(update, self.defences, generator), batches
