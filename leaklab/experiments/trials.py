"""Trials: what each guess of a client has come to, which one it chooses, and beside it what only the referee knows."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from torch import Tensor

from leaklab.attacks.guesses import own_images, own_score
from leaklab.evaluation.scores import score
from leaklab.experiments.frame import Frame
from leaklab.experiments.referee import tiles
from leaklab.experiments.scenario import Played
from leaklab.protocol.observation import Observation

_CLEAR = 1.0  # dB between the two best guesses, below which luck may have chosen


@dataclass(frozen=True)
class Guess:
    """What was assumed, and what came of it; what is not known is not a number."""

    rate: float
    images: int
    own: float = math.nan  # dB, mean over the attacker's own photographs
    all: float = math.nan  # dB, mean over everybody's: nothing an attacker knows

    def same(self, other: "Guess") -> bool:
        """Return whether the same was assumed."""
        return math.isclose(self.rate, other.rate) and self.images == other.images

    def __str__(self) -> str:
        return f"learning rate {self.rate:g} and {self.images} photograph{'s' if self.images > 1 else ''}"


class Trials:
    """Keeps what every guess has come to, lets the attacker choose, and says only then what is true."""

    def __init__(self, played: Played, rate: float, total: int) -> None:
        [(observation, secret)] = played.exchanges
        self.guesses: list[Guess] = []
        self.true = Guess(rate, len(secret.images))
        self._truth = secret.images.detach().float().cpu()
        self._pictures = {"own": tiles(observation.own.images.detach().float().cpu()), "truth": tiles(self._truth)}
        self._found: dict[str, np.ndarray] = {}
        self._total, self._start, self._index = total, time.perf_counter(), 0

    @property
    def complete(self) -> bool:
        """Whether every guess was tried."""
        return len(self.guesses) == self._total

    @property
    def chosen(self) -> Guess:
        """The guess that brings the attacker's own photographs back best: the only choice it can make."""
        return max(self.guesses, key=lambda guess: -math.inf if math.isnan(guess.own) else guess.own)

    def take(self, seen: Observation, images: Float[Tensor, "n c h w"] | None) -> None:
        """Score what a guess has led to; None where it could not be tried."""
        guess = Guess(seen.learning_rate, seen.num_images)
        if images is not None:
            right = len(images) == len(self._truth)
            everybody = score(images, self._truth).mean("psnr") if right else math.nan
            guess = Guess(guess.rate, guess.images, own_score(seen, images), everybody)
            self._pictures = {"own.guess": tiles(own_images(seen, images))}
            self._found[f"own.guess.{len(self.guesses)}"] = self._pictures["own.guess"]
        self.guesses.append(guess)

    def frame(self, lines: Sequence[str] = (), *, share: float = 0.0, final: bool = False) -> Frame:
        """Return all there is so far as a frame; `share` is what is done of the present guess.

        The final one has the attacker's own photographs under every guess, for a worker keeps only some of the frames.
        """
        done = len(self.guesses)
        scalars = {
            "progress": (done + share) / self._total, "guesses_done": float(done), "guesses": float(self._total),
            "true.lr": self.true.rate, "true.images": float(self.true.images),
        }  # fmt: skip
        if final:
            chosen = self.chosen
            scalars |= {"chosen": float(self.guesses.index(chosen)), "own": chosen.own, "all": chosen.all}
            self._pictures = self._pictures | self._found
        series = {
            "guess.lr": [guess.rate for guess in self.guesses],
            "guess.images": [float(guess.images) for guess in self.guesses],
            "own": [guess.own for guess in self.guesses],
            "all": [guess.all for guess in self.guesses],
        }
        note, pictures = "\n".join(line for line in lines if line), self._pictures
        frame = Frame(self._index, time.perf_counter() - self._start, scalars, series, pictures, note, final)
        self._index, self._pictures = self._index + 1, dict[str, np.ndarray]()
        return frame

    @property
    def verdict(self) -> str:
        """Which guess is chosen, how clearly, and whether it is the true one, in sentences."""
        chosen = self.chosen
        others = [guess.own for guess in self.guesses if guess is not chosen and not math.isnan(guess.own)]
        parts = [f"Chosen: {chosen}, where the attacker's own photographs come back with {chosen.own:.1f} dB"]
        if others:
            parts.append(f"; the next best guess reaches {max(others):.1f} dB")
        parts.append(", so near that luck may have chosen. " if self._unclear(others) else ". ")
        return "".join([*parts, self._truth_told()])

    def _unclear(self, others: list[float]) -> bool:
        return bool(others) and self.chosen.own - max(others) < _CLEAR

    def _truth_told(self) -> str:
        if self.chosen.same(self.true):
            return "That is the truth."
        tried = next((guess for guess in self.guesses if guess.same(self.true)), None)
        if tried is None:
            return f"The truth, {self.true}, was not among the guesses."
        return f"The truth is {self.true}, which reached {tried.own:.1f} dB."
