"""The privacy-utility figure as the page measures it: how long its first points and all of it take with two workers."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.table import Row
from leaklab.experiments.comparison import Comparison
from leaklab.experiments.defended import Defended
from leaklab.experiments.utility import Utility
from leaklab.runs.pool import Pool
from leaklab.runs.store import Store

WORKERS = 2
_QUICK = 3  # points
_LOOK = 0.05  # seconds


def rows(quick: bool) -> Iterator[Row]:
    """Yield the seconds until points stand in the figure, with workers as warm as on a page that has its columns."""
    points = Comparison().figure()[: _QUICK if quick else None]
    asked: list[Defended | Utility] = [one for point in points for one in (point.defended, point.utility)]
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder)}/runs.sqlite")
        pool = Pool(store.url, workers=WORKERS)
        try:
            _carried_out(store, pool, [points[0].utility])  # warms up the workers
            over = _carried_out(store, pool, asked)
        finally:
            pool.close()
            store.close()
    seconds = sorted(max(over[2 * number], over[2 * number + 1]) for number in range(len(points)))
    yield Row("The figure's first point", (seconds[0],), "s", at_most=15)
    yield Row("Its third point", (seconds[2],), "s")
    yield Row(f"All {len(points)} points, {len(asked)} runs", (seconds[-1],), "s", at_most=300)


def _carried_out(store: Store, pool: Pool, asked: list[Defended | Utility]) -> dict[int, float]:
    """Return when each of some runs was over, as many being asked for at a time as there are workers."""
    start, going, over, waiting = time.perf_counter(), dict[int, str](), dict[int, float](), list(range(len(asked)))
    while waiting or going:
        while waiting and len(going) < WORKERS:
            number = waiting.pop(0)
            going[number] = store.enqueue(asked[number].model_dump_json())
            pool.wake()
        time.sleep(_LOOK)
        for number in [number for number, run_id in going.items() if store.run(run_id).over]:
            run = store.run(going.pop(number))
            if run.status != "finished":
                raise RuntimeError(f"run {number} ended as {run.status}: {run.message}")
            over[number] = time.perf_counter() - start
    return over
