"""Rivals: leaklab beside public implementations, each run from its own checkout in this process, taking turns.

While a clock runs, images and times are only kept; what they are worth is found out afterwards. Every attack begins
from nothing: what it prepares counts, and one short round of everything goes before, so that all is imported.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from benchmarks import breaching, course_project
from benchmarks.attack import play
from benchmarks.table import Row
from benchmarks.trail import Trail, ours
from leaklab.attacks.recipe import Recipe
from leaklab.attacks.recipes import DLG, RECIPES
from leaklab.evaluation.metrics import psnr
from leaklab.experiments.catalogue import tuned
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.scenario import Played, Scenario
from leaklab.images.collection import data_root
from leaklab.images.source import Folder, Photos, Source

CLOSED_FORM = "fast-lenet"
SEARCH = "fast-search"
SEED, COUNT, ITERATIONS = 1234, 10, 200
LOST, FINE, NEAR = 20.0, 35.0, 0.1  # dB: below is lost; no difference is seen; as good as


@dataclass(frozen=True)
class Way:
    """How one attack on one image went: the images it came by, and what each is worth in dB."""

    trail: Trail
    psnr: list[float]

    def until(self, wanted: float) -> float:
        """Return the seconds until a quality was reached; infinity where it never was."""
        return self.trail.reached(self.psnr, wanted)


@dataclass(frozen=True)
class Round:
    """One image, attacked by the course project's code, by our closed form and by our search."""

    name: str
    theirs: Way
    closed: Way
    search: Way
    psnr: float  # of what theirs returned

    @property
    def seconds(self) -> float:
        """The seconds of all their iterations, until the network is asked the last time."""
        return self.theirs.trail.seconds[-1]

    @property
    def lost(self) -> bool:
        """Whether theirs diverged, or ended far from the image."""
        return self.psnr < LOST


def rows(quick: bool) -> Iterator[Row]:
    """Yield LeNet beside the course project's code, then Inverting Gradients on a ResNet-18 beside breaching."""
    test = data_root("") / "cifar10" / "test"
    title, source = ("CIFAR-10", Folder(root=str(test))) if test.is_dir() else ("photographs", Photos())
    folder = course_project.checkout()
    if folder is None:
        yield Row("LeNet, course project", note=course_project.ABSENT)
    else:
        count, iterations = (2, 40) if quick else (COUNT, ITERATIONS)
        most = iterations if quick else None
        _round(folder, source, SEED, 1, most=1)
        seeds = enumerate(range(SEED, SEED + count))
        rounds = [_round(folder, source, seed, iterations, turn=turn, most=most) for turn, seed in seeds]
        yield from lenet(
            rounds, f"LeNet, one image ({title})", f"commit {course_project.commit(folder)}, {iterations} iterations"
        )
    yield from breaching.rows(quick, source)


def lenet(rounds: list[Round], what: str, note: str) -> Iterator[Row]:
    """Yield what the rounds came to, as ratios within each."""
    kept = [one for one in rounds if not one.lost]
    lost = ", ".join(one.name for one in rounds if one.lost)
    left_out = f"left out, lost by theirs: {lost}" if lost else "none left out"
    yield Row(f"{what}, course project: PSNR", tuple(one.psnr for one in rounds), "dB", note=note)
    yield Row(f"{what}, course project: seconds", tuple(one.seconds for one in rounds), "s")
    above = float(len(kept))
    yield Row(f"{what}, course project: above {LOST:.0f} dB of {len(rounds)}", (above,), note=lost and f"lost: {lost}")
    for key, ways in ((CLOSED_FORM, [one.closed for one in rounds]), (SEARCH, [one.search for one in rounds])):
        yield Row(f"{what}, {key}: PSNR", tuple(way.psnr[-1] for way in ways), "dB", note=_remarks(ways))
        yield Row(f"{what}, {key}: above {LOST:.0f} dB of {len(ways)}", (float(_above(ways)),))
    fine = tuple(one.closed.until(FINE) for one in rounds)
    yield Row(f"{what}, {CLOSED_FORM}: seconds to {FINE:.0f} dB", fine, "s", by="highest", at_most=2)
    faster = tuple(one.seconds / until for one, until in zip(rounds, fine, strict=True))
    yield Row(f"{what}, {CLOSED_FORM}: times faster", faster, "x", at_least=10)
    until = tuple(one.search.until(one.psnr) for one in kept)
    yield Row(f"{what}, {SEARCH}: seconds to their PSNR", until, "s", note=left_out)
    faster = tuple(one.seconds / taken for one, taken in zip(kept, until, strict=True))
    yield Row(f"{what}, {SEARCH}: times faster than all of theirs", faster, "x", at_least=4, note=left_out)
    stricter = tuple(one.theirs.until(one.psnr - NEAR) / one.search.until(one.psnr - NEAR) for one in kept)
    note = f"both until within {NEAR} dB of what theirs ends with: its idle iterations behind that do not count"
    yield Row(f"{what}, {SEARCH}: times faster than theirs to get there", stricter, "x", note=note)


def _round(
    folder: Path, source: Source, seed: int, iterations: int, *, turn: int = 0, most: int | None = None
) -> Round:
    """Attack one image in all three ways, another one first every turn; `most` iterations of ours, None for all."""
    scene = Inversion(scenario=Scenario(source=source), recipe=tuned(DLG, restarts=1, iterations=iterations), seed=seed)
    played, theirs = play(scene), Trail()
    single = scene.model_copy(update={"precision": "float32"})  # as theirs computes; the equations want all digits
    scenes = {"closed": (scene, played), "search": (single, play(single))}
    recipes = {
        "closed": tuned(RECIPES[CLOSED_FORM], iterations=most),
        "search": tuned(RECIPES[SEARCH], iterations=most),
    }
    ways: list[tuple[str, Callable[[], object]]] = [
        ("theirs", lambda: course_project.attack(folder, scene, theirs)),
        *((name, lambda name=name: _ours(*scenes[name], recipes[name])) for name in recipes),
    ]
    turn %= len(ways)
    found = {name: way() for name, way in ways[turn:] + ways[:turn]}
    scores, _ = found.pop("theirs")
    truth = played.exchanges[0][1].images.float()
    judged = {name: Way(trail, _psnr(trail, truth)) for name, trail in (found | {"theirs": theirs}).items()}
    return Round(played.pictures.names[0], psnr=float(scores.values["psnr"][0]), **judged)


def _ours(inversion: Inversion, played: Played, recipe: Recipe) -> Trail:
    return ours(inversion.model_copy(update={"recipe": recipe}), played)


def _psnr(trail: Trail, truth: Tensor) -> list[float]:
    images = torch.cat(trail.images).float()
    return psnr(images, truth.expand_as(images)).tolist()


def _above(ways: list[Way]) -> int:
    return sum(way.psnr[-1] >= LOST for way in ways)


def _remarks(ways: list[Way]) -> str:
    return " ".join(sorted({way.trail.remark for way in ways if way.trail.remark}))
