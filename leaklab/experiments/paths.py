"""Paths: where the weights go while a client trains, and where attacks believe they went, all seen in one plane."""

import time
from collections.abc import Iterator
from itertools import count
from typing import Literal

import torch

from leaklab.attacks.recipe import Recipe
from leaklab.attacks.recipes import FEDAVG_EPOCH, FEDAVG_EPOCH_LINE, FEDAVG_LINE, FEDAVG_SIM
from leaklab.attacks.snapshot import Snapshot
from leaklab.experiments.course import Course
from leaklab.experiments.devices import place
from leaklab.experiments.frame import Frame
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.scenario import Scenario
from leaklab.federation.rounds import Exchange, Federation
from leaklab.images.source import Photos, Source
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.observation import ThreatModel
from leaklab.protocol.training import Schedule
from leaklab.settings import Refusal, Settings, knob

ATTACKS: dict[str, Recipe] = {
    "fedavg": FEDAVG_SIM, "fedavg_line": FEDAVG_LINE, "fedavg_epoch": FEDAVG_EPOCH,
    "fedavg_epoch_line": FEDAVG_EPOCH_LINE,
}  # fmt: skip
_FRAMES = 60  # about how many moments a run records when nothing else is asked for
_EARLY = 5  # iterations that are always recorded: the paths move most at the beginning

# A rate at which the client visibly bends and the line still helps more often than not.
_BENDING = Scenario(
    source=Photos(names=("astronaut", "cat", "coffee", "rocket")), image_size=16, network=NetworkChoice(name="mlp"),
    federation=Federation(images_per_client=4, schedule=Schedule(epochs=2, batch_size=2, learning_rate=0.05)),
    threat=ThreatModel(labels=True),
)  # fmt: skip


class Paths(Settings):
    """One client's weights after each local step, beside those of four simulations of it while these attack it.

    The plane stands from the start: its first axis leads from the client's first weights to its last, its second to
    where the client strays most. Everything is measured in lengths of that first way, the chord. Of the inversion,
    everything but its recipe counts; its scenario is played with one client.
    Source: Jobic et al. 2025, figure 1.
    """

    kind: Literal["paths"] = "paths"
    inversion: Inversion = Inversion(scenario=_BENDING, recipe=FEDAVG_SIM, precision="float32")
    iterations: int = knob(
        40, low=1, high=5000, log=True, help="How many steps each of the four attacks may take.",
    )  # fmt: skip

    @property
    def source(self) -> Source:
        """Where the private photographs come from."""
        return self.inversion.source

    @property
    def title(self) -> str:
        """A run's name for a list."""
        scenario = self.inversion.scenario
        photographs, epochs = scenario.federation.images_per_client, scenario.federation.schedule.epochs
        shown = f"{photographs} photographs" if photographs > 1 else "one photograph"
        trained = f"{epochs} epochs" if epochs > 1 else "one epoch"
        return f"Paths of {trained} on {shown}, {scenario.network.row.title}"

    def missing(self) -> list[str]:
        """Return what keeps the attacks from working, as sentences; empty when nothing does."""
        outline = self._alone.outline()
        return list(dict.fromkeys(line for recipe in self._recipes.values() for line in recipe.missing(outline)))

    def run(self, device: str = "auto") -> Iterator[Frame]:
        """Yield the client's path, then a frame for every recorded moment of the attacks; the last one is final.

        Raises: Refusal, when the scenario cannot be played, the attacks lack something they need, or the client never
        leaves its first weights.
        """
        if missing := self.missing():
            raise Refusal(" ".join(missing))
        start, index, inversion = time.perf_counter(), count(1), self.inversion
        played = self._alone.play(inversion.seed, device=place(device), dtype=getattr(torch, inversion.precision))
        course = Course(played.exchanges[0], self._recipes)
        yield course.opening(time.perf_counter() - start, "\n".join(played.warnings))
        running = {name: self._guesses(recipe, course.exchange) for name, recipe in self._recipes.items()}
        while running:
            for name in list(running):
                snapshot = next(running[name], None)
                if snapshot is None:
                    del running[name]
                    continue
                course.latest[name] = snapshot
                if snapshot.iteration == 0:  # which takes longest, as the simulation is traced then
                    yield course.frame(next(index), time.perf_counter() - start)
            if running and self._recorded(course.iteration):
                yield course.frame(next(index), time.perf_counter() - start)
        yield course.frame(next(index), time.perf_counter() - start, final=True)

    @property
    def _alone(self) -> Scenario:
        """The scenario with one client, seen before the server moves its own weights."""
        alone = {"clients": 1, "view": "per-client", "step_first": False}
        scenario = self.inversion.scenario
        return scenario.model_copy(update={"federation": scenario.federation.model_copy(update=alone)})

    @property
    def _recipes(self) -> dict[str, Recipe]:
        knobs = {"iterations": self.iterations, "restarts": 1}
        return {
            name: recipe.model_copy(update={"stages": tuple(s.model_copy(update=knobs) for s in recipe.stages)})
            for name, recipe in ATTACKS.items()
        }

    def _guesses(self, recipe: Recipe, exchange: Exchange) -> Iterator[Snapshot]:
        attack = self.inversion.model_copy(update={"recipe": recipe})
        return (snapshot for _, snapshot in attack.guesses([exchange]))

    def _recorded(self, iteration: int) -> bool:
        every = self.inversion.record_every or max(1, self.iterations // _FRAMES)
        return iteration > 0 and (iteration % every == 0 or iteration <= _EARLY)
