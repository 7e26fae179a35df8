"""Lessons: guided half-hours of predict, run and explain, written as data, each answer decided by a run's own numbers.

A lesson is a TOML file of assets/lessons; the answers count from A, the runs of a step from 1.
"""

import math
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from leaklab.experiments.frame import Frame
from leaklab.experiments.lesson_runs import Trial
from leaklab.settings import Refusal, Settings

HOME = Path(__file__).parents[2] / "assets" / "lessons"

Letter = Literal["A", "B", "C", "D"]
LETTERS: tuple[Letter, ...] = ("A", "B", "C", "D")


class Check(Settings):
    """The number that decides: a measure of a run, or how far it lies above another, and where the answers part."""

    measure: str  # a scalar of the last frame, or a series, of which it is the sum
    of: int = 1  # the run
    minus: str = ""
    minus_of: int = 1
    cuts: tuple[float, ...]  # rising; below the first it is A
    expected: Letter
    margin: float  # how far from the nearest cut it must be
    reading: str  # the numbers in a sentence: {0} the measure, {1} what is subtracted, {2} what decides

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if not self.cuts or list(self.cuts) != sorted(set(self.cuts)):
            raise ValueError("the cuts have to rise, and there must be one at least")
        if LETTERS.index(self.expected) > len(self.cuts):
            raise ValueError(f"{self.expected} lies beyond the last cut")
        self.read(1.0, 1.0)
        return self

    def numbers(self, finals: Sequence[Frame]) -> tuple[float, float]:
        """Return the measure and what is subtracted from it; not a number where a run has none."""
        subtracted = _number(finals[self.minus_of - 1], self.minus) if self.minus else 0.0
        return _number(finals[self.of - 1], self.measure), subtracted

    def letter(self, value: float) -> Letter:
        """Return the answer that a number decides for."""
        return LETTERS[sum(value >= cut for cut in self.cuts)]

    def clear(self, value: float) -> bool:
        """Return whether a number lies far enough from where the answers part."""
        return min(abs(value - cut) for cut in self.cuts) >= self.margin

    def read(self, first: float, second: float) -> str:
        """Return the numbers in a sentence."""
        try:
            return self.reading.format(first, second, first - second)
        except (IndexError, KeyError, ValueError) as error:
            raise ValueError(f"the reading {self.reading!r} has a gap that no number fits: {error}") from error


class Step(Settings):
    """One question: read, predict, run, and see why."""

    title: str
    minutes: int
    text: str
    question: str
    options: tuple[str, ...]  # in the order of the rising number
    runs: tuple[Trial, ...]
    check: Check
    explanation: str
    answer: str  # for the teacher
    discuss: tuple[str, ...] = ()  # for the teacher

    @property
    def letters(self) -> tuple[Letter, ...]:
        """The letters of the answers."""
        return LETTERS[: len(self.options)]

    def option(self, letter: Letter) -> str:
        """Return an answer in words."""
        return self.options[LETTERS.index(letter)]

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if not 2 <= len(self.options) <= len(LETTERS):
            raise ValueError(f"{self.title!r} has {len(self.options)} answers, and 2 to {len(LETTERS)} are allowed")
        if len(self.options) != len(self.check.cuts) + 1:
            raise ValueError(f"{self.title!r} has {len(self.options)} answers and {len(self.check.cuts)} cuts between")
        if not 1 <= len(self.runs) <= 2 or max(self.check.of, self.check.minus_of) > len(self.runs):
            raise ValueError(f"{self.title!r} has {len(self.runs)} runs: one or two are allowed, and those it measures")
        if min(self.check.of, self.check.minus_of, self.minutes) < 1:
            raise ValueError(f"{self.title!r}: runs and minutes count from 1")
        return self


class Lesson(Settings):
    """Half an hour for a class."""

    title: str
    minutes: int
    learn: tuple[str, ...]
    materials: tuple[str, ...]
    opening: str
    opening_minutes: int
    closing: str
    closing_minutes: int
    steps: tuple[Step, ...]

    @model_validator(mode="after")
    def _sound(self) -> Self:
        taken = self.opening_minutes + self.closing_minutes + sum(step.minutes for step in self.steps)
        if not self.steps or taken != self.minutes:
            raise ValueError(f"{self.title!r} says {self.minutes} minutes and its parts take {taken}")
        return self


def read(path: Path) -> Lesson:
    """Return the lesson of a file.

    Raises: Refusal, naming the file and what is wrong with it.
    """
    try:
        return Lesson.read(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, OSError, UnicodeDecodeError, Refusal) as error:
        raise Refusal(f"The lesson {path.name} cannot be read: {str(error).rstrip('.')}.") from error


def lessons(home: Path = HOME) -> tuple[Lesson, ...]:
    """Return all lessons, in the order of their files' names.

    Raises: Refusal, naming the file and what is wrong with it.
    """
    return tuple(read(path) for path in sorted(home.glob("*.toml")))


def _number(frame: Frame, name: str) -> float:
    return frame.scalars[name] if name in frame.scalars else sum(frame.series.get(name, [math.nan]))
