"""Every preset of every page on two cores: when it ends, and when what it ends with could be seen.

A class waits for these, so each should show its effect within ten seconds. As in the app a run has one core, and of
several that are set side by side two go at once. Where a run has scores, the effect is
there as soon as its PSNR is and stays within one decibel of the last one, or where no eye sees a difference any more;
an attack that never gets anywhere shows so at its end, and so does whatever has no scores of its own. A map of one
seed shows it when its corners stand, which come first for that; one of several seeds, where luck is the matter, at its
end.
"""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import replace
from itertools import islice, takewhile
from multiprocessing import get_context

import torch

from benchmarks.attack import RECOVERED
from benchmarks.table import Row
from leaklab.experiments import costs
from leaklab.experiments.catalogue import LABEL_PRESETS, PRESETS, Preset
from leaklab.experiments.comparison import Comparison
from leaklab.experiments.comparison_presets import COMPARISON_PRESETS
from leaklab.experiments.drift_presets import DRIFT_PRESETS, PATHS_PRESETS
from leaklab.experiments.enhancing_presets import ENHANCING_PRESETS
from leaklab.experiments.experiment import Experiment
from leaklab.experiments.federation_presets import FEDERATION_PRESETS
from leaklab.experiments.frame import Frame
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.lineup import Lineup
from leaklab.experiments.lineup_presets import LINEUP_PRESETS
from leaklab.experiments.sweep import Sweep
from leaklab.experiments.sweep_presets import SWEEP_PRESETS
from leaklab.settings import Refusal, Settings

PAGES: Mapping[str, Mapping[str, Preset]] = {
    "Playground": PRESETS, "Labels": LABEL_PRESETS, "Federation": FEDERATION_PRESETS, "Drift": PATHS_PRESETS,
    "Drift, line": DRIFT_PRESETS, "Defences": COMPARISON_PRESETS, "Enhance": ENHANCING_PRESETS,
    "Compare": LINEUP_PRESETS, "Sweeps": SWEEP_PRESETS,
}  # fmt: skip
NEAR = 1.0  # decibels
LONG = 60.0  # seconds a run is followed at most
_WARM, _WARMLY = "easy-leak", 20  # what is run before anything is measured, and for how many frames
_CORES = 2


def rows(quick: bool) -> Iterator[Row]:
    """Yield how long each preset takes until its effect can be seen, and beside it how long until it ends."""
    with ProcessPoolExecutor(_CORES, get_context("spawn"), _warmed) as cores:
        list(cores.map(time.sleep, [1.0] * _CORES))  # for processes are started when there is something to do
        for page, presets in PAGES.items():
            for preset in list(presets.values())[: 1 if quick else None]:
                try:
                    yield from _measured(f"{page}, {preset.title}", parts(preset.experiment), cores)
                except Refusal as refusal:
                    yield Row(f"{page}, {preset.title}", note=f"left out: {refusal}")


def _warmed() -> None:
    """Do in a process what a worker of the app has done before it takes its first run, and a little more."""
    torch.set_num_threads(1)
    for _ in islice(PRESETS[_WARM].experiment.run("cpu"), _WARMLY):
        pass


def parts(experiment: Settings) -> tuple[Experiment, ...]:
    """Return what a preset asks for: itself, or the attacks that it sets side by side."""
    if isinstance(experiment, Lineup):
        return experiment.inversions
    if isinstance(experiment, Comparison):
        columns = [experiment.defended(one.protection, one.strength) for one in experiment.columns]
        return experiment.defended(), *columns
    return (experiment,)


def _measured(title: str, experiments: tuple[Experiment, ...], cores: Executor) -> Iterator[Row]:
    """Yield how long a preset takes, its attacks on all cores, and how far off its estimate was.

    Raises: Refusal, when one cannot be carried out.
    """
    began = time.time()
    runs = list(cores.map(_followed, experiments))
    begins = [begin - began for begin, _ in runs]
    waits = max(
        begin + seen(frames, _cells(one)) for one, begin, (_, frames) in zip(experiments, begins, runs, strict=True)
    )
    end = max(begin + frames[-1].seconds for begin, (_, frames) in zip(begins, runs, strict=True))
    several = f"{len(runs)} attacks, two at once; " if len(runs) > 1 else ""
    going = "" if all(frames[-1].final for _, frames in runs) else ", where it was not over"
    note = f"{several}first result after {runs[0][1][0].seconds:.1f} s, end after {end:.1f} s{going}"
    yield Row(title, (waits,), "s", at_most=10, note=note)
    if len(runs) == 1 and (last := runs[0][1][-1]).final:
        yield from _estimated(f"{title}: evaluations said / taken", experiments[0], last)


def _followed(experiment: Experiment) -> tuple[float, list[Frame]]:
    """Return when a run began, and its numbers for as long as a class would look at it."""
    began, frames = time.time(), []
    for frame in experiment.run("cpu"):
        frames.append(replace(frame, series={}, pictures={}))  # a process hands over what it has seen: no pictures
        if frame.seconds > LONG:
            break
    return began, frames


def _estimated(title: str, experiment: Experiment, last: Frame) -> Iterator[Row]:
    """Yield how far off the number of evaluations was that the page says before the press, where it says one."""
    said = costs.evaluations(experiment) if isinstance(experiment, Inversion) else None
    if said and said.count and (taken := last.scalars.get("evaluations")):
        yield Row(title, (said.count / taken,), "x", at_most=2, note='said with "at most"' if said.early else "")


def _cells(experiment: Experiment) -> int:
    """Return how many cells a map shows its shape with; 0 where that takes all, or where there is no map."""
    return len(experiment.corners()) if isinstance(experiment, Sweep) and experiment.seeds == 1 else 0


def seen(frames: list[Frame], cells: int) -> float:
    """Return after how many seconds a run shows what it ends with; what has no scores of its own, at its end."""
    scored = [frame for frame in frames if "psnr" in frame.scalars]
    if cells:
        return next((frame.seconds for frame in frames if frame.scalars["cells_done"] >= cells), LONG)
    if not frames[-1].final:
        return LONG
    if not scored or not frames[-1].scalars.get("iteration"):
        return frames[-1].seconds
    end = min(scored[-1].scalars["psnr"], RECOVERED)
    near = list(takewhile(lambda frame: abs(min(frame.scalars["psnr"], RECOVERED) - end) <= NEAR, reversed(scored)))
    failed = len(near) == len(scored)  # that nothing comes is seen when nothing has come
    return frames[-1].seconds if failed else near[-1].seconds
