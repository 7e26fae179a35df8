"""Runs of a lesson as a worker would have stored them, without the minutes they take: three moments, few pixels."""

import numpy as np

from leaklab.experiments.experiment import Experiment
from leaklab.experiments.frame import Frame
from leaklab.experiments.lessons import Step
from leaklab.experiments.viewpoints import VIEWS
from leaklab.runs.store import Store
from tests.ui.claiming import taken

_PIXELS = np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.uint8)
_MOMENTS = 3
_BASE = 45.0  # what another number is subtracted from: a run of two steps says the same in both


def keep(store: Store, step: Step, *, saying: str = "") -> list[str]:
    """Store finished runs of a step whose numbers say an answer, or the expected one; return their ids."""
    value = _deciding(step, saying or step.check.expected)
    return [_kept(store, trial.experiment, _measured(step, number, value)) for number, trial in enumerate(step.runs, 1)]


def _deciding(step: Step, letter: str) -> float:
    """Return a number that lies clearly where an answer does."""
    cuts, at = step.check.cuts, step.letters.index(letter)
    if at == 0:
        return cuts[0] - 2 * step.check.margin
    if at == len(cuts):
        return cuts[-1] + 2 * step.check.margin
    return (cuts[at - 1] + cuts[at]) / 2


def _measured(step: Step, number: int, value: float) -> dict[str, float]:
    """Return what a run of the step has to measure for this number."""
    check, base = step.check, _BASE if step.check.minus else 0.0
    found = {check.measure: base + value} if check.of == number else {}
    return found | ({check.minus: base} if check.minus and check.minus_of == number else {})


def _kept(store: Store, experiment: Experiment, measured: dict[str, float]) -> str:
    run_id = taken(store, experiment)
    for number in range(_MOMENTS):
        store.append(run_id, _frame(number, measured), worker="a test")
    store.finish(run_id, worker="a test")
    return run_id


def _frame(number: int, measured: dict[str, float]) -> Frame:
    """Return a frame that every kind of run may have: one photograph, seen from everywhere, by everybody."""
    final = number == _MOMENTS - 1
    scalars = {
        "iteration": 10.0 * number, "iterations": 20.0, "progress": number / 2, "loss": 1.0, "psnr": 20.0, "ssim": 0.5,
        "adaptive.psnr": 20.0, "adaptive.ssim": 0.5, "round": 1.0, "rounds": 1.0, "accuracy": 0.5, "psnr.raw": 6.0,
    }  # fmt: skip
    series = {"losses.0": [1.0], "psnr": [20.0], "adaptive.psnr": [21.0], "baseline.noise": [8.0]}
    series |= {"true": [1.0, 0.0], "rows": [-1.0, 1.0], "bias": [-1.0, 1.0]}
    pictures = {"reconstruction": _PIXELS, "adaptive": _PIXELS, "raw": _PIXELS}
    for view in VIEWS:
        scalars |= {f"psnr.{view}": 20.0, f"ssim.{view}": 0.5}
        series |= {f"psnr.{view}": [20.0], f"ssim.{view}": [0.5], f"client.{view}": [0.0], f"recognised.{view}": [1.0]}
        pictures |= {f"reconstruction.{view}": _PIXELS} | ({} if number else {f"truth.{view}": _PIXELS})
    pictures |= {} if number else {"truth": _PIXELS, "batch": _PIXELS, "sent": _PIXELS}
    note = "Recovered in 1.0 s: PSNR 57 dB." if final else ""
    return Frame(number, float(number), scalars | (measured if final else {}), series, pictures, note, final)
