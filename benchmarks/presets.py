"""Every preset of every page on one core: when it ends, and when what it ends with could be seen.

A class waits for these, so each should show its effect within ten seconds. Where a run has scores, the effect is
there as soon as its PSNR is and stays within one decibel of the last one, or where no eye sees a difference any more;
an attack that never gets anywhere shows so at its end, and so does whatever has no scores of its own.
"""

from collections.abc import Iterator, Mapping
from itertools import takewhile

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
from leaklab.experiments.sweep_presets import SWEEP_PRESETS
from leaklab.settings import Refusal, Settings

PAGES: Mapping[str, Mapping[str, Preset]] = {
    "Playground": PRESETS, "Labels": LABEL_PRESETS, "Federation": FEDERATION_PRESETS, "Drift": PATHS_PRESETS,
    "Drift, line": DRIFT_PRESETS, "Defences": COMPARISON_PRESETS, "Enhance": ENHANCING_PRESETS,
    "Compare": LINEUP_PRESETS, "Sweeps": SWEEP_PRESETS,
}  # fmt: skip
NEAR = 1.0  # decibels
LONG = 60.0  # seconds a run is followed at most
_WARM = "easy-leak"  # what is run before anything is measured


def rows(quick: bool) -> Iterator[Row]:
    """Yield how long each preset takes until its effect can be seen, and beside it how long until it ends."""
    for _ in PRESETS[_WARM].experiment.run("cpu"):
        pass
    for page, presets in PAGES.items():
        for preset in list(presets.values())[: 1 if quick else None]:
            try:
                yield from _measured(f"{page}, {preset.title}", parts(preset.experiment))
            except Refusal as refusal:
                yield Row(f"{page}, {preset.title}", note=f"left out: {refusal}")


def parts(experiment: Settings) -> tuple[Experiment, ...]:
    """Return what a preset asks for: itself, or the attacks that it sets side by side."""
    if isinstance(experiment, Lineup):
        return experiment.inversions
    if isinstance(experiment, Comparison):
        columns = [experiment.defended(one.protection, one.strength) for one in experiment.columns]
        return experiment.defended(), *columns
    return (experiment,)


def _measured(title: str, experiments: tuple[Experiment, ...]) -> Iterator[Row]:
    """Yield how long a preset takes, its attacks one after the other, and how far off its estimate was.

    Raises: Refusal, when one cannot be carried out.
    """
    runs = [_followed(experiment) for experiment in experiments]
    ends = [frames[-1].seconds for frames in runs]
    waits = sum(seen(frames) for frames in runs)
    several = f"{len(runs)} attacks, one after the other; " if len(runs) > 1 else ""
    going = "" if all(frames[-1].final for frames in runs) else ", where it was not over"
    note = f"{several}first result after {runs[0][0].seconds:.1f} s, end after {sum(ends):.1f} s{going}"
    yield Row(title, (waits,), "s", at_most=10, note=note)
    if len(runs) == 1 and runs[0][-1].final:
        yield from _estimated(f"{title}: evaluations said / taken", experiments[0], runs[0][-1])


def _followed(experiment: Experiment) -> list[Frame]:
    """Return the frames of a run, as long as a class would look at it."""
    frames = []
    for frame in experiment.run("cpu"):
        frames.append(frame)
        if frame.seconds > LONG:
            break
    return frames


def _estimated(title: str, experiment: Experiment, last: Frame) -> Iterator[Row]:
    """Yield how far off the number of evaluations was that the page says before the press, where it says one."""
    said = costs.evaluations(experiment) if isinstance(experiment, Inversion) else None
    if said and said.count and (taken := last.scalars.get("evaluations")):
        yield Row(title, (said.count / taken,), "x", at_most=2, note='said with "at most"' if said.early else "")


def seen(frames: list[Frame]) -> float:
    """Return after how many seconds a run shows what it ends with; what has no scores of its own, at its end."""
    scored = [frame for frame in frames if "psnr" in frame.scalars]
    if not frames[-1].final:
        return LONG
    if not scored or not frames[-1].scalars.get("iteration"):
        return frames[-1].seconds
    end = min(scored[-1].scalars["psnr"], RECOVERED)
    near = list(takewhile(lambda frame: abs(min(frame.scalars["psnr"], RECOVERED) - end) <= NEAR, reversed(scored)))
    failed = len(near) == len(scored)  # that nothing comes is seen when nothing has come
    return frames[-1].seconds if failed else near[-1].seconds
