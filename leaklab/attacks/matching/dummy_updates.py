"""What would the client have sent for these images? The attacker's simulation of local training.

Contract: `bind(observation)` returns a function (images (r, n, c, h, w), labels (r, n, k)) -> Update (r, ...), the
same pure local training the clients run; `missing(observation)` returns the sentences that keep it from working.
"""

from collections.abc import Callable
from typing import Annotated, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from leaklab.protocol.observation import Observation
from leaklab.protocol.updates import Update
from leaklab.settings import Settings

Simulate = Callable[[Float[Tensor, "r n c h w"], Float[Tensor, "r n k"]], Update]

_NO_SCHEDULE = (
    "The schedule of local training is needed and the attacker is not told it: "
    "tick 'Local training is told', or choose the dummy update 'fedsgd'."
)


class FedSGD(Settings):
    """One gradient at the weights before training, whatever the client really did.

    Source: Zhu et al. 2019, equation 3.
    """

    kind: Literal["fedsgd"] = "fedsgd"

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working: nothing."""
        return []

    def bind(self, observation: Observation) -> Simulate:
        """Return the simulation of one full-batch gradient."""
        forward, weights = observation.forward, observation.weights
        return _over_restarts(lambda images, labels: forward.gradient(weights, images, labels))


class AveragedGradient(Settings):
    """One gradient at the weights before training, times the number of local steps: drift is ignored.

    Source: Fang et al. 2024, equations 12 and 13.
    """

    kind: Literal["averaged_gradient"] = "averaged_gradient"

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working, as sentences."""
        return [] if observation.schedule else [_NO_SCHEDULE]

    def bind(self, observation: Observation) -> Simulate:
        """Return the simulation of one gradient scaled to all local steps."""
        simulate = FedSGD().bind(observation)
        steps = observation.schedule.steps(_held(observation))
        return lambda images, labels: {name: steps * part for name, part in simulate(images, labels).items()}


class FedAvg(Settings):
    """Every local step, differentiated through; batches in a fixed order, since the true one is not known.

    Source: Geiping et al. 2020, section 6; McMahan et al. 2017, Algorithm 1.
    """

    kind: Literal["fedavg"] = "fedavg"

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working, as sentences."""
        return [] if observation.schedule else [_NO_SCHEDULE]

    def bind(self, observation: Observation) -> Simulate:
        """Return the simulation of the whole local training; at an aggregate, of one client that held all images."""
        forward, weights, schedule = observation.forward, observation.weights, observation.schedule
        size = schedule.batch_size * observation.num_clients
        batches = schedule.model_copy(update={"batch_size": size}).batches(observation.num_images)
        return _over_restarts(
            lambda images, labels: forward.local_update(
                weights, images, labels, batches=batches, learning_rate=schedule.learning_rate
            )
        )


def _held(observation: Observation) -> int:
    return -(-observation.num_images // observation.num_clients)


def _over_restarts(simulate: Simulate) -> Simulate:
    batched = torch.func.vmap(simulate)

    def one_or_many(images: Float[Tensor, "r n c h w"], labels: Float[Tensor, "r n k"]) -> Update:
        if len(images) > 1:
            return batched(images, labels)
        # A single restart needs no vmap, and is faster without.
        return {name: part.unsqueeze(0) for name, part in simulate(images[0], labels[0]).items()}

    return one_or_many


DummyUpdate = Annotated[FedSGD | AveragedGradient | FedAvg, Field(discriminator="kind")]
