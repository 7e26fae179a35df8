"""What every defence does, in plain words: where in a client's work it stands, and what becomes of the update."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from leaklab.protocol.defences import Defence
from leaklab.protocol.defences.clipping import DPSGD, Clip
from leaklab.protocol.defences.contract import Place
from leaklab.protocol.defences.dropping import Dropout
from leaklab.protocol.defences.mixing import InstaHide, Mixup
from leaklab.protocol.defences.noise import GaussianNoise, LaplaceNoise
from leaklab.protocol.defences.precode import PRECODE
from leaklab.protocol.defences.pruning import RandomK, TopK
from leaklab.protocol.defences.quantising import QSGD, Sign, Uniform
from leaklab.protocol.defences.soteria import Soteria


@dataclass(frozen=True)
class Effect:
    """What one defence does: `told` goes on after "trains on its photographs" or "sends its update"."""

    told: str  # empty where its settings leave everything as it is
    short: str = ""  # the same for a drawing, without the noise
    noisy: bool = False  # whether noise is added to what is sent


def effects(defences: tuple[Defence, ...], *places: Place) -> Iterator[Effect]:
    """Yield what each defence of a chain does, in order, but for those that do nothing or stand at another place."""
    for defence in defences:
        effect = _SAID[type(defence)](defence)
        if effect.told and (not places or defence.place in places):
            yield effect


def told(defences: tuple[Defence, ...], *places: Place) -> list[str]:
    """Return the words of each defence of a chain that does something at one of the places, or at any."""
    return [effect.told for effect in effects(defences, *places)]


def noisy(defences: tuple[Defence, ...]) -> bool:
    """Tell whether a chain adds noise to what is sent."""
    return any(effect.noisy for effect in effects(defences))


def _share(part: float) -> str:
    return f"{round(100 * part, 6):.3g}%"


def _gaussian(defence: GaussianNoise) -> Effect:
    return Effect("with noise added" if defence.sigma else "", noisy=True)


def _laplace(defence: LaplaceNoise) -> Effect:
    return Effect("with Laplace noise added" if defence.sigma else "", noisy=True)


def _clip(defence: Clip) -> Effect:
    noise = " with noise" if defence.noise_multiplier else ""
    return Effect(f"shortened to length {defence.bound:g}{noise}", "clipped", noisy=bool(noise))


def _dp_sgd(defence: DPSGD) -> Effect:
    noise = " and noise in each step" if defence.noise_multiplier else ""
    said = f"with each photograph's gradient shortened to length {defence.bound:g}{noise}"
    return Effect(said, "each gradient clipped", noisy=bool(noise))


def _top_k(defence: TopK) -> Effect:
    return _cut(defence.left_out, "the largest {} of its numbers", "largest {}")


def _random_k(defence: RandomK) -> Effect:
    return _cut(defence.left_out, "{} of its numbers at random", "random {}")


def _cut(left_out: float, told: str, short: str) -> Effect:
    if left_out == 1:
        return Effect("cut to nothing", "nothing")
    kept = _share(1 - left_out)
    return Effect(f"cut to {told.format(kept)}", short.format(kept)) if left_out else Effect("")


def _qsgd(defence: QSGD) -> Effect:
    levels = f"{defence.levels} level" + "s" * (defence.levels > 1)
    return Effect(f"rounded to {levels} by dice", levels)


def _uniform(defence: Uniform) -> Effect:
    return Effect(f"rounded to {defence.bits} bits a number", f"{defence.bits} bits")


def _sign(defence: Sign) -> Effect:
    return Effect("reduced to its signs", "signs")


def _soteria(defence: Soteria) -> Effect:
    which = "all" if defence.rate == 1 else f"the most telling {_share(defence.rate)}"
    said = f"with {which} of the last features silenced"
    return Effect(said, f"{_share(defence.rate)} of features silent") if defence.rate else Effect("")


def _precode(defence: PRECODE) -> Effect:
    dice = " with dice" * (defence.scale > 0)
    return Effect(f"through a bottleneck{dice}", f"a bottleneck{dice}")


def _dropout(defence: Dropout) -> Effect:
    out = _share(defence.rate)
    said = f"with {out} of the last features left out at random"
    return Effect(said, f"{out} of features dropped") if defence.rate else Effect("")


def _mixup(defence: Mixup) -> Effect:
    mixed = f"mixed {defence.mixed} at a time"
    return Effect(mixed, mixed) if defence.mixed > 1 else Effect("")


def _instahide(defence: InstaHide) -> Effect:
    mixed = [_mixup(defence).told] * (defence.mixed > 1)
    return Effect(" and ".join([*mixed, "with pixels turned over by dice"]), ", ".join([*mixed, "pixels turned over"]))


_SAID: dict[type, Callable[[Any], Effect]] = {
    GaussianNoise: _gaussian, LaplaceNoise: _laplace, Clip: _clip, DPSGD: _dp_sgd, TopK: _top_k, RandomK: _random_k,
    QSGD: _qsgd, Uniform: _uniform, Sign: _sign, Soteria: _soteria, PRECODE: _precode, Dropout: _dropout,
    Mixup: _mixup, InstaHide: _instahide,
}  # fmt: skip
