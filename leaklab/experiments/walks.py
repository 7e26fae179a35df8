"""Walks: the weights after each local step, how straight they go, and the plane in which they are seen."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from leaklab.attacks.matching.objective import Objective
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.snapshot import Snapshot
from leaklab.federation.rounds import Exchange
from leaklab.protocol.observation import Observation
from leaklab.protocol.training import Batches
from leaklab.protocol.updates import flatten, step


@dataclass(frozen=True)
class Walk:
    """How far each local step has led from the first weights; the start itself comes first."""

    places: Float[Tensor, "steps numbers"]
    epochs: int

    @property
    def chord(self) -> Float[Tensor, "numbers"]:
        """The straight way from the first weights to the last."""
        return self.places[-1]

    @property
    def ends(self) -> list[float]:
        """One for each place at which an epoch ends, zero for the others."""
        return [float(number > 0 and number % self._each == 0) for number in range(len(self.places))]

    def turned(self, chord: Float[Tensor, "numbers"]) -> float:
        """Return the mean over the epochs of 1 − cos of their way and a chord: 0 is straight, 1 at right angles.

        Source: Jobic et al. 2025, equation 2, averaged.
        """
        ways = functional.normalize(self.places[:: self._each].diff(dim=0), dim=1)
        # Half the squared distance is 1 - cos, without its cancellation near zero.
        return float((ways - functional.normalize(chord, dim=0)).square().sum(1).mean() / 2)

    def apart(self, other: "Walk") -> float:
        """Return how far it is from another one, step by step and in the mean, in lengths of the other's chord."""
        return float((self.places - other.places)[1:].norm(dim=1).mean() / other.chord.norm())

    @property
    def _each(self) -> int:
        return (len(self.places) - 1) // self.epochs


@dataclass(frozen=True)
class Plane:
    """A plane through the first weights: the chord, and a direction across it of the same length."""

    chord: Float[Tensor, "numbers"]
    across: Float[Tensor, "numbers"]

    def seen(self, walk: Walk) -> tuple[list[float], list[float]]:
        """Return where each place of a walk falls, along and across, in lengths of the chord."""
        square = self.chord.square().sum()
        return (walk.places @ self.chord / square).tolist(), (walk.places @ self.across / square).tolist()

    def unseen(self, walk: Walk) -> float:
        """Return how far the steps of a walk lie from the plane, in the mean, in lengths of the chord."""
        beside = _beside(_beside(walk.places, self.chord), self.across)
        return float(beside[1:].norm(dim=1).mean() / self.chord.norm())


def plane(chord: Float[Tensor, "numbers"], *walks: Walk) -> Plane:
    """Return the plane of a chord and of the direction in which the first walk that leaves the chord strays most.

    Where none does, the second direction is none either, and everything lies on the chord.
    """
    for walk in walks:
        beside = _beside(walk.places, chord)
        spread, directions = torch.linalg.svd(beside, full_matrices=False)[1:]
        if spread[0] > torch.finfo(spread.dtype).eps ** 0.5 * chord.norm():
            farthest = beside @ directions[0]
            side = farthest[farthest.abs().argmax()].sign()  # else its sign would be the library's choice
            return Plane(chord, side * chord.norm() * directions[0])
    return Plane(chord, torch.zeros_like(chord))


def taken(exchange: Exchange) -> Walk:
    """Return the walk that a client has taken, in the order that only it knows."""
    observation, secret = exchange
    labels = functional.one_hot(secret.labels, observation.num_classes).to(secret.images)
    return _walked(observation, secret.images, labels, [torch.tensor(batch) for batch in secret.batches])


def imagined(observation: Observation, stage: GradientMatching, objective: Objective, snapshot: Snapshot) -> Walk:
    """Return the walk on which an attack's best guess would have sent the client, in the order the attack takes."""
    best = snapshot.best
    images, labels = objective.split(snapshot.code[best : best + 1])
    return _walked(observation, images[0], labels[0], stage.dummy_update.batches(observation))


def _walked(
    observation: Observation, images: Float[Tensor, "m c h w"], labels: Float[Tensor, "m k"], batches: Batches
) -> Walk:
    training, weights = observation.schedule, observation.weights
    moved = [torch.zeros_like(flatten(weights))]
    for batch in batches:
        update = observation.forward.gradient(weights, images[batch], labels[batch])
        weights = step(weights, update, training.learning_rate)
        # Summed rather than read from the weights, of which a small step changes the last digits only.
        moved.append(moved[-1] - training.learning_rate * flatten(update))
    return Walk(torch.stack(moved), training.epochs)


def _beside(places: Float[Tensor, "steps numbers"], chord: Float[Tensor, "numbers"]) -> Float[Tensor, "steps numbers"]:
    """Return the part of each place at right angles to a chord."""
    unit = functional.normalize(chord, dim=0)
    return places - (places @ unit)[:, None] * unit
