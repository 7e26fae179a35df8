"""Every preset of every page on one core: when it ends, and when what it ends with could be seen.

A class waits for these, so each should show its effect within ten seconds. Where a run has scores, the effect is
there as soon as its PSNR is and stays within one decibel of the last one, or where no eye sees a difference any more;
an attack that never gets anywhere shows so at its end. Otherwise the effect is there with the second result.
"""

from collections.abc import Iterator, Mapping
from itertools import takewhile

from benchmarks.attack import RECOVERED
from benchmarks.table import Row
from leaklab.experiments import costs
from leaklab.experiments.catalogue import LABEL_PRESETS, PRESETS, Preset
from leaklab.experiments.comparison_presets import COMPARISON_PRESETS
from leaklab.experiments.drift_presets import DRIFT_PRESETS, PATHS_PRESETS
from leaklab.experiments.enhancing_presets import ENHANCING_PRESETS
from leaklab.experiments.experiment import Experiment
from leaklab.experiments.federation_presets import FEDERATION_PRESETS
from leaklab.experiments.frame import Frame
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.lineup_presets import LINEUP_PRESETS
from leaklab.experiments.sweep_presets import SWEEP_PRESETS
from leaklab.settings import Refusal

PAGES: Mapping[str, Mapping[str, Preset]] = {
    "Playground": PRESETS, "Labels": LABEL_PRESETS, "Federation": FEDERATION_PRESETS, "Drift": PATHS_PRESETS,
    "Drift, line": DRIFT_PRESETS, "Defences": COMPARISON_PRESETS, "Enhance": ENHANCING_PRESETS,
    "Compare": LINEUP_PRESETS, "Sweeps": SWEEP_PRESETS,
}  # fmt: skip
NEAR = 1.0  # decibels
_WARM = "easy-leak"  # what is run before anything is measured


def rows(quick: bool) -> Iterator[Row]:
    """Yield how long each preset takes until its effect can be seen, and beside it how long until it ends."""
    for _ in PRESETS[_WARM].experiment.run("cpu"):
        pass
    for page, presets in PAGES.items():
        for preset in list(presets.values())[: 1 if quick else None]:
            try:
                frames = list(preset.experiment.run("cpu"))
            except Refusal as refusal:
                yield Row(f"{page}, {preset.title}", note=f"left out: {refusal}")
                continue
            note = f"first result after {frames[0].seconds:.1f} s, ends after {frames[-1].seconds:.1f} s"
            yield Row(f"{page}, {preset.title}", (seen(frames),), "s", at_most=10, note=note)
            yield from _estimated(f"{page}, {preset.title}: evaluations said / taken", preset.experiment, frames[-1])


def _estimated(title: str, experiment: Experiment, last: Frame) -> Iterator[Row]:
    """Yield how far off the number of evaluations was that the page says before the press, where it says one."""
    said = costs.evaluations(experiment) if isinstance(experiment, Inversion) else None
    if said and said.count and (taken := last.scalars.get("evaluations")):
        yield Row(title, (said.count / taken,), "x", at_most=2, note='said with "at most"' if said.early else "")


def seen(frames: list[Frame]) -> float:
    """Return after how many seconds a run shows what it ends with."""
    scored = [frame for frame in frames if "psnr" in frame.scalars]
    if not scored or not frames[-1].scalars.get("iteration"):
        return frames[min(1, len(frames) - 1)].seconds
    end = min(scored[-1].scalars["psnr"], RECOVERED)
    near = list(takewhile(lambda frame: abs(min(frame.scalars["psnr"], RECOVERED) - end) <= NEAR, reversed(scored)))
    failed = len(near) == len(scored)  # that nothing comes is seen when nothing has come
    return frames[-1].seconds if failed else near[-1].seconds
