"""Ways: on which device and with how many digits an attack can be run here, and an attack under way in one of them."""

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Literal

import torch

from leaklab.attacks.snapshot import Snapshot
from leaklab.experiments.devices import available, place
from leaklab.experiments.frame import Frame
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.referee import Referee

PARTED = 0.01  # share of the loss from which on two ways are told apart


@dataclass(frozen=True)
class Way:
    """A device and a precision."""

    device: Literal["cpu", "cuda"]
    precision: Literal["float32", "float64"]

    @property
    def name(self) -> str:
        """The way in a word."""
        return f"{self.device}-{self.precision}"


REFERENCE = Way("cpu", "float64")  # the most digits, on the device that every machine has
_WAYS = (REFERENCE, Way("cpu", "float32"), Way("cuda", "float64"), Way("cuda", "float32"))


def ways(device: str = "auto") -> tuple[Way, ...]:
    """Return all ways of this machine, the reference first; without a GPU's where the processor is asked for.

    Raises: Refusal, when a device is asked for that is not there.
    """
    place(device)
    devices = ("cpu",) if device == "cpu" else available()
    return tuple(way for way in _WAYS if way.device in devices)


class Attempt:
    """One attack under way in one way: what it has guessed, and how long that took."""

    def __init__(self, way: Way, inversion: Inversion) -> None:
        self.way, self.seconds, self.over = way, 0.0, False
        dtype = getattr(torch, way.precision)
        self.played = inversion.scenario.play(inversion.seed, device=place(way.device), dtype=dtype)
        self._referee = Referee(self.played, inversion.recipe.iterations)
        self._rounds = _rounds(inversion.guesses(self.played.exchanges))

    def advance(self) -> None:
        """Go one iteration further; where there is none, be over."""
        begun = time.perf_counter()
        guesses = next(self._rounds, None)
        self.seconds += time.perf_counter() - begun
        self.over = guesses is None
        self._referee.latest |= guesses or {}

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """The newest guess of every client that is attacked."""
        return tuple(self._referee.latest.values())

    @property
    def iteration(self) -> int:
        """How far it has come."""
        return max(snapshot.iteration for snapshot in self.snapshots)

    @property
    def loss(self) -> float:
        """The lowest loss of all restarts, summed over the clients."""
        return float(sum(snapshot.losses[snapshot.best] for snapshot in self.snapshots))

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be said of how it is computed."""
        return tuple(self._referee.remarks)

    def scored(self, index: int) -> Frame:
        """Return its present state as a frame of its own; the first one has the private photographs too."""
        for attack, snapshot in self._referee.latest.items():
            self._referee.see(attack, snapshot)
        return self._referee.frame(index, self.seconds)


class Partings:
    """Keeps at which iteration each way has left the reference."""

    def __init__(self) -> None:
        self.at: dict[str, int] = {}

    def see(self, iteration: int, losses: Mapping[str, float]) -> None:
        """Take the losses of an iteration by way; only a way's first parting counts."""
        reference = losses[REFERENCE.name]
        for name, loss in losses.items():
            if not math.isclose(loss, reference, rel_tol=PARTED):
                self.at.setdefault(name, iteration)


def _rounds(guesses: Iterator[tuple[int, Snapshot]]) -> Iterator[dict[int, Snapshot]]:
    """Yield what all attacks have guessed in the same iteration."""
    numbered = ((snapshot.iteration, attack, snapshot) for attack, snapshot in guesses)
    for _, found in groupby(numbered, key=itemgetter(0)):
        yield {attack: snapshot for _, attack, snapshot in found}
