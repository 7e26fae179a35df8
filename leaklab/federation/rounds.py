"""One round of federated learning, played whole, and what it leaves on each side of the wall."""

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from leaklab.federation.client import Client
from leaklab.federation.partition import even
from leaklab.federation.secret import Secret
from leaklab.federation.server import aggregate
from leaklab.protocol.defences import Defence, GaussianNoise
from leaklab.protocol.observation import Message, Observation, ThreatModel, reveal
from leaklab.protocol.statistics import batch_statistics
from leaklab.protocol.training import Batches, Pass, Schedule
from leaklab.protocol.updates import Update, step
from leaklab.settings import Settings, knob

Exchange = tuple[Observation, Secret]


class Federation(Settings):
    """Who takes part, how they train, what they send, and whether the server looks at each or only at the average."""

    clients: int = knob(1, low=1, high=16, symbol="K", help="How many people take part in this round.")
    images_per_client: int = knob(
        1, low=1, high=32, title="Photographs a client", symbol="n, the batch size",
        help="How many photographs each client trains on; more of them blend in one gradient.",
    )  # fmt: skip
    view: Literal["per-client", "aggregated"] = knob(
        "per-client", title="The attacker sees",
        help="Either each client's own update, or only the average of them all.",
    )  # fmt: skip
    schedule: Schedule = Schedule()
    defences: tuple[Defence, ...] = (GaussianNoise(),)
    normalise: bool = knob(
        False, title="Normalise before averaging", level="advanced",
        help="Scale every client's numbers to the same length before averaging; the average is then no true gradient.",
    )  # fmt: skip
    step_first: bool = knob(
        False, title="Server steps before the attack", level="advanced",
        help="The server moves its weights before attacking, so they no longer match the gradient: a known mistake.",
    )  # fmt: skip
    step_rate: float = knob(
        0.1, low=1e-4, high=10, log=True, title="Server's step", symbol="η of the server", level="advanced",
        help="How far the server moves its weights in that step.",
    )  # fmt: skip

    @property
    def images(self) -> int:
        """How many images the whole round needs."""
        return self.clients * self.images_per_client

    def play(
        self,
        network: nn.Module,
        images: Float[Tensor, "n c h w"],
        labels: Int[Tensor, "n"],
        *,
        num_classes: int,
        threat: ThreatModel,
        generator: torch.Generator,
        public: Float[Tensor, "m c h w"] | None = None,
        at_once: int = 0,
    ) -> list[Exchange]:
        """Let every client train and send, and return what an attacker sees beside what is true.

        One exchange a client when each update is seen, a single one when only the average is. A client computes its
        gradients in parts of `at_once` images.
        """
        weights = {name: tensor.detach().to(images) for name, tensor in network.named_parameters()}
        buffers = {name: _as(images, tensor) for name, tensor in network.named_buffers()}
        held = even(len(images), self.clients)
        whose = torch.repeat_interleave(torch.arange(self.clients), torch.tensor([len(numbers) for numbers in held]))
        forward = Pass(network, buffers, at_once)
        clients = [Client(images[numbers], labels[numbers], self.schedule, self.defences) for numbers in held]
        sent = [client.send(forward, weights, num_classes=num_classes, generator=generator) for client in clients]

        def exchange(update: Update, numbers: Int[Tensor, "held"], orders: list[Batches]) -> Exchange:
            met = batch_statistics(forward, weights, images[numbers]) if threat.batch_statistics else {}
            message = Message(
                network=network, weights=step(weights, update, self.step_rate) if self.step_first else weights,
                buffers=buffers, update=update, image_shape=tuple(images.shape[1:]), num_classes=num_classes,
                num_clients=len(orders), labels=labels[numbers], schedule=self.schedule, defences=self.defences,
                batch_statistics=met, public=public,
            )  # fmt: skip
            return reveal(message, threat), Secret(images[numbers], labels[numbers], whose[numbers], _written(orders))

        if self.view == "per-client":
            return [exchange(update, numbers, [order]) for (update, order), numbers in zip(sent, held, strict=True)]
        average = aggregate(
            [update for update, _ in sent], [len(numbers) for numbers in held], normalise=self.normalise
        )
        # The secret numbers all images in one row, each client's behind those of the one before.
        orders = [[own[batch] for batch in order] for (_, order), own in zip(sent, held, strict=True)]
        return [exchange(average, torch.cat(held), orders)]


def _as(images: Tensor, buffer: Tensor) -> Tensor:
    return buffer.detach().to(images) if buffer.is_floating_point() else buffer.detach().to(images.device)


def _written(orders: list[Batches]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(batch.tolist()) for order in orders for batch in order)
