"""What would the clients have sent for these images? The attacker's simulation of local training.

Contract: `bind(observation)` returns a function (images (r, m, c, h, w), labels (r, m, k)) -> path: one update (r, ...)
an epoch, by the same pure local training the clients run; all together are what would have been sent. The network may
be given as one whose local steps are changed by defences, or forgotten and taken again.
`missing(observation)` returns the sentences that keep it from working; `batches(observation)` says which images go
through each local step; `copies(observation)` how many sets of images are searched, m = copies x n, and
`merged(images, observation)` makes one set of them.
"""

from collections.abc import Callable
from typing import Annotated, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from leaklab.attacks.matching.merging import Merging, merged
from leaklab.protocol.observation import Observation
from leaklab.protocol.training import Batches, Pass, Path
from leaklab.protocol.updates import scaled
from leaklab.settings import Settings, knob

Simulate = Callable[[Float[Tensor, "r m c h w"], Float[Tensor, "r m k"]], Path]

_NO_SCHEDULE = (
    "Local epochs, batch size and learning rate are needed and the attacker is not told all of them: tick them under "
    "what it is told, or choose the dummy update 'fedsgd'."
)
_NO_STEPS = (
    "The number of local steps is needed and the attacker is told neither epochs nor batch size or not both: tick "
    "them under what it is told, or choose the dummy update 'fedsgd'."
)
_NO_COUNTS = (
    "To imitate every client on its own the attacker must know how many photographs each has: tick 'Each client's "
    "share is told', or choose the dummy update 'super_client'."
)


class _Imitation(Settings):
    """What most dummy updates have in common: one set of images, and no wish."""

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working, as sentences."""
        return []

    def copies(self, observation: Observation) -> int:
        """Return how many sets of images are searched."""
        return 1

    def merged(self, images: Float[Tensor, "r m c h w"], observation: Observation) -> Float[Tensor, "r n c h w"]:
        """Return one set of images for all that were searched."""
        return images

    def batches(self, observation: Observation) -> Batches:
        """Return the images that go through each local step."""
        return [torch.arange(observation.num_images)]


class FedSGD(_Imitation):
    """One gradient at the weights before training, whatever the client really did.

    Source: Zhu et al. 2019, equation 3.
    """

    kind: Literal["fedsgd"] = "fedsgd"

    def bind(self, observation: Observation, forward: Pass | None = None) -> Simulate:
        """Return the simulation of one full-batch gradient."""
        forward, weights = forward or observation.forward, observation.weights
        return _over_restarts(lambda images, labels: (forward.gradient(weights, images, labels),))


class AveragedGradient(_Imitation):
    """One gradient at the weights before training, times the number of local steps: drift is ignored.

    The same as one step of FedSGD at the learning rate of all steps together.
    Source: Fang et al. 2024, equations 12 and 13 (AGA); Geng et al. 2021.
    """

    kind: Literal["averaged_gradient"] = "averaged_gradient"

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working, as sentences."""
        return [_NO_STEPS] if observation.local_steps is None else []

    def bind(self, observation: Observation, forward: Pass | None = None) -> Simulate:
        """Return the simulation of one gradient scaled to all local steps."""
        simulate, steps = FedSGD().bind(observation, forward), observation.local_steps
        return lambda images, labels: tuple(scaled(part, steps) for part in simulate(images, labels))


