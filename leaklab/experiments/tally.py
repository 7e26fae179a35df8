"""The tally: every label method's counts beside the true ones, scored, timed and turned into frames."""

import time
from typing import Any

import numpy as np
from jaxtyping import Int
from torch import Tensor

from leaklab.attacks.labels import METHODS
from leaklab.attacks.labels.head import Head
from leaklab.evaluation.metrics import multiset_accuracy, presence_accuracy
from leaklab.experiments.frame import Frame
from leaklab.protocol.observation import Observation
from leaklab.settings import Refusal


class Tally:
    """Keeps the counts of every method beside the true ones, and turns them into frames."""

    def __init__(self, true: Int[Tensor, "n"], classes: int, start: float) -> None:
        self.true, self.classes = true, classes
        self.notes: list[str] = []  # sentences about the batch and the network; empty ones are not shown
        self._start, self._index, self._done = start, 0, 0
        self._scalars: dict[str, float] = {}
        self._series = {"true": self._counts(true)}
        self._remarks: list[str] = []

    def read(self, seen: Head) -> None:
        """Keep what the methods look at: the gradient of the last layer, class by class."""
        self._series["rows"] = seen.weight_gradient.sum(1).tolist()
        if seen.bias_gradient is not None:
            self._series["bias"] = seen.bias_gradient.tolist()

    def take(self, key: str, method: Any, observation: Observation) -> None:
        """Let a method count, and score and time it; where it cannot work, keep the reason instead."""
        self._done += 1
        if missing := method.missing(observation):
            self._remark(key, missing)
            return
        try:
            begun = time.perf_counter()
            found = method.recover(observation).cpu()
            seconds = time.perf_counter() - begun
        except Refusal as refusal:
            self._remark(key, [str(refusal)])
            return
        self._remark(key, method.doubts(observation))
        self._series[f"counts.{key}"] = self._counts(found)
        self._scalars |= {
            f"accuracy.{key}": multiset_accuracy(found, self.true),
            f"exists.{key}": presence_accuracy(found, self.true),
            f"seconds.{key}": seconds,
        }

    def frame(self, progress: float, *, pictures: dict[str, np.ndarray] | None = None, final: bool = False) -> Frame:
        """Return all there is so far as a frame; the final one begins its note with the verdict."""
        scalars = {"progress": progress, "methods_done": float(self._done), "methods": float(len(METHODS))}
        lines = [self._verdict() if final else "", *self.notes, *self._remarks]
        note = "\n".join(line for line in lines if line)
        frame = Frame(
            self._index, time.perf_counter() - self._start, scalars | self._scalars, dict(self._series),
            pictures or {}, note, final,
        )  # fmt: skip
        self._index += 1
        return frame

    def _remark(self, key: str, sentences: list[str]) -> None:
        if sentences:
            self._remarks.append(f"{key}: {' '.join(sentences)}")

    def _counts(self, labels: Int[Tensor, "n"]) -> list[float]:
        return [float(count) for count in labels.bincount(minlength=self.classes)]

    def _verdict(self) -> str:
        """Return in one sentence which methods counted best."""
        right = {key: self._scalars[f"accuracy.{key}"] for key in METHODS if f"accuracy.{key}" in self._scalars}
        if not right:
            return "No method applies to these labels."
        best, total = max(right.values()), len(self.true)
        if best == 0:
            return "No method read a single label."
        names = _listed([key for key, share in right.items() if share == best])
        if best < 1:
            return f"{best:.1%} of {total} labels were read by {names}."
        return f"{f'All {total} labels were' if total > 1 else 'The label was'} read by {names}."


def outcomes(final: Frame) -> list[dict[str, Any]]:
    """Return one object a method from the last frame: what it counted, how well, and what was said of it.

    What a method that did not apply has no number for is None.
    """
    return [
        {
            "method": key,
            "accuracy": final.scalars.get(f"accuracy.{key}"),
            "exists_accuracy": final.scalars.get(f"exists.{key}"),
            "counts_true": _whole(final.series["true"]),
            "counts_recovered": _whole(final.series.get(f"counts.{key}")),
            "seconds": final.scalars.get(f"seconds.{key}"),
            "note": " ".join(said for of, said in map(_said, final.note.split("\n")) if of == key),
        }
        for key in METHODS
    ]


def remarks(final: Frame) -> list[str]:
    """Return what the last frame says of batch and network rather than of a single method."""
    return [line for line in final.note.split("\n") if not _said(line)[0]]


def _said(line: str) -> tuple[str, str]:
    """Return the method that a line of a note is about, empty for none, and what is said."""
    key, colon, rest = line.partition(": ")
    return (key, rest) if colon and key in METHODS else ("", line)


def _whole(counts: list[float] | None) -> list[int] | None:
    return None if counts is None else [int(count) for count in counts]


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
