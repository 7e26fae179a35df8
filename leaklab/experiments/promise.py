"""What a chain of defences promises: the epsilon of an accountant where there is one, and the sentences beside it."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from leaklab.evaluation.privacy import epsilon, loose
from leaklab.experiments.protections import named, strength
from leaklab.experiments.scenario import Played
from leaklab.federation.rounds import Federation
from leaklab.protocol.defences import Defence
from leaklab.protocol.defences.guarantee import Exposure, Guarantee

_TOLD = (
    "{}: ε = {:.3g} at δ = {:g} for each {}, by clip norm C = {:g}, noise multiplier σ = {:.3g}, sample rate "
    "q = {:.3g}, {}, and the Rényi (RDP) accountant."
)
_LARGE = (
    "δ = {0:g} is not below 1/n with n = {1}, so one {2} in {1} may be laid open altogether: choose a δ below {3:.3g}."
)
_VAST = 20.0  # e²⁰ is half a billion: odds that let through any certainty
_EMPTY = "An ε of {:.3g} promises nothing to speak of: it is the logarithm of how much surer an attacker may become."
_UNBOUNDED = "{} gives no (ε, δ) guarantee: without a clip nothing bounds what one photograph changes."
_NOISELESS = "{} gives no (ε, δ) guarantee here: a clip without noise promises nothing."
_TOO_LITTLE = "{} gives no (ε, δ) guarantee here: noise of {:g} bounds is too little for any ε that has a meaning."
_SPOILT = "{} gives no (ε, δ) guarantee here: {} uses photographs that its noise does not cover. Leave one of them out."


@dataclass(frozen=True)
class Promise:
    """The smallest epsilon of a chain, None where there is none, and what is to be said of it."""

    epsilon: float | None
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class _Kept:
    """A guarantee that holds, and what an accountant makes of it."""

    epsilon: float
    guarantee: Guarantee
    defence: Defence


def promise(federation: Federation, played: Played, delta: float) -> Promise:
    """Return what a federation's defences promise to each of those who take part, whoever has it worst."""
    return promised(federation, Counter(int(one) for _, secret in played.exchanges for one in secret.client), delta)


def promised(federation: Federation, counts: Counter[int], delta: float) -> Promise:
    """Return the same by the number of photographs of each client."""
    summed = together(federation, counts)
    training = federation.schedule
    exposures = [
        Exposure(count, training.batch_size, training.epochs, federation.rounds, summed)
        for count in sorted(set(counts.values()))
    ]
    found, chain = [], federation.defences
    for number, defence in enumerate(chain):
        given = [guarantee for exposure in exposures if (guarantee := defence.guarantee(exposure))]
        if given and not _spoiler(chain, number):
            worst = max((_Kept(_epsilon(one, delta), one, defence) for one in given), key=lambda kept: kept.epsilon)
            found.append(worst)
    if not found:
        return Promise(None, tuple(_nothing(chain)))
    best = min(found, key=lambda kept: kept.epsilon)
    if math.isinf(best.epsilon):
        return Promise(None, (_TOO_LITTLE.format(named(best.defence), best.guarantee.noise_multiplier),))
    return Promise(best.epsilon, tuple(_told(best, delta)))


def together(federation: Federation, counts: Counter[int]) -> int:
    """Return of how many clients the noise adds up before the attacker sees anything; averages by unequal shares lose.

    A client that looks knows its own noise, and it is no part of this.
    """
    masked = federation.secure_aggregation and federation.clients > 1
    if federation.normalise or (federation.view == "per-client" and not masked):
        return 1
    others = [count for client, count in counts.items() if federation.view != "client" or client != 0]
    return max(1, sum(count**2 for count in others) // max(others) ** 2)


def _epsilon(guarantee: Guarantee, delta: float) -> float:
    return epsilon(
        noise_multiplier=guarantee.noise_multiplier, sample_rate=guarantee.sample_rate, steps=guarantee.steps,
        delta=delta,
    )  # fmt: skip


def _told(kept: _Kept, delta: float) -> Iterator[str]:
    given = kept.guarantee
    steps = f"{given.steps} step{'s' if given.steps > 1 else ''}"
    yield _TOLD.format(
        named(kept.defence), kept.epsilon, delta, given.protects, kept.defence.bound, given.noise_multiplier,
        given.sample_rate, steps,
    )  # fmt: skip
    if kept.epsilon > _VAST:
        yield _EMPTY.format(kept.epsilon)
    if loose(delta, given.units):
        yield _LARGE.format(delta, given.units, given.protects, 1 / given.units)


def _nothing(chain: tuple[Defence, ...]) -> Iterator[str]:
    """Yield why noise is no promise, where there is some that might be taken for one."""
    for number, defence in enumerate(chain):
        if defence.strength == "sigma" and strength(defence) > 0:
            yield _UNBOUNDED.format(named(defence))
        elif defence.strength == "noise_multiplier":
            spoiler = _spoiler(chain, number) if strength(defence) > 0 else None
            yield _SPOILT.format(named(defence), named(spoiler)) if spoiler else _NOISELESS.format(named(defence))


def _spoiler(chain: tuple[Defence, ...], number: int) -> Defence | None:
    """Return a defence that lets photographs past the noise of a local step, where there is one."""
    if chain[number].place != "local step":
        return None
    mixing = [defence for defence in chain if defence.place == "photographs" and strength(defence) > 1]
    later = [defence for defence in chain[number + 1 :] if defence.place == "local step" and strength(defence) > 0]
    return next(iter(mixing + later), None)
