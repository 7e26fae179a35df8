"""What one round leaves behind, and the passage of a part of it through the wall."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from leaklab.federation.secret import Secret
from leaklab.protocol.defences import Defence
from leaklab.protocol.observation import Message, Observation, Orders, Own, ThreatModel, reveal
from leaklab.protocol.statistics import batch_statistics
from leaklab.protocol.training import Batches, Pass, Schedule
from leaklab.protocol.updates import Update, Weights

Exchange = tuple[Observation, Secret]


@dataclass(frozen=True)
class Round:
    """One round as nobody sees it: the weights before, and who held, did and sent what."""

    forward: Pass
    weights: Weights
    held: list[Int[Tensor, "_"]]  # numbers of the images of each client that takes part
    numbers: list[int]  # of those clients
    sent: list[Update]
    orders: list[Batches]  # in each client's own counting

    @property
    def counts(self) -> tuple[int, ...]:
        """How many images each client has."""
        return tuple(len(numbers) for numbers in self.held)


@dataclass(frozen=True)
class Table:
    """A round and all that is true of it, before the threat model decides what an attacker gets."""

    last: Round
    network: nn.Module
    images: Float[Tensor, "n c h w"]
    labels: Int[Tensor, "n"]
    num_classes: int
    schedule: Schedule
    defences: tuple[Defence, ...]
    threat: ThreatModel
    public: Float[Tensor, "m c h w"] | None

    def exchange(self, update: Update, whose: list[int], weights: Weights, own: Own | None = None) -> Exchange:
        """Return what an attacker gets who sees an update of some of the clients, beside what is true of it."""
        last, images = self.last, self.images
        numbers = torch.cat([last.held[client] for client in whose])
        counts = tuple(last.counts[client] for client in whose)
        orders = _in_one_row([last.orders[client] for client in whose], counts)
        told = self.threat.batch_statistics
        message = Message(
            network=self.network, weights=weights, buffers=last.forward.buffers, update=update,
            image_shape=tuple(images.shape[1:]), num_classes=self.num_classes, num_clients=len(whose),
            labels=self.labels[numbers], schedule=self.schedule, defences=self.defences, counts=counts, order=orders,
            batch_statistics=batch_statistics(last.forward, last.weights, images[numbers]) if told else {},
            public=self.public, own=own,
        )  # fmt: skip
        client = torch.cat([torch.full_like(last.held[one], last.numbers[one]) for one in whose])
        secret = Secret(images[numbers], self.labels[numbers], client, sum(orders, ()))
        return reveal(message, self.threat), secret


def _in_one_row(orders: list[Batches], counts: tuple[int, ...]) -> Orders:
    """Return each client's batches with the numbers its images have behind those of the clients before."""
    starts = [sum(counts[:client]) for client in range(len(counts))]
    return tuple(
        tuple(tuple((start + batch).tolist()) for batch in order)
        for start, order in zip(starts, orders, strict=True)
    )  # fmt: skip
