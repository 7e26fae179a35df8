"""A client: trains on its own images, protects what it learned, and sends it."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from leaklab.protocol.defences import Defence, protect
from leaklab.protocol.defended import Defended
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
        self, forward: Pass, weights: Weights, *, num_classes: int, generator: torch.Generator, dice: torch.Generator
    ) -> tuple[Update, Batches]:
        """Return the protected update after local training, and the order in which the images were used.

        Defences have dice of their own, so that with and without them everything else is the same.
        Raises: Refusal, when a defence cannot work with these images.
        """
        batches = self.schedule.batches(len(self.images), generator)
        images, targets = self.images, functional.one_hot(self.labels, num_classes).to(self.images)
        for defence in self.defences:
            images, targets = defence.prepare(images, targets, dice)
        defended = Defended(forward.network, forward.buffers, forward.at_once, defences=self.defences, generator=dice)
        update = defended.local_update(
            weights, images, targets, batches=batches, learning_rate=self.schedule.learning_rate
        )
        return protect(update, self.defences, dice), batches
