"""The record of a sweep while it goes on: the cells that are done, their pictures, and what could not be attacked."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from leaklab.experiments.frame import Frame
from leaklab.experiments.sweep_cells import Cell, Named, series, spreads, verdict
from leaklab.settings import Refusal

_LINGER = 0.5  # seconds for which frames go on carrying a picture: a worker does not keep every frame


@dataclass
class Record:
    """Keeps what every attack of a grid came to, and turns it into frames."""

    axes: Sequence[Named]
    attacks: int
    seeds: int
    cells: list[Cell] = field(default_factory=list)
    pictures: dict[str, np.ndarray] = field(default_factory=dict)
    truths: list[np.ndarray] = field(default_factory=list)  # those that differ
    remarks: dict[str, None] = field(default_factory=dict)
    reasons: dict[str, list[Cell]] = field(default_factory=dict)  # why attacks could not be carried out
    index: int = 0
    began: float = field(default_factory=time.perf_counter)
    born: dict[str, float] = field(default_factory=dict)  # when each picture was new
    turned: float = field(default_factory=time.perf_counter)  # when the present attack began

    def passing(self, share: float) -> Frame:
        """Return a sign of life in the middle of an attack."""
        return self._frame({}, share)

    def finished(self, x: int, y: int, seed: int, found: Frame) -> Frame:
        """Take note of an attack by the frame it ended with."""
        scores = {name: found.scalars[name] for name in ("psnr", "ssim")}
        cell = Cell(x, y, seed, *scores.values(), self._lap(), self._truth(found.pictures["truth"]))
        self.cells.append(cell)
        self._show(cell.picture, found.pictures["reconstruction"])
        self.remarks |= dict.fromkeys(found.note.splitlines())
        told = {"iteration": found.scalars["iteration"], "iterations": found.scalars["iterations"]}
        return self._frame(scores | {"cell_seconds": cell.seconds} | told)

    def refused(self, x: int, y: int, seed: int, refusal: Refusal) -> Frame:
        """Take note of an attack that cannot be carried out.

        Raises: Refusal, when it was the last one and none could be.
        """
        cell = Cell(x, y, seed, math.nan, math.nan, self._lap(), 0)
        self.cells.append(cell)
        self.reasons.setdefault(str(refusal), []).append(cell)
        if len(self.cells) == self.attacks and not self.pictures:
            raise Refusal(" ".join(self.reasons))
        return self._frame({"cell_seconds": cell.seconds})

    def closing(self) -> Frame:
        """Return the last frame: all pictures, the best pair of them, what changed most, and what kept cells empty."""
        best = max(spreads(self.cells).values(), key=lambda one: one.psnr[1]).middle
        pair = {"truth": self.truths[best.truth], "reconstruction": self.pictures[best.picture]}
        empty = [f"{self._where(held)}: {reason}" for reason, held in self.reasons.items()]
        note = "\n".join([verdict(self.axes, self.cells, seeds=self.seeds), *empty, *self.remarks])
        scalars = self._scalars(0.0) | {"psnr": best.psnr, "ssim": best.ssim}
        return Frame(self.index, self._seconds(), scalars, series(self.cells), self.pictures | pair, note, final=True)

    def _frame(self, scalars: dict[str, float], share: float = 0.0) -> Frame:
        now = time.perf_counter()
        fresh = {name: self.pictures[name] for name, born in self.born.items() if now - born < _LINGER}
        first = {"truth": self.truths[0]} if self.truths and "truth.0" in fresh else {}
        self.index += 1
        scalars = scalars | self._scalars(share)
        return Frame(self.index - 1, self._seconds(), scalars, series(self.cells), fresh | first)

    def _scalars(self, share: float) -> dict[str, float]:
        done = len(self.cells)
        return {
            "cells": float(self.attacks), "cells_done": float(done), "progress": min(1.0, (done + share) / self.attacks)
        }  # fmt: skip

    def _truth(self, truth: np.ndarray) -> int:
        """Return the number of some private photographs, under which their picture is kept."""
        known = (number for number, one in enumerate(self.truths) if np.array_equal(one, truth))
        number = next(known, len(self.truths))
        if number == len(self.truths):
            self.truths.append(truth)
            self._show(f"truth.{number}", truth)
        return number

    def _show(self, name: str, picture: np.ndarray) -> None:
        self.pictures[name], self.born[name] = picture, time.perf_counter()

    def _where(self, held: Sequence[Cell]) -> str:
        """Say for which values of the axes something holds."""
        said = []
        for number, axis in enumerate(self.axes):
            at = dict.fromkeys((one.x, one.y)[number] for one in held)
            if len(at) < len(axis.values):
                said.append(f"{axis.title} = {', '.join(axis.values[one] for one in sorted(at))}")
        return "; ".join(said) or "Some cells"

    def _lap(self) -> float:
        """Return how long the present attack has taken, and begin the next one."""
        now = time.perf_counter()
        seconds, self.turned = now - self.turned, now
        return seconds

    def _seconds(self) -> float:
        return time.perf_counter() - self.began
