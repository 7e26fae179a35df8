"""Recipe: a whole attack as a value: how labels are recovered, then one stage after another."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from leaklab.attacks.closed_form.analytic import AnalyticFirstLayer
from leaklab.attacks.closed_form.recursive import RecursiveGradient
from leaklab.attacks.labels import Jointly, Labels
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.snapshot import Snapshot
from leaklab.protocol.observation import Observation
from leaklab.settings import Refusal, Settings, knob

_NO_NUMBER = (
    "How many photographs are behind the update must be known before they can be searched for: tick 'Number of "
    "photographs is told', or let a client that takes part try several numbers (`leaklab.experiments.guessing`)."
)

Stage = Annotated[GradientMatching | AnalyticFirstLayer | RecursiveGradient, Field(discriminator="kind")]


class Recipe(Settings):
    """Labels x stages: every published attack is one of these, and so is anything a visitor composes."""

    key: str = knob("dlg", help="The recipe's short name.", level="hidden")
    name: str = knob("DLG", help="The recipe's name in the literature.", level="hidden")
    source: str = knob("zhu2019", help="The key of the paper it comes from.", level="hidden")
    story: str = knob("", help="The recipe in one sentence.", level="hidden")
    choice: str = knob("", help="What was chosen where its sources disagree or are silent, and why.", level="hidden")
    labels: Labels = knob(
        Jointly(), title="Label recovery", level="advanced",
        help="How the attacker gets the classes: told, read from the gradient, or guessed with the images.",
    )  # fmt: skip
    stages: tuple[Stage, ...] = (GradientMatching(),)

    @property
    def iterations(self) -> int:
        """How many iterations all stages may take together."""
        return sum(stage.iterations for stage in self.stages)

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this recipe from working on an observation, as sentences; empty when nothing does."""
        if not observation.num_images:
            return [_NO_NUMBER]
        return [
            *self.labels.missing(observation),
            *(line for stage in self.stages for line in stage.missing(observation)),
        ]

    def invert(self, observation: Observation, seed: int) -> Iterator[Snapshot]:
        """Yield the attacker's guesses, from noise to reconstruction; each stage starts where the last one ended.

        Raises: Refusal, when something is needed that the attacker is not told.
        """
        if missing := self.missing(observation):
            raise Refusal(" ".join(missing))
        labels = self.labels.recover(observation)
        previous, done, spent = None, 0, 0
        for number, stage in enumerate(self.stages):
            snapshot = None
            for snapshot in stage.invert(observation, labels, seed=seed, stage=number, previous=previous):
                if previous is None or snapshot.iteration:
                    yield replace(
                        snapshot, iteration=done + snapshot.iteration, evaluations=spent + snapshot.evaluations,
                        settled=snapshot.settled and number == len(self.stages) - 1,
                    )  # fmt: skip
            previous, done, spent = snapshot, done + snapshot.iteration, spent + snapshot.evaluations