class _Stepwise(_Imitation):
    """Every local step, differentiated through."""

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working, as sentences."""
        return [] if observation.schedule else [_NO_SCHEDULE]

    def batches(self, observation: Observation) -> Batches:
        """Return the images that go through each step of one client that holds all of them: told, or in a row."""
        return _of_one(observation)

    def bind(self, observation: Observation, forward: Pass | None = None) -> Simulate:
        """Return the simulation of the whole local training."""
        forward, weights = forward or observation.forward, observation.weights
        batches, training = self.batches(observation), observation.schedule
        return _over_restarts(
            lambda images, labels: forward.local_path(
                weights, images, labels, batches=batches, learning_rate=training.learning_rate, epochs=training.epochs
            )
        )


class FedAvg(_Stepwise):
    """Every local step on one set of images; batches as they were where that is told, in a fixed order otherwise.

    At an average it is what `super_client` is. Source: Geiping et al. 2020, section 6; McMahan et al. 2017, Alg. 1.
    """

    kind: Literal["fedavg"] = "fedavg"


class SuperClient(_Stepwise):
    """One client that holds the images of all: it takes as many steps as each of them, on as many more images.

    Exact for one step, and for one client; Lemma 1 of the source says how fast it drifts off with more.
    Source: Wilson et al. 2025, equation 3.
    """

    kind: Literal["super_client"] = "super_client"


class FedAvgEpoch(_Stepwise):
    """Every local step, each epoch on a set of images of its own: order no longer matters, and images can disagree.

    Source: Dimitrov et al. 2022, section 4; the sets are paired with the first by optimal assignment and averaged.
    """

    kind: Literal["fedavg_epoch"] = "fedavg_epoch"
    merging: Merging = knob(
        "mean", title="Merging of epochs", level="advanced",
        help="Whether the epochs' pictures of one photograph are all averaged, or only those that agree (in the style "
        "of TGIAs-RO).",
    )  # fmt: skip

    def copies(self, observation: Observation) -> int:
        """Return one set of images an epoch."""
        return observation.epochs or 1

    def batches(self, observation: Observation) -> Batches:
        """Return the images of each step, each epoch's behind those of the one before."""
        flat, count = _of_one(observation), observation.num_images
        an_epoch = len(flat) // self.copies(observation)
        return [count * (step // an_epoch) + batch for step, batch in enumerate(flat)]

    def merged(self, images: Float[Tensor, "r m c h w"], observation: Observation) -> Float[Tensor, "r n c h w"]:
        """Return what the epochs' images have in common."""
        return merged(images.unflatten(1, (self.copies(observation), observation.num_images)), self.merging)


class Clients(_Stepwise):
    """Every client on its own, then their weighted average: what an attacker could do who knew whose images are whose.

    Source: Wilson et al. 2025, appendix F, an upper bound for the super-client.
    """

    kind: Literal["clients"] = "clients"

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working, as sentences."""
        known = observation.num_clients == 1 or observation.counts is not None
        return super().missing(observation) + ([] if known else [_NO_COUNTS])

    def bind(self, observation: Observation, forward: Pass | None = None) -> Simulate:
        """Return the simulation of all clients."""
        forward, weights = forward or observation.forward, observation.weights
        training, total = observation.schedule, observation.num_images
        everybody = _of_each(observation)

        def paths(images: Tensor, labels: Tensor) -> Path:
            found = [
                forward.local_path(
                    weights, images, labels, batches=own, learning_rate=training.learning_rate, epochs=training.epochs
                )
                for own in everybody
            ]
            shares = [len(torch.cat(own).unique()) / total for own in everybody]
            return tuple(_mean(parts, shares) for parts in zip(*found, strict=True))

        return _over_restarts(paths)

    def batches(self, observation: Observation) -> Batches:
        """Return the images of every step of every client."""
        return [batch for own in _of_each(observation) for batch in own]


def _of_one(observation: Observation) -> Batches:
    if observation.order is not None and len({len(own) for own in observation.order}) == 1:
        # What the clients did at the same time, one that holds all their images does in one step.
        return [torch.tensor(sum(together, ())) for together in zip(*observation.order, strict=True)]
    training = observation.schedule
    size = training.batch_size * observation.num_clients
    return training.model_copy(update={"batch_size": size}).batches(observation.num_images)


def _of_each(observation: Observation) -> list[Batches]:
    if observation.order is not None:
        return [[torch.tensor(batch) for batch in own] for own in observation.order]
    counts = observation.counts or (observation.num_images,)
    starts = [sum(counts[:client]) for client in range(len(counts))]
    return [
        [start + batch for batch in observation.schedule.batches(count)]
        for start, count in zip(starts, counts, strict=True)
    ]


def _mean(parts, shares):
    return {name: sum(share * part[name] for share, part in zip(shares, parts, strict=True)) for name in parts[0]}


def _over_restarts(simulate: Callable[[Tensor, Tensor], Path]) -> Simulate:
    batched = torch.func.vmap(simulate)

    def one_or_many(images: Float[Tensor, "r m c h w"], labels: Float[Tensor, "r m k"]) -> Path:
        if len(images) > 1:
            return batched(images, labels)
        # A single restart needs no vmap, and is faster without.
        path = simulate(images[0], labels[0])
        return tuple({name: part.unsqueeze(0) for name, part in update.items()} for update in path)

    return one_or_many


DummyUpdate = Annotated[
    FedSGD | AveragedGradient | FedAvg | FedAvgEpoch | SuperClient | Clients, Field(discriminator="kind")
]
