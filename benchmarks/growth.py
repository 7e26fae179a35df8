"""Growth: what more restarts, more images and more iterations cost, against LeNet with DLG's objective.

The sizes take turns in one process, and what counts are the ratios within a round. The peak of the memory is that of a
fresh process for each size.
"""

import math
import multiprocessing
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar

import torch

from benchmarks.attack import play
from benchmarks.table import Row
from benchmarks.trail import clock, ours
from leaklab.attacks.matching.optimisers import Adam
from leaklab.attacks.recipes import DLG
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.scenario import Scenario
from leaklab.federation.rounds import Federation

SEED, MOST = 1234, 128  # images times restarts
IMAGES = (1, 2, 4, 8)
ITERATIONS = (20, 40, 80)
LINEAR, EVEN = 1.1, 0.15
WARM_UP, SHORT = 3, 16  # rounds; a size below is evaluated several times, so that a turn is long enough to be timed

Size = tuple[int, int]  # images, restarts
Key = TypeVar("Key")


def rows(quick: bool) -> Iterator[Row]:
    """Yield the share of time of every size, then the seconds of an iteration by their number."""
    sizes = list(grid(4 if quick else MOST))
    times = in_turns({size: _evaluation(size) for size in sizes}, rounds=5 if quick else 30)
    yield from by_size(times, {size: peak(size) for size in sizes})
    ways = {count: _search(count) for count in ITERATIONS}
    yield from by_iterations(in_turns(ways, rounds=2 if quick else 10, warm_up=1))


def grid(most: int) -> Iterator[Size]:
    """Yield images and restarts, both in powers of two, that make no more than so many pictures together."""
    for images in IMAGES:
        yield from ((images, 2**power) for power in range((most // images).bit_length()))


def by_size(times: dict[Size, list[float]], peaks: dict[Size, float]) -> Iterator[Row]:
    """Yield the seconds for an image and restart, as shares of those of the smallest size in the same round."""
    (smallest, first), *others = times.items()
    note = f"peak of the process {peaks[smallest]:.0f} MB"
    yield Row("one image, one restart: an evaluation", tuple(1000 * one for one in first), "ms", note=note)
    for (images, restarts), taken in others:
        shares = tuple(one / (images * restarts) / whole for one, whole in zip(taken, first, strict=True))
        note = f"peak of the process {peaks[images, restarts]:.0f} MB"
        what = f"images: {images}, restarts: {restarts}: an image and restart / one alone"
        yield Row(what, shares, "x", at_most=LINEAR, note=note)


def by_iterations(times: dict[int, list[float]]) -> Iterator[Row]:
    """Yield the seconds of an iteration, and by how much they change as there are more of them."""
    (fewest, first), *others = times.items()
    yield Row(f"Adam, {fewest} iterations: one takes", tuple(1000 * one for one in first), "ms")
    for count, taken in others:
        shares = tuple(one / other for one, other in zip(taken, first, strict=True))
        what = f"Adam, {count} iterations: one / one of {fewest}"
        yield Row(what, shares, "x", at_least=1 - EVEN, at_most=1 + EVEN)


def in_turns(ways: dict[Key, Callable[[], float]], *, rounds: int, warm_up: int = WARM_UP) -> dict[Key, list[float]]:
    """Return the seconds each way says it took, round by round; another one begins every round."""
    times: dict[Key, list[float]] = {key: [] for key in ways}
    keys = list(ways)
    for turn in range(-warm_up, rounds):
        for key in keys[turn % len(keys) :] + keys[: turn % len(keys)]:
            seconds = ways[key]()
            if turn >= 0:
                times[key].append(seconds)
    return times


def peak(size: Size) -> float:
    """Return the most megabytes that a fresh process held which did nothing but evaluate one size; nan if not told."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_peak, size, torch.get_num_threads()).result()


def _peak(size: Size, threads: int) -> float:
    torch.set_num_threads(threads)
    _evaluation(size)()
    # Not getrusage's, which on Linux begins at what the parent held.
    told = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", told.read_text()) if told.is_file() else None
    return int(found[1]) * 1024 / 1e6 if found else math.nan


def _inversion(size: Size) -> Inversion:
    scenario = Scenario(federation=Federation(images_per_client=size[0]))
    return Inversion(scenario=scenario, recipe=DLG, seed=SEED)


def _evaluation(size: Size) -> Callable[[], float]:
    objective = DLG.stages[0].bind(play(_inversion(size)).exchanges[0][0], None)
    code, times = objective.start(size[1], SEED), max(1, SHORT // (size[0] * size[1]))
    program = objective.program(code)

    def evaluate() -> float:
        start = clock()
        for _ in range(times):
            program(code)
        return (clock() - start) / times

    return evaluate


def _search(iterations: int) -> Callable[[], float]:
    stage = DLG.stages[0].model_copy(update={"optimiser": Adam(), "iterations": iterations, "enough": 0.0})
    inversion = _inversion((1, 1)).model_copy(update={"recipe": DLG.model_copy(update={"stages": (stage,)})})
    played = play(inversion)

    def search() -> float:
        trail = ours(inversion, played)
        return (trail.seconds[-1] - trail.seconds[0]) / iterations

    return search
