"""Inversion: attack a scenario with a recipe and score every guess."""

from collections.abc import Iterator
from typing import Literal

import torch

from leaklab.attacks.recipe import Recipe
from leaklab.attacks.recipes import DLG
from leaklab.attacks.snapshot import Snapshot
from leaklab.experiments.devices import place
from leaklab.experiments.frame import Frame
from leaklab.experiments.referee import Referee
from leaklab.experiments.scenario import Scenario
from leaklab.experiments.stopwatch import Stopwatch
from leaklab.federation.rounds import Exchange
from leaklab.images.source import Source
from leaklab.settings import Settings, knob

_SEEN = {"per-client": "", "aggregated": " in one average", "client": " by another client"}
_EARLY = 10  # iterations that are always recorded: the eye wants to see the beginning
_FRAMES = 300  # about how many moments a run records when nothing else is asked for; the store keeps fewer
_CLIENT_SEEDS = 10_000  # distance between two clients' seeds, so that their restarts never meet


class Inversion(Settings):
    """A photograph, its gradient, and the photograph taken back."""

    kind: Literal["inversion"] = "inversion"
    scenario: Scenario = Scenario()
    recipe: Recipe = DLG
    seed: int = knob(
        1234, low=0, high=2**31 - 1,
        help="Draws photographs, network and noise; the same seed gives the same picture again.",
    )  # fmt: skip
    attack_seed: int | None = knob(
        None, low=0, high=2**31 - 1, title="Attack's seed", level="advanced",
        help="Draws the noise the attack starts from; empty takes the seed above.",
    )  # fmt: skip
    precision: Literal["float32", "float64"] = knob(
        "float64", level="advanced",
        help="How many digits every number has: float64 rebuilds finer, float32 is faster on large networks.",
    )  # fmt: skip
    record_every: int = knob(
        0, low=0, high=10_000, title="Record every", unit="iterations", level="advanced",
        help="How often a picture is kept; 0 keeps about three hundred over the run.",
    )  # fmt: skip

    @property
    def source(self) -> Source:
        """Where the private photographs come from."""
        return self.scenario.source

    @property
    def title(self) -> str:
        """A run's name for a list: what is attacked, how, and on which network."""
        federation = self.scenario.federation
        who = f"{federation.images} photographs" if federation.images > 1 else "one photograph"
        averaged = _SEEN[federation.view]
        return f"{self.recipe.name} on {who}{averaged}, {self.scenario.network.row.title}"

    def run(self, device: str = "auto") -> Iterator[Frame]:
        """Yield a frame for every recorded guess; the last one is final and carries the verdict.

        Raises: Refusal, when the scenario cannot be played or the attack lacks something it needs.
        """
        watch = Stopwatch()
        played = self.scenario.play(self.seed, device=place(device), dtype=getattr(torch, self.precision))
        referee, index = Referee(played, self.recipe.iterations), 0
        for attack, snapshot in self.guesses(played.exchanges):
            referee.latest[attack] = snapshot
            if self.records(snapshot):
                referee.see(attack, snapshot)
                if referee.complete:
                    with watch.stopped():
                        yield referee.frame(index, watch.seconds)
                    index += 1
        yield referee.closing(index, watch.seconds)

    def guesses(self, exchanges: list[Exchange]) -> Iterator[tuple[int, Snapshot]]:
        """Yield every attack's number and guess, the attacks in turn, so that all their pictures emerge together."""
        first = self.seed if self.attack_seed is None else self.attack_seed
        running = {
            number: self.recipe.invert(observation, first + _CLIENT_SEEDS * number)
            for number, (observation, _) in enumerate(exchanges)
        }
        while running:
            for number in list(running):
                snapshot = next(running[number], None)
                if snapshot is None:
                    del running[number]
                else:
                    yield number, snapshot

    def records(self, snapshot: Snapshot) -> bool:
        """Return whether a guess is one of those that are kept."""
        every = self.record_every or max(1, self.recipe.iterations // _FRAMES)
        early = self.record_every == 0 and snapshot.iteration <= _EARLY
        return early or snapshot.iteration % every == 0 or snapshot.settled
