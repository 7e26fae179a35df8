"""Sweeps as a worker would have stored them, without the seconds they take: every pixel and every score is known."""

import numpy as np

from leaklab.experiments.frame import Frame
from leaklab.experiments.sweep import Axis, Sweep
from leaklab.experiments.sweep_cells import order
from leaklab.experiments.sweep_record import Record
from leaklab.runs.store import Store
from tests.experiments import small
from tests.ui.claiming import taken

GRID = Sweep(
    inversion=small.inversion(),
    axes=(Axis(name="tv-weight", values=(0, 1e-3, 1e-2)), Axis(name="batch", values=(1, 2))),
)  # fmt: skip
LINE = Sweep(inversion=small.inversion(), axes=(Axis(name="restarts", values=(1, 2, 4)),), seeds=3)

_PIXELS = np.random.default_rng(0)


def psnr(x: int, y: int, seed: int) -> float:
    """Return what an attack comes to: more to the right, less below, and a little more with every seed."""
    return 10.0 + 10 * x - 4 * y + seed


def frames(sweep: Sweep) -> list[Frame]:
    """Return a sign of life, a frame for every attack, and the final one."""
    record = Record(sweep.named, sweep.attacks, sweep.seeds)
    sizes = [len(axis.values) for axis in sweep.axes] + [1] * (2 - len(sweep.axes))
    found = [record.passing(0.5)]
    for x, y, seed in order(*sizes, sweep.seeds):
        found.append(record.finished(x, y, seed, _ended(x, y, seed)))
    return [*found, record.closing()]


def keep(store: Store, sweep: Sweep = GRID, *, most: int = 100) -> str:
    """Store a run of which a worker has brought so many frames, and return its id."""
    run_id = taken(store, sweep)
    brought = frames(sweep)
    for frame in brought[:most]:
        store.append(run_id, frame, worker="a test")
    if most >= len(brought):
        store.finish(run_id, worker="a test")
    return run_id


def _ended(x: int, y: int, seed: int) -> Frame:
    """Return what an attack on one photograph, or in the second row on two, ends with."""
    wide = 16 * (1 + y)
    truth = np.full((16, wide, 3), 40 * y, np.uint8)
    pictures = {"truth": truth, "reconstruction": _PIXELS.integers(0, 256, (16, wide, 3)).astype(np.uint8)}
    reached = psnr(x, y, seed)
    scalars = {"psnr": reached, "ssim": reached / 50, "iteration": 3.0, "iterations": 3.0}
    return Frame(0, 1.0, scalars, {}, pictures, note="The round is small.")
