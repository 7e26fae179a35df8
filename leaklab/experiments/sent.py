"""What defences make of an update: how much of it is left, what was added, its bytes, and what tells of them."""

import math
from dataclasses import dataclass

import torch

from leaklab.attacks.matching.estimating import estimated
from leaklab.experiments.protections import named
from leaklab.experiments.scenario import Played, Scenario
from leaklab.protocol.defences import Defence, parcel
from leaklab.protocol.defences.parcel import Parcel
from leaklab.protocol.observation import Observation
from leaklab.protocol.updates import Update, flatten

_DOUBLE, _SINGLE = 1e-13, 8  # of the lengths compared here, and in last digits of the numbers that were sent

_MADE_OUT = {
    "precode": "a layer with dice in the network, behind which nothing can be read",
    "sign": "that only signs were sent",
    "top_k": "that {0.left_out:.0%} of the numbers were left out",
    "random_k": "that {0.left_out:.0%} of the numbers were left out",
    "soteria": "that {0.rate:.0%} of the last layer's features were silenced",
    "clip": "a clip to the length {0.bound:.3g}",
    "dp_sgd": "a clip of every photograph's gradient to the length {0.bound:.3g}",
}


@dataclass(frozen=True)
class Sent:
    """The updates that are seen, beside those that would have been without defences."""

    signal: float  # length of what lies along the undefended update
    noise: float  # length of what is at right angles to it
    bytes: int  # of one client
    plain_bytes: int

    @property
    def is_zero(self) -> bool:
        """Whether nothing at all is sent."""
        return self.signal == self.noise == 0

    @property
    def ratio(self) -> float:
        """The noise in units of the signal; not a number where there is neither."""
        if self.signal == 0:
            return math.inf if self.noise > 0 else math.nan
        return self.noise / self.signal


def without_dice(chain: tuple[Defence, ...]) -> tuple[Defence, ...]:
    """Return what a chain is where nobody defends: only the layers that it puts into everybody's network."""
    return tuple(
        defence.model_copy(update={defence.strength: 0.0}) for defence in chain if defence.place == "network"
    )  # fmt: skip


def sent(scenario: Scenario, defended: Played, undefended: Played) -> Sent:
    """Return what a scenario's defences make of its updates; lengths are added up over all clients that are seen."""
    both = zip(undefended.exchanges, defended.exchanges, strict=True)
    parts = [decomposed(plain.update, made.update) for (plain, _), (made, _) in both]
    signal, noise = (sum(lengths) for lengths in zip(*parts, strict=True))
    observation, _ = defended.exchanges[0]
    network = scenario.network.skeleton(observation.image_shape, observation.num_classes)
    plain = Parcel.of(dict(network.named_parameters()))
    return Sent(signal, noise, parcel(observation.update, scenario.federation.defences).bytes, plain.bytes)


def decomposed(undefended: Update, made: Update) -> tuple[float, float]:
    """Return how long an update is along an undefended one, and at right angles to it; what is rounding is nothing."""
    plain = flatten({name: tensor.detach().cpu().double() for name, tensor in undefended.items()})
    seen = flatten({name: made[name].detach().cpu().double() for name in undefended})
    unit = plain / plain.norm().clamp_min(torch.finfo(plain.dtype).tiny)
    along = seen @ unit
    across = float((seen - along * unit).norm())
    rounding = _DOUBLE + _SINGLE * torch.finfo(next(iter(made.values())).dtype).eps
    return float(along.abs()), across if across > rounding * float(seen.norm()) else 0.0


def made_out(observation: Observation) -> str:
    """Return in words which defences an attacker makes out of what it sees; empty where it makes out none."""
    words = [_MADE_OUT.get(found.kind, named(found)).format(found) for found in estimated(observation)]
    return " and ".join(words)
