"""Guessing: a client that is not told learning rate or number of photographs tries some, and judges by its own ones."""

from collections.abc import Iterator
from typing import Annotated, Literal

import torch
from pydantic import Field

from leaklab.attacks.guesses import candidates
from leaklab.attacks.labels import ILRG, Geng
from leaklab.attacks.recipe import Recipe
from leaklab.attacks.recipes import CURIOUS_CLIENT
from leaklab.experiments.devices import place
from leaklab.experiments.frame import Frame
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.scenario import Scenario
from leaklab.experiments.trials import Trials
from leaklab.federation.rounds import Federation
from leaklab.images.source import Source
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.observation import Observation, ThreatModel
from leaklab.protocol.training import Schedule
from leaklab.settings import Refusal, Settings, knob

_EVERY = 10  # iterations between two signs of life

_NOTHING = "There is nothing to guess: give learning rates to try, or numbers of photographs."
_UNLABELLED = "The labels are read from the update by {}: a list of them would tell how many there are."
_READERS = {"ilrg": "iLRG", "geng": "Geng's method"}

_TWO_AND_TWO = Inversion(
    scenario=Scenario(
        image_size=16, network=NetworkChoice(name="lenet5_rog"), threat=ThreatModel(labels=True),
        federation=Federation(clients=2, images_per_client=2, view="client", schedule=Schedule(epochs=2)),
    ),
    recipe=CURIOUS_CLIENT.changed(("stages", 0, "iterations"), 40),
)  # fmt: skip


class Guessing(Settings):
    """The same attack under one guess after another, scored on the photographs that the attacker knows.

    Source: Wilson et al. 2025, appendix B and figure 11.
    """

    kind: Literal["guessing"] = "guessing"
    inversion: Inversion = _TWO_AND_TWO
    rates: tuple[Annotated[float, Field(ge=1e-5, le=1)], ...] = knob(
        (1e-3, 3e-3, 1e-2, 3e-2, 1e-1), title="Learning rates to try", symbol="η̂",
        help="What the attacker takes the learning rate for, 1e-5 to 1, in turn; with none it is not guessed.",
    )  # fmt: skip
    numbers: tuple[Annotated[int, Field(ge=1, le=8192)], ...] = knob(
        (), title="Numbers to try", symbol="N̂", unit="photographs",
        help="How many photographs the attacker takes all clients to have, in turn; with none it is not guessed.",
    )  # fmt: skip

    @property
    def source(self) -> Source:
        """Where the private photographs come from."""
        return self.inversion.source

    @property
    def title(self) -> str:
        """A run's name for a list."""
        rate, number = ["the learning rate"] * bool(self.rates), ["the number of photographs"] * bool(self.numbers)
        guessed = " and ".join(rate + number) or "nothing"
        return f"{self.inversion.recipe.name} guessing {guessed}, {self.inversion.scenario.network.row.title}"

    @property
    def untold(self) -> Inversion:
        """The inversion from a client's place, where nothing is told of what is guessed, nor what gives it away."""
        scenario = self.inversion.scenario
        rate, number = ["learning_rate"] * bool(self.rates), ["number", "labels", "counts", "order"]
        hidden = rate + number * bool(self.numbers)
        changed = {
            "threat": scenario.threat.model_copy(update=dict.fromkeys(hidden, False)),
            "federation": scenario.federation.model_copy(update={"view": "client"}),
        }
        return self.inversion.model_copy(update={"scenario": scenario.model_copy(update=changed)})

    def run(self, device: str = "auto") -> Iterator[Frame]:
        """Yield a frame a guess, and signs of life between them; the last one is final and names the chosen guess.

        Raises: Refusal, when there is nothing to guess, or no guess can be tried.
        """
        if not (self.rates or self.numbers):
            raise Refusal(_NOTHING)
        inversion = self.untold
        dtype = getattr(torch, inversion.precision)
        played = inversion.scenario.play(inversion.seed, device=place(device), dtype=dtype)
        tried = candidates(played.exchanges[0][0], self.rates, self.numbers)
        attacks = [inversion.model_copy(update={"recipe": self._recipe(seen)}) for seen in tried]
        lacking = [" ".join(attack.recipe.missing(seen)) for attack, seen in zip(attacks, tried, strict=True)]
        if all(lacking):
            raise Refusal(" ".join(dict.fromkeys(lacking)))
        trials = Trials(played, inversion.scenario.federation.schedule.learning_rate, len(tried))
        yield trials.frame(played.warnings)
        for attack, seen, missing in zip(attacks, tried, lacking, strict=True):
            snapshot = None
            for _, snapshot in [] if missing else attack.guesses([(seen, played.exchanges[0][1])]):
                if snapshot.iteration % _EVERY == 0:
                    yield trials.frame(share=snapshot.iteration / attack.recipe.iterations)
            trials.take(seen, None if missing else snapshot.images[snapshot.best].detach().float().cpu())
            lines = [trials.verdict, *self._labels(attacks), *dict.fromkeys(lacking)] if trials.complete else []
            yield trials.frame(lines, final=trials.complete)

    def _recipe(self, seen: Observation) -> Recipe:
        """Return the recipe; where the number is guessed, with labels read from the update unless it finds its own.

        The paper takes iLRG, which needs a bias in the last layer; Geng's method always works.
        """
        recipe = self.inversion.recipe
        if not self.numbers:
            return recipe
        labels = next(way for way in (recipe.labels, ILRG(), Geng()) if not way.missing(seen))
        return recipe.model_copy(update={"labels": labels})

    def _labels(self, attacks: list[Inversion]) -> list[str]:
        own = self.inversion.recipe.labels.kind
        readers = dict.fromkeys(attack.recipe.labels.kind for attack in attacks if attack.recipe.labels.kind != own)
        return [_UNLABELLED.format(_READERS[kind]) for kind in readers]
