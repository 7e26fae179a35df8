"""A walk as a worker would have stored it, without the minutes it takes: four steps, two photographs, three moments."""

import numpy as np

from leaklab.experiments.frame import Frame
from leaklab.experiments.paths import ATTACKS, Paths
from leaklab.runs.store import Store
from tests.ui.claiming import taken

SMALL = Paths().changed(("inversion", "scenario", "federation", "images_per_client"), 2)

_ENDS = [0.0, 0.0, 1.0, 0.0, 1.0]
_PIXELS = np.random.default_rng(0).integers(0, 256, (1 + 3 * len(ATTACKS), 16, 32, 3)).astype(np.uint8)


def frames(moments: int = 3) -> list[Frame]:
    """Return the client's own frame and so many with all four simulations, the last of them final."""
    return [_frame(number, number == moments) for number in range(moments + 1)]


def pixels(number: int, name: str) -> np.ndarray:
    """Return what a simulation has rebuilt at a moment."""
    return _PIXELS[1 + (number - 1) * len(ATTACKS) + list(ATTACKS).index(name)]


def truth() -> np.ndarray:
    """Return the private photographs."""
    return _PIXELS[0]


def keep(store: Store, moments: int = 3, *, most: int = 100) -> str:
    """Store a run of so many moments, of which a worker has brought `most`, and return its id."""
    run_id = taken(store, SMALL)
    for frame in frames(moments)[:most]:
        store.append(run_id, frame, worker="a test")
    if most > moments:
        store.finish(run_id, worker="a test")
    return run_id


def _frame(number: int, final: bool) -> Frame:
    names = list(ATTACKS) if number else []
    scalars = {"iteration": 10.0 * number, "iterations": 30.0, "progress": number / 3, "chord": 1.0}
    series: dict[str, list[float]] = {}
    for place, name in enumerate(["client", *names]):
        series |= {f"path.{name}.x": [0, 0.2, 0.5, 0.8, 1], f"path.{name}.y": [0, 0.3, 0.1, 0.2, 0.1 * place / 3]}
        series |= {f"ends.{name}": _ENDS}
        scalars |= {f"straightness.{name}": 0.5 / (1 + place), f"unseen.{name}": 0.25}
        scalars |= {f"psnr.{name}": 10.0 * number + place, f"apart.{name}": 1 / (place + number)} if place else {}
    pictures = {f"reconstruction.{name}": pixels(number, name) for name in names} or {"truth": truth()}
    note = "FedAvg is nearest.\nThe client bends.\nThe line helps." if final else ""
    return Frame(number, float(number), scalars, series, pictures, note, final)
