"""Enhancing: a reconstruction made presentable in several ways, and how much of each was invented."""

import time
from collections.abc import Iterator
from typing import Literal

import torch

from leaklab.attacks.enhancement import DDRM, Enhancement, MaskedDiffusion, Restoration
from leaklab.attacks.recipe import Recipe
from leaklab.attacks.recipes import CURIOUS_CLIENT
from leaklab.experiments.devices import place
from leaklab.experiments.enhanced import Enhanced
from leaklab.experiments.frame import Frame
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.scenario import Scenario
from leaklab.federation.rounds import Federation
from leaklab.images.source import Photos, Source
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.defences import GaussianNoise
from leaklab.protocol.observation import ThreatModel
from leaklab.settings import Settings, knob

COLUMNS = {"ddrm": "direct", "masked_diffusion": "semantic", "restoration": "gan"}  # kind of an enhancer -> its column

BLURRED = Inversion(
    scenario=Scenario(
        # In ten classes, as many as the models that ship know. Theirs are others: to begin with they are not told.
        source=Photos(names=("astronaut", "cat", "coffee", "rocket"), classes=10),
        network=NetworkChoice(name="convnet2"), threat=ThreatModel(labels=True),
        federation=Federation(clients=4, view="client", defences=(GaussianNoise(sigma=0.0),)),
    ),
    # As small as the paper's, a quarter as wide.
    recipe=CURIOUS_CLIENT.changed(("stages", 0, "iterations"), 60).changed(("stages", 0, "space", "factor"), 4),
    precision="float32",
)  # fmt: skip
WAYS: tuple[Enhancement, ...] = (DDRM(factor=4), MaskedDiffusion(conditional=False), Restoration(conditional=False))


class Enhancing(Settings):
    """One raw reconstruction, and what each of several enhancers makes of it; none of them ever sees the truth."""

    kind: Literal["enhancing"] = "enhancing"
    inversion: Inversion = BLURRED
    enhancers: tuple[Enhancement, ...] = knob(
        WAYS, title="Ways", help="What makes the raw reconstruction presentable, each by itself."
    )

    @property
    def source(self) -> Source:
        """Where the private photographs come from."""
        return self.inversion.source

    @property
    def title(self) -> str:
        """A run's name for a list."""
        return f"Enhanced: {self.inversion.title}"

    @property
    def columns(self) -> dict[str, Enhancement]:
        """The enhancers by the names of their columns; of several of one kind the later ones have numbers."""
        named: dict[str, Enhancement] = {}
        for enhancer in self.enhancers:
            same = sum(one.kind == enhancer.kind for one in named.values())
            named[f"{COLUMNS[enhancer.kind]} {same + 1}" if same else COLUMNS[enhancer.kind]] = enhancer
        return named

    @property
    def raw(self) -> Inversion:
        """The attack alone."""
        return self.ending(None)

    def ending(self, enhancer: Enhancement | None) -> Inversion:
        """Return the attack with an enhancer as its last stage, or with none: what a shell can repeat."""
        recipe: Recipe = self.inversion.recipe.model_copy(update={"enhancement": enhancer})
        return self.inversion.model_copy(update={"recipe": recipe})

    def missing(self) -> list[str]:
        """Return what keeps the attack from working, as sentences; what an enhancer lacks only leaves it out.

        Raises: Refusal, when choices contradict each other.
        """
        return self.raw.recipe.missing(self.inversion.scenario.outline())

    def run(self, device: str = "auto") -> Iterator[Frame]:
        """Yield a frame for every recorded guess, then for every step of every enhancer; the last one is final.

        Raises: Refusal, when the scenario cannot be played or the attack lacks something it needs.
        """
        start, raw = time.perf_counter(), self.raw
        played = raw.scenario.play(raw.seed, device=place(device), dtype=getattr(torch, raw.precision))
        enhanced, iterations = Enhanced(played, start, len(self.enhancers)), raw.recipe.iterations
        for attack, snapshot in raw.guesses(played.exchanges):
            enhanced.wall.latest[attack] = snapshot
            if raw.records(snapshot) and enhanced.wall.complete:
                enhanced.searched(snapshot.iteration, iterations)
                yield enhanced.frame()
        enhanced.searched(snapshot.iteration, iterations)
        seed = raw.seed if raw.attack_seed is None else raw.attack_seed
        for name, enhancer in self.columns.items():
            yield from enhanced.work(name, enhancer, seed)
        yield enhanced.closing()
