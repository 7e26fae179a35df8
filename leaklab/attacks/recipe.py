"""Recipe: a whole attack as a value: how labels are recovered, then one stage after another."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

from leaklab.attacks.closed_form.analytic import AnalyticFirstLayer
from leaklab.attacks.closed_form.recursive import RecursiveGradient
from leaklab.attacks.enhancement import Enhancement
from leaklab.attacks.generative.in_the_loop import DiffusionInTheLoop
from leaklab.attacks.labels import Jointly, Labels
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.matching.spaces.brought import WithGenerator
from leaklab.attacks.snapshot import Snapshot
from leaklab.protocol.observation import Observation
from leaklab.settings import Refusal, Settings, knob

_NO_NUMBER = (
    "How many photographs are behind the update must be known before they can be searched for: tick 'Number of "
    "photographs is told', or let a client that takes part try several numbers (`leaklab.experiments.guessing`)."
)

_APART = "Stages that search what a generator draws from must have the same one, and these have {}: choose one for all."
_CYCLE_SEEDS = 1 << 20  # distance between two cycles' seeds, so that neither restarts nor clients ever meet

Stage = Annotated[
    GradientMatching | AnalyticFirstLayer | RecursiveGradient | DiffusionInTheLoop, Field(discriminator="kind")
]


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
    stages: tuple[Stage, ...] = Field((GradientMatching(),), min_length=1)
    cycles: int = knob(
        1, low=1, high=50, symbol="T", level="advanced",
        help="How often the attacker goes through all stages, each time from the best that was found so far.",
    )  # fmt: skip
    fading: float = knob(
        1.0, low=0.01, high=1, symbol="α, or σ₀, times fᵗ in cycle t", level="advanced",
        help="By what the steps of each further cycle are as long as those of the one before.",
    )  # fmt: skip
    enhancement: Enhancement | None = knob(
        None, level="hidden",
        help="What makes the reconstruction presentable at the end; nothing leaves it as it was found.",
    )  # fmt: skip

    @property
    def iterations(self) -> int:
        """How many iterations all stages of all cycles may take together."""
        return self.cycles * sum(stage.iterations for stage in self.stages)

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this recipe from working on an observation, as sentences; empty when nothing does."""
        if not observation.num_images:
            return [_NO_NUMBER]
        return [
            *self.labels.missing(observation),
            *(line for stage in self.stages for line in stage.missing(observation)),
            *self._apart(),
            *(self.enhancement.missing(observation) if self.enhancement else ()),
        ]

    def invert(self, observation: Observation, seed: int) -> Iterator[Snapshot]:
        """Yield the attacker's guesses, from noise to reconstruction; each stage starts where the last one ended.

        After several cycles the last guess is the best that any of them ended with, by its loss. What an enhancement
        makes of the best restart comes behind it, as a stage of its own whose loss and code are those of what it began
        with, which is kept as `raw`.

        Raises: Refusal, when something is needed that the attacker is not told.
        """
        if missing := self.missing(observation):
            raise Refusal(" ".join(missing))
        labels = self.labels.recover(observation)
        course = _Course(self.cycles * len(self.stages))
        for cycle in range(self.cycles):
            for stage in self._faded(cycle):
                # Each cycle throws dice of its own.
                dice = seed + cycle * _CYCLE_SEEDS
                guesses = stage.invert(observation, labels, seed=dice, stage=course.stage, previous=course.latest)
                yield from course.counted(guesses)
            course.compare()
        yield from course.best_again()
        if self.enhancement:
            yield from course.enhanced(self.enhancement, seed)

    def _apart(self) -> list[str]:
        """Return a sentence where stages hand on numbers that mean nothing to the generator of the next one."""
        spaces = [stage.space for stage in self.stages if isinstance(stage, GradientMatching)]
        brought = [space for space in spaces if isinstance(space, WithGenerator)]
        if len({(space.generator, space.width, space.draw) for space in brought}) < 2:
            return []
        named = " and ".join(dict.fromkeys(f"'{space.generator}'" for space in brought))
        return [_APART.format(named if "and" in named else f"{named} in two forms")]

    def _faded(self, cycle: int) -> Iterator[Stage]:
        times = self.fading**cycle
        return (stage.faded(times) if isinstance(stage, GradientMatching) else stage for stage in self.stages)


@dataclass
class _Course:
    """How far an attack has come: what it found last, the best end of a cycle, and what all of it took."""

    stages: int
    stage: int = 0
    latest: Snapshot | None = None
    best: Snapshot | None = None
    last: bool = True  # whether the best is what was yielded last
    iterations: int = 0
    evaluations: int = 0

    def counted(self, guesses: Iterator[Snapshot]) -> Iterator[Snapshot]:
        """Yield the guesses of the next stage, counted on from those before; a start that was seen already is not."""
        previous, found = self.latest, None
        for found in guesses:
            if previous is None or found.iteration:
                yield replace(
                    found, iteration=self.iterations + found.iteration,
                    evaluations=self.evaluations + found.evaluations,
                    settled=found.settled and self.stage + 1 == self.stages,
                )  # fmt: skip
        self.latest, self.stage = found, self.stage + 1
        self.iterations, self.evaluations = self.iterations + found.iteration, self.evaluations + found.evaluations

    def compare(self) -> None:
        """Go on from the best that any cycle has ended with: the one of lowest loss, as with restarts."""
        found = self.latest
        self.last = self.best is None or bool(found.ranks[found.best] <= self.best.ranks[self.best.best])
        self.best = self.latest = found if self.last else self.best

    def best_again(self) -> Iterator[Snapshot]:
        """Yield the best once more where a later cycle ended worse."""
        if not self.last:
            self.iterations += 1
            yield self.whole(self.best)

    def enhanced(self, enhancement: Enhancement, seed: int) -> Iterator[Snapshot]:
        """Yield the best restart's images on their way to being presentable, beside the others as they are."""
        raw = replace(self.whole(self.best), stage=self.stages, raw=self.best.images)
        best, labels = raw.best, raw.labels[raw.best].argmax(1)
        for images in enhancement.enhance(raw.images[best], labels, seed):
            self.iterations += 1
            shown = raw.images.clone()
            shown[best] = images.to(shown)
            remark = enhancement.remark(raw.images[best], images)
            yield replace(raw, iteration=self.iterations, images=shown, remark=remark)

    def whole(self, snapshot: Snapshot) -> Snapshot:
        """Return a snapshot as one at the end of everything."""
        return replace(
            snapshot, stage=self.stages - 1, iteration=self.iterations, evaluations=self.evaluations, settled=True
        )
