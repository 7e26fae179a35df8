"""Landscape: the loss around the truth, cut along a line or a plane, with the paths of all restarts on it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from leaklab.attacks.generative.in_the_loop import DiffusionInTheLoop
from leaklab.attacks.matching.objective import Objective
from leaklab.attacks.matching.priors import GroupConsistency, LatentKL, Shift
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.matching.spaces import Pixels
from leaklab.attacks.snapshot import Snapshot
from leaklab.evaluation.slices import line, plane
from leaklab.experiments.devices import place
from leaklab.experiments.frame import Frame
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.referee import tiles
from leaklab.federation.secret import Secret
from leaklab.images.source import Source
from leaklab.settings import Refusal, Settings, knob

_EVERY = 5  # iterations between two signs of life while the attack runs
_PATH_POINTS = 60  # of each restart's path; more cannot be told apart on a screen


class Landscape(Settings):
    """What the attack climbs about in: its loss on a slice through the truth and through where it ends.

    The labels are held at the truth, so that the slice is about images alone. Axis one leads from the truth to the
    start of the best restart, axis two to the end of the worst one, or in a random direction where that end is the
    truth itself. Whatever the attack searches, the slice is cut through pixels.
    """

    kind: Literal["landscape"] = "landscape"
    inversion: Inversion = Inversion()
    shape: Literal["line", "surface"] = knob("surface", help="One cut along a line, or a whole surface.")
    points: int = knob(25, low=5, high=61, help="How finely each axis is cut.")
    span: float = knob(
        1.5, low=0.25, high=4, step=0.25, symbol="a, b ∈ [−s, s]",
        help="How far each axis reaches, in lengths of the way from truth to start.",
    )  # fmt: skip
    second: Literal["worst end", "random"] = knob(
        "worst end", title="Second axis", help="Towards the restart that ends worst, or anywhere at random.",
    )  # fmt: skip
    client: int = knob(0, low=0, high=15, level="advanced", help="Which client's update is looked at, from 0.")

    @property
    def source(self) -> Source:
        """Where the private photographs come from."""
        return self.inversion.source

    @property
    def title(self) -> str:
        """A run's name for a list."""
        return f"Landscape of {self.inversion.title}"

    def missing(self) -> list[str]:
        """Return what keeps a landscape from being cut, as sentences; empty when nothing does."""
        if self._searches:
            return []
        return [
            f"A landscape is cut through the loss of a search, and {self.inversion.recipe.name} solves equations: "
            "choose a recipe that searches."
        ]

    def run(self, device: str = "auto") -> Iterator[Frame]:
        """Yield frames while the attack runs and then while the slice fills; the last one holds the whole slice.

        Raises: Refusal, when the scenario cannot be played, or the attack lacks something it needs or never searches.
        """
        if missing := self.missing():
            raise Refusal(" ".join(missing))
        start, inversion = time.perf_counter(), self.inversion
        dtype = getattr(torch, inversion.precision)
        played = inversion.scenario.play(inversion.seed, device=place(device), dtype=dtype)
        chosen = played.exchanges[min(self.client, len(played.exchanges) - 1)]
        path: list[Snapshot] = []
        index = 0
        for _, snapshot in inversion.guesses([chosen]):
            path = _thinned(path) + [snapshot]
            if snapshot.iteration % _EVERY == 0:
                done = {"iteration": float(snapshot.iteration), "iterations": float(inversion.recipe.iterations)}
                done |= {"evaluations": float(snapshot.evaluations)}
                progress = {"progress": snapshot.iteration / inversion.recipe.iterations / 2}
                yield Frame(index, time.perf_counter() - start, done | progress)
                index += 1
        cut = self._cut(chosen, path)
        series = self._axes() | cut.marks(path)
        for number, row in enumerate(self._rows(cut)):
            last = number + 1 == self._height
            done = {"rows_done": number + 1.0, "rows_total": float(self._height)}
            done |= {"progress": (1 + (number + 1) / self._height) / 2}
            # Every frame holds all rows so far, for a worker keeps only some of the frames.
            series = series | {f"row.{number}" if self.shape == "surface" else "line": row.tolist()}
            yield Frame(
                index + number, time.perf_counter() - start, done, series,
                pictures=cut.pictures(path, chosen[1]) if last else {}, note=cut.note(path) if last else "", final=last,
            )  # fmt: skip

    @property
    def _searches(self) -> list[GradientMatching]:
        stages = self.inversion.recipe.stages
        found = (stage.matching if isinstance(stage, DiffusionInTheLoop) else stage for stage in stages)
        return [stage for stage in found if isinstance(stage, GradientMatching)]

    @property
    def _height(self) -> int:
        return self.points if self.shape == "surface" else 1

    def _axes(self) -> dict[str, list[float]]:
        steps = torch.linspace(-self.span, self.span, self.points).tolist()
        return {"x": steps, "y": steps if self.shape == "surface" else [0.0]}

    def _rows(self, cut: "Cut") -> Iterator[Float[Tensor, "across"]]:
        steps = torch.linspace(-self.span, self.span, self.points).to(cut.truth)
        if self.shape == "line":
            yield line(cut.objective.losses, cut.truth, cut.first, steps)
        else:
            yield from plane(cut.objective.losses, cut.truth, (cut.first, cut.second), (steps, steps))

    def _cut(self, exchange, path: list[Snapshot]) -> "Cut":
        observation, secret = exchange
        objective = _over_pixels(self._searches[-1]).bind(observation, secret.labels)
        truth = secret.images.flatten()
        begin, end = path[0], path[-1]
        first = begin.images[end.best].flatten() - truth
        worst = end.images[end.losses.nan_to_num(posinf=-1).argmax()].flatten() - truth
        generator = torch.Generator().manual_seed(self.inversion.seed)
        noise = torch.randn(truth.shape, generator=generator).to(truth)
        second = _across(worst if self.second == "worst end" else noise, first)
        if second is None:
            second = _across(noise, first)
        return Cut(objective, truth, first, second * first.norm() / second.norm())


