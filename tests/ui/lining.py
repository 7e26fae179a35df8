"""Runs of a line-up as a worker would have stored them, without the seconds they take."""

import numpy as np

from leaklab.attacks.recipes import IDLG_ROW
from leaklab.experiments.frame import Frame
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.lineup import Entry, Lineup
from leaklab.runs.store import Store
from tests.experiments import small

SMALL = Lineup(
    base=small.inversion(),
    entries=(
        Entry(recipe=small.recipe()), Entry(recipe=small.recipe(of=IDLG_ROW)), Entry(recipe=small.recipe(iterations=2)),
    ),
)  # fmt: skip
FOUND = "Recovered in 0.4 s: PSNR 41 dB, label right."
LOST = "Not recovered after 0.4 s: PSNR 9 dB; without any attack, the best grey reaches 11 dB."


def frames(*, recovered: bool, pace: int = 7) -> list[Frame]:
    """Return an attack of three moments, which ends well or badly."""
    return [
        Frame(
            n, n / 5,
            {
                "iteration": float(n), "iterations": 2.0, "progress": n / 2, "evaluations": 1.0 + n * pace,
                "loss": 10.0**-n, "psnr": 9.0 + 16 * n * recovered, "ssim": 0.1 + 0.4 * n * recovered,
            },
            {"psnr": [9.0 + 16 * n * recovered], "losses.0": [10.0**-n]},
            _pictures(n), note=(FOUND if recovered else LOST) if n == 2 else "The round is small." if n == 0 else "",
            final=n == 2,
        )
        for n in range(3)
    ]  # fmt: skip


def keep(store: Store, inversion: Inversion, *, recovered: bool = True, most: int = 3, owner: str = "") -> str:
    """Store a run of which a worker has brought so many frames, and return its id."""
    run_id = store.enqueue(inversion.model_dump_json(), title=inversion.title, device="cuda", owner=owner)
    while (run := store.claim("a test", ("cuda",))) is not None and run.id != run_id:
        pass
    bring(store, run_id, recovered=recovered, most=most)
    return run_id


def bring(store: Store, run_id: str, *, recovered: bool = True, most: int = 3) -> None:
    """Bring so many frames of a run that was taken, and end it with the last."""
    for frame in frames(recovered=recovered, pace=7 if recovered else 3)[:most]:
        store.append(run_id, frame, worker="a test")
    if most >= 3:
        store.finish(run_id, worker="a test")


def _pictures(moment: int) -> dict[str, np.ndarray]:
    dice = np.random.default_rng(moment)
    made = {"reconstruction": dice.integers(0, 256, (16, 16, 3), dtype=np.uint8)}
    return made | ({"truth": np.full((16, 16, 3), 128, np.uint8)} if moment == 0 else {})
