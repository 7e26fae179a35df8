"""Protections: every defence by one strength alone, so that all of them can be laid beside each other."""

import math
from dataclasses import dataclass

from leaklab.protocol.defences import Defence
from leaklab.protocol.defences.clipping import DPSGD, Clip
from leaklab.protocol.defences.contract import Hooks
from leaklab.protocol.defences.dropping import Dropout
from leaklab.protocol.defences.mixing import InstaHide, Mixup
from leaklab.protocol.defences.noise import GaussianNoise, LaplaceNoise
from leaklab.protocol.defences.precode import PRECODE
from leaklab.protocol.defences.pruning import RandomK, TopK
from leaklab.protocol.defences.quantising import QSGD, Sign, Uniform
from leaklab.protocol.defences.soteria import Soteria
from leaklab.settings import Refusal

_NO_BOUND = (
    "{}: the bound to clip to, {:g}, is not allowed: choose a number from {:g} to {:g}; clipped to 0 an update is "
    "nothing, and nobody learns."
)


@dataclass(frozen=True)
class Protection:
    """A defence with a single strength; a switch is one whose lowest strength is its highest."""

    key: str
    title: str
    part: type[Hooks]
    grid: tuple[float, ...]  # strengths to compare, the weakest first
    unit: str  # what the strength is a number of
    low: float
    high: float
    off: float | None = None  # the strength at which nothing is done; None where there is none
    whole: bool = False  # whether only whole numbers make sense

    @property
    def clips(self) -> bool:
        """Whether it clips to a bound, beside which its strength counts."""
        return "bound" in self.part.model_fields

    def defences(self, strength: float, bound: float = 1.0) -> tuple[Defence, ...]:
        """Return the chain of this defence at a strength, none where it is off; `bound` is for those that clip.

        Raises: Refusal, when the strength or the bound is not allowed.
        """
        self._check(strength)
        if self._is_off(strength):
            return ()
        knobs = {} if self.low == self.high else {self.part.strength: int(strength) if self.whole else float(strength)}
        return (self.part.read(knobs | ({"bound": self._checked(bound)} if self.clips else {})),)

    def _is_off(self, strength: float) -> bool:
        return self.off is not None and 0 <= strength <= self.off

    def _check(self, strength: float) -> None:
        countable = not self.whole or (math.isfinite(strength) and strength == int(strength))
        if countable and (self._is_off(strength) or self.low <= strength <= self.high):
            return
        raise Refusal(f"{self.title}: the strength {strength:g} ({self.unit}) is not allowed: choose {self._allowed}.")

    @property
    def _allowed(self) -> str:
        span = f"a {'whole ' if self.whole else ''}number from {self.low:g} to {self.high:g}"
        if self.low == self.high:
            span = f"{self.low:g} to have it"
        return span if self.off in (None, self.low) else f"{span}, or {self.off:g} for none"

    def _checked(self, bound: float) -> float:
        low, high = 1e-6, 1e4
        if not low <= bound <= high:
            raise Refusal(_NO_BOUND.format(self.title, bound, low, high))
        return float(bound)


_ROWS = (
    Protection("noise", "Gaussian noise", GaussianNoise, (1e-3, 3e-3, 0.01, 0.03, 0.1), "σ", 0, 10, off=0),
    Protection("laplace", "Laplace noise", LaplaceNoise, (1e-3, 3e-3, 0.01, 0.03, 0.1), "σ", 0, 10, off=0),
    Protection("clip", "Clipping and noise", Clip, (0, 1e-3, 1e-2, 0.1, 1), "σ in bounds C", 0, 10),
    Protection("dp-sgd", "DP-SGD", DPSGD, (0, 1e-3, 1e-2, 0.1, 1), "σ in bounds C", 0, 10),
    Protection("top-k", "Top-k", TopK, (0.3, 0.5, 0.7, 0.9, 0.99), "share left out", 0, 1, off=0),
    Protection("random-k", "Random-k", RandomK, (0.1, 0.3, 0.5, 0.7, 0.9), "share left out", 0, 1, off=0),
    Protection("qsgd", "QSGD", QSGD, (4096, 1024, 256, 64, 16), "levels", 1, 65_535, off=0, whole=True),
    Protection("uniform", "Rounding", Uniform, (16, 8, 6, 4, 2), "bits", 2, 16, off=0, whole=True),
    Protection("sign", "Sign", Sign, (1,), "1 is on", 1, 1, off=0, whole=True),
    Protection("soteria", "Soteria", Soteria, (0.1, 0.3, 0.5, 0.7, 0.9), "share of features", 0, 1, off=0),
    Protection("precode", "PRECODE", PRECODE, (1e-2, 0.1, 0.3, 1, 10), "scale of its dice", 0, 10, off=0),
    Protection("dropout", "Dropout", Dropout, (0.1, 0.3, 0.5, 0.7, 0.9), "rate", 0, 0.95, off=0),
    Protection("mixup", "Mixup", Mixup, (2, 3, 4, 6, 8), "photographs mixed", 2, 8, off=1, whole=True),
    Protection("instahide", "InstaHide", InstaHide, (2, 3, 4, 6, 8), "photographs mixed", 2, 8, off=1, whole=True),
)

PROTECTIONS: dict[str, Protection] = {protection.key: protection for protection in _ROWS}
FIGURE: tuple[str, ...] = ("noise", "dp-sgd", "top-k", "qsgd", "soteria")

_TITLES = {protection.part: protection.title for protection in _ROWS}


def named(defence: Defence) -> str:
    """Return a defence's name."""
    return _TITLES[type(defence)]


def strength(defence: Defence) -> float:
    """Return how strong a defence is; 1 for one that is only on or off."""
    value = getattr(defence, defence.strength)
    return 1.0 if isinstance(value, str) else float(value)


def spoken(defences: tuple[Defence, ...]) -> str:
    """Return a chain in words, each defence with its strength, such as "Top-k 0.5 and Sign"."""
    words = [
        named(defence) if isinstance(getattr(defence, defence.strength), str)
        else f"{named(defence)} {strength(defence):g}"
        for defence in defences
    ]  # fmt: skip
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words) or "no defence"