@dataclass(frozen=True)
class Cut:
    """A plane through the truth: two directions at right angles, of the same length."""

    objective: Objective
    truth: Float[Tensor, "d"]
    first: Float[Tensor, "d"]
    second: Float[Tensor, "d"]

    def place(self, images: Float[Tensor, "n c h w"]) -> tuple[float, float]:
        """Return where images fall on the plane."""
        away = images.flatten() - self.truth
        return float(away @ self.first / self.first.square().sum()), float(
            away @ self.second / self.second.square().sum()
        )

    def marks(self, path: list[Snapshot]) -> dict[str, list[float]]:
        """Return truth, start, reconstruction, and every restart's path, in the plane's coordinates."""
        begin, end = path[0], path[-1]
        named = {"start": begin.images[end.best], "reconstruction": end.images[end.best]}
        series = {f"point.{name}": [*self.place(images), self._loss(images)] for name, images in named.items()}
        series["point.truth"] = [0.0, 0.0, self._loss(self.truth)]
        kept = path[:: max(1, len(path) // _PATH_POINTS)] + [end]
        series["path.iterations"] = [float(snapshot.iteration) for snapshot in kept]
        series["path.best"] = [float(end.best)]
        series["reach"] = [self._reach(axis) for axis in (self.first, self.second)]
        for restart in range(len(end.losses)):
            places = [self.place(snapshot.images[restart]) for snapshot in kept]
            series[f"path.{restart}.x"] = [x for x, _ in places]
            series[f"path.{restart}.y"] = [y for _, y in places]
        return series

    def pictures(self, path: list[Snapshot], secret: Secret) -> dict:
        """Return the truth, the reconstruction, and both axes, by which any place of the plane can be painted.

        An axis has both signs: grey is zero, black and white are its reach to either side.
        """
        end, shape = path[-1], secret.images.shape
        painted = {
            f"axis.{name}": (axis / (2 * self._reach(axis)) + 0.5).reshape(shape)
            for name, axis in (("first", self.first), ("second", self.second))
        }
        painted |= {"truth": secret.images, "reconstruction": end.images[end.best]}
        return {name: tiles(images.float().cpu()) for name, images in painted.items()}

    def note(self, path: list[Snapshot]) -> str:
        """Return in one sentence how the reconstruction's loss compares with the truth's."""
        end = path[-1]
        return (
            f"At the truth the loss is {self._loss(self.truth):.2g}; "
            f"the attack began at {float(path[0].losses[end.best]):.2g} and ended at {float(end.losses[end.best]):.2g}."
        )

    @staticmethod
    def _reach(axis: Float[Tensor, "d"]) -> float:
        """Return the largest number of an axis, whatever its sign."""
        return float(axis.abs().max())

    def _loss(self, images: Tensor) -> float:
        return float(self.objective.losses(images.reshape(1, -1))[0])


def _over_pixels(stage: GradientMatching) -> GradientMatching:
    """Return a stage that measures images as such, each by itself: no point of a plane has restarts or a generator."""
    alone = tuple(prior for prior in stage.priors if not isinstance(prior, GroupConsistency | LatentKL | Shift))
    return stage.model_copy(update={"space": Pixels(), "priors": alone})


def _thinned(path: list[Snapshot]) -> list[Snapshot]:
    """Return a path that is never longer than can be drawn: every other moment goes, the first stays."""
    return path[::2] if len(path) > 2 * _PATH_POINTS else path


def _across(direction: Float[Tensor, "d"], first: Float[Tensor, "d"]) -> Float[Tensor, "d"] | None:
    """Return the part of a direction at right angles to the first axis; None where next to nothing is left."""
    rest = direction - (direction @ first) / first.square().sum() * first
    return rest if rest.norm() > 0.05 * first.norm() else None
