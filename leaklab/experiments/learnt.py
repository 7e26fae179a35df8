"""Learnt: what a federation has learnt round by round, over several draws, and what its defences promise by then."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from leaklab.experiments.frame import Frame
from leaklab.experiments.promise import Promise, promised
from leaklab.federation.rounds import Federation
from leaklab.protocol.training import Pass
from leaklab.protocol.updates import Weights

_AT_ONCE = 256  # test images, to bound the memory

_DONE = (
    "After {} the network is right on {:.1%} of {:,} images that it has never seen{}, where guessing would be right on "
    "{:.1%}{}."
)
_RAN_AWAY = "Training ends in round {}: {} The network is right on {:.1%} of the test images{}, as it was {}."


@dataclass(frozen=True)
class Tested:
    """A network's answers to the test images before the first round, or after one."""

    accuracy: float
    loss: float
    counts: dict[int, int]  # images of each client that took part
    notes: tuple[str, ...] = ()


def tested(
    forward: Pass, weights: Weights, images: Float[Tensor, "n c h w"], labels: Int[Tensor, "n"],
    *, counts: dict[int, int] | None = None, notes: tuple[str, ...] = (),
) -> Tested:  # fmt: skip
    """Test a network with its buffers as they stand, so without dice; an answer that is no number is wrong."""
    with torch.no_grad():
        answers = torch.cat([forward.logits(weights, part) for part in images.split(_AT_ONCE)])
    right = (answers.argmax(1) == labels) & answers.isfinite().all(1)
    loss = functional.cross_entropy(answers, labels)
    return Tested(int(right.sum()) / len(labels), float(loss), counts or {}, notes)


@dataclass
class Learnt:
    """Keeps the tests of all draws, a row each, from before the first round on."""

    federation: Federation
    tests: list[list[Tested]]
    images: int  # of a test
    classes: int
    delta: float
    epsilons: list[float] = field(default_factory=list)

    def add(self, tests: Sequence[Tested]) -> None:
        """Take note of a round, of every draw."""
        for row, test in zip(self.tests, tests, strict=True):
            row.append(test)
        if (epsilon := self._promise(self.rounds).epsilon) is not None:
            self.epsilons.append(epsilon)

    @property
    def rounds(self) -> int:
        """How many rounds are over."""
        return len(self.tests[0]) - 1

    def frame(self, index: int, seconds: float, note: str, *, final: bool) -> Frame:
        """Return the present state."""
        accuracy, loss, of = self._mean("accuracy"), self._mean("loss"), self.federation.rounds
        scalars = {
            "round": float(self.rounds), "rounds": float(of), "progress": 1.0 if final else self.rounds / of,
            "accuracy": accuracy[-1], "loss": loss[-1],
        }  # fmt: skip
        series = {"accuracy": accuracy[1:], "loss": loss[1:]}
        series |= {f"accuracy.{draw}": [test.accuracy for test in row[1:]] for draw, row in enumerate(self.tests)}
        if self.epsilons:
            scalars["epsilon"], series["epsilon"] = self.epsilons[-1], list(self.epsilons)
        return Frame(index, seconds, scalars, series, note=note, final=final)

    @property
    def warnings(self) -> list[str]:
        """What is to be known beside the numbers, of the whole training."""
        remarks = self._promise(self.federation.rounds).remarks
        return list(dict.fromkeys([*remarks, *(note for row in self.tests for note in row[0].notes)]))

    @property
    def sentence(self) -> str:
        """What was learnt."""
        given = f"; ε = {self.epsilons[-1]:.3g} at δ = {self.delta:g}" if self.epsilons else ""
        accuracy, guess = self._mean("accuracy")[-1], 1 / self.classes
        return _DONE.format(_many(self.rounds, "round"), accuracy, self.images, self._spread, guess, given)

    def broken(self, number: int, reason: str) -> str:
        """Say why the training ended in a round, and what was learnt until then."""
        before = f"after {_many(self.rounds, 'round')}" if self.rounds else "before any training"
        return _RAN_AWAY.format(number, reason, self._mean("accuracy")[-1], self._spread, before)

    @property
    def _spread(self) -> str:
        last = [row[-1].accuracy for row in self.tests]
        return f" ({min(last):.1%} to {max(last):.1%} over {len(last)} seeds)" if len(last) > 1 else ""

    def _mean(self, name: str) -> list[float]:
        return [_mean([getattr(test, name) for test in tests]) for tests in zip(*self.tests, strict=True)]

    def _promise(self, rounds: int) -> Promise:
        """Return what is promised after some rounds, in the draw that promises least."""
        federation = self.federation.model_copy(update={"rounds": rounds})
        draws = {tuple(sorted(row[-1].counts.items())) for row in self.tests}
        found = [promised(federation, Counter(dict(draw)), self.delta) for draw in sorted(draws)]
        return max(found, key=lambda promise: -1 if promise.epsilon is None else promise.epsilon)


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if all(map(math.isfinite, values)) else math.nan


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
