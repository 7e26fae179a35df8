"""Rounds of federated learning, played whole, and what the last one leaves on each side of the wall."""

from collections.abc import Iterator
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from leaklab.federation import masks
from leaklab.federation.client import Client
from leaklab.federation.exchange import Exchange, Round, Table
from leaklab.federation.partition import Even, Partition
from leaklab.federation.server import aggregate
from leaklab.protocol.defences import Defence, GaussianNoise, rebuilt
from leaklab.protocol.observation import Own, ThreatModel
from leaklab.protocol.training import Pass, Schedule
from leaklab.protocol.updates import Update, Weights, difference, normalised, step
from leaklab.settings import Refusal, Settings, knob

View = Literal["per-client", "aggregated", "client"]

_ALONE = (
    "A client that looks needs other clients: with one alone the change of the global model is its own update. "
    "Choose two clients or more, or let the server look."
)
_NOTHING_OWN = (
    "The client that looks is the first one, and it has no photographs here: choose another partition or seed."
)
_DICE = 0x5EED_D1CE  # sets the dice of defences apart from everything else that a seed draws
_NOT_FINITE = (
    "Client {} sends numbers that are not finite: its training ran away. A learning rate below {:g} or fewer local "
    "steps mend it."
)


class Federation(Settings):
    """Who takes part, how they train, what they send, and who looks at what."""

    clients: int = knob(1, low=1, high=128, log=True, symbol="K", help="How many people take part in this round.")
    images_per_client: int = knob(
        1, low=1, high=64, title="Photographs a client", symbol="n, the batch size",
        help="How many photographs each client trains on, in the mean; more of them blend in one gradient.",
    )  # fmt: skip
    partition: Partition = knob(
        Even(), title="Shares", level="advanced",
        help="Who gets which photographs: all alike, some more than others, each its own classes, or at random.",
    )  # fmt: skip
    view: View = knob(
        "per-client", title="The attacker sees",
        help="The server sees each client's own update, or only the average of them all; another client sees how the "
        "global model changed, which is the average too.",
    )  # fmt: skip
    schedule: Schedule = Schedule()
    rounds: int = knob(
        1, low=1, high=20, level="advanced",
        help="How many rounds are played; the attacker looks at the last one.",
    )  # fmt: skip
    secure_aggregation: bool = knob(
        False, title="Secure aggregation", symbol="n·Δ + Σ masks", level="advanced",
        help="Every two clients agree on a random mask that one adds and the other subtracts: the server's view of one "
        "client is noise, and the sum of all is exact.",
    )  # fmt: skip
    rate_spread: float = knob(
        0.0, low=0, high=0.9, title="Spread of learning rates", symbol="η·(1 ± s)", level="advanced",
        help="How much the clients' learning rates differ: from (1 − s) to (1 + s) of the common one.",
    )  # fmt: skip
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

    def check(self) -> None:
        """Raise when choices contradict each other.

        Raises: Refusal, in a sentence.
        """
        if self.view == "client" and self.clients == 1:
            raise Refusal(_ALONE)
        lacking = [line for defence in self.defences for line in defence.lacking(self.images_per_client)]
        if lacking:
            raise Refusal(" ".join(dict.fromkeys(lacking)))

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
        """Play all rounds and return what an attacker sees of the last one beside what is true.

        One exchange a client when each update is seen, a single one when only the average is. A client computes its
        gradients in parts of `at_once` images.
        Raises: Refusal, when a client diverges, or there is nobody to look.
        """
        self.check()
        network = self.trained_network(network, generator)
        *_, last = self.played(network, images, labels, num_classes=num_classes, generator=generator, at_once=at_once)
        # Masks only say what a server may see of one client: their dice change nothing else.
        seen, average = self._received(last, torch.Generator().manual_seed(0))
        table = Table(last, network, images, labels, num_classes, self.schedule, self.defences, threat, public)
        everybody = list(range(len(last.sent)))
        if self.view == "per-client":
            return [table.exchange(seen[client], [client], self._moved(last, seen[client])) for client in everybody]
        if self.view == "aggregated":
            return [table.exchange(average, everybody, self._moved(last, average))]
        if last.numbers[0] != 0 or len(everybody) == 1:
            raise Refusal(_NOTHING_OWN if last.numbers[0] else _ALONE)
        own = Own(images[last.held[0]], labels[last.held[0]])
        return [table.exchange(self._changed(last.weights, average), everybody, last.weights, own)]

    def trained_network(self, network: nn.Module, generator: torch.Generator) -> nn.Module:
        """Return the network that everybody trains: with the layers that defences put into it.

        Raises: Refusal, when a defence cannot work with it.
        """
        return rebuilt(network, self.defences, _dice(generator, 0))

    def played(
        self,
        network: nn.Module,
        images: Float[Tensor, "n c h w"],
        labels: Int[Tensor, "n"],
        *,
        num_classes: int,
        generator: torch.Generator,
        at_once: int = 0,
    ) -> Iterator[Round]:
        """Play round after round, each from the weights to which the one before has led.

        Raises: Refusal, when a client diverges, or a defence cannot work with its photographs.
        """
        weights = {name: tensor.detach().to(images) for name, tensor in network.named_parameters()}
        buffers = {name: _as(images, tensor) for name, tensor in network.named_buffers()}
        forward, dice = Pass(network, buffers, at_once), _dice(generator, 1)
        shares = list(enumerate(self.partition.split(labels.cpu(), self.clients, generator)))
        held = [(number, share) for number, share in shares if len(share)]
        clients = [Client(images[share], labels[share], self._rate(number), self.defences) for number, share in held]
        for before in range(self.rounds):
            weights = self.after(last) if before else weights
            answers = [
                client.send(forward, weights, num_classes=num_classes, generator=generator, dice=dice)
                for client in clients
            ]
            sent = [self._as_sent(update, number) for (update, _), (number, _) in zip(answers, held, strict=True)]
            orders = [batches for _, batches in answers]
            last = Round(forward, weights, [share for _, share in held], [number for number, _ in held], sent, orders)
            yield last

    def after(self, last: Round) -> Weights:
        """Return the global weights to which a round leads."""
        average = aggregate(last.sent, last.counts, normalise=self.normalise)
        return step(last.weights, average, self.schedule.learning_rate)

    def _received(self, last: Round, generator: torch.Generator) -> tuple[list[Update], Update]:
        """Return what the server sees of each client, and the average that it computes."""
        average = aggregate(last.sent, last.counts, normalise=self.normalise)
        if not self.secure_aggregation:
            return last.sent, average
        sent = [normalised(update) for update in last.sent] if self.normalise else last.sent
        masked = masks.masked(sent, last.counts, generator)
        return masks.seen(masked, last.counts, like=average), masks.mean(masked, last.counts, like=average)

    def _rate(self, client: int) -> Schedule:
        """Return how a client trains: with its own learning rate, where these differ."""
        side = 2 * client / (self.clients - 1) - 1 if self.clients > 1 else 0.0
        rate = self.schedule.learning_rate * (1 + self.rate_spread * side)
        return self.schedule.model_copy(update={"learning_rate": rate})

    def _as_sent(self, update: Update, client: int) -> Update:
        """Return an update by the common learning rate, the only one that the others know of."""
        if not all(bool(tensor.isfinite().all()) for tensor in update.values()):
            raise Refusal(_NOT_FINITE.format(client + 1, self._rate(client).learning_rate))
        factor = self._rate(client).learning_rate / self.schedule.learning_rate
        return update if factor == 1 else {name: factor * tensor for name, tensor in update.items()}

    def _moved(self, last: Round, update: Update) -> Weights:
        """Return the weights from which the server attacks."""
        return step(last.weights, update, self.step_rate) if self.step_first else last.weights

    def _changed(self, weights: Weights, average: Update) -> Update:
        """Return what a client reads from two successive global models."""
        rate = self.schedule.learning_rate
        changed = difference(weights, step(weights, average, rate), rate)
        return {name: tensor.to(average[name]) for name, tensor in changed.items()}


def _dice(generator: torch.Generator, of: int) -> torch.Generator:
    """Return dice that neither disturb a generator nor repeat what it draws."""
    return torch.Generator().manual_seed((generator.initial_seed() ^ _DICE) + of)


def _as(images: Tensor, buffer: Tensor) -> Tensor:
    return buffer.detach().to(images) if buffer.is_floating_point() else buffer.detach().to(images.device)
