"""The local pool: warm worker processes on this machine, watched over, replaced when they die.

Workers are started as commands, for `multiprocessing` would run the app's script again in each child.
"""

import itertools
import logging
import os
import platform
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from leaklab.runs.store import Store
from leaklab.settings import Refusal

LOOK = 0.25  # seconds between two looks at the workers
SWEEP = 10.0  # seconds between two looks for silent workers of others
PATIENCE = 2.0  # seconds a cancelled run may take to stop before its worker is killed
_TRIM = 1 << 33  # bytes the allocator may keep; a worker gives them back itself, after every run
SETTLED = 10.0  # seconds after which a worker's death is not blamed on its start
PAUSE = 30.0  # seconds at most between two starts of a worker that keeps dying

_COMMAND = [sys.executable, "-m", "leaklab", "worker"]

_log = logging.getLogger(__name__)


@dataclass
class _Slot:
    """Room for one worker: what it computes on, and the process that fills it."""

    device: str
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    worker: str = ""
    born: float = 0.0
    due: float = 0.0
    failures: int = 0

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def bury(self, now: float) -> None:
        """Settle when a dead worker is to be replaced: at once, unless it keeps dying young."""
        self.failures = self.failures + 1 if now - self.born < SETTLED else 0
        self.due = now + min(2.0**self.failures - 1, PAUSE)
        if self.process is not None:
            _end(self.process)
            self.process = None


class Pool:
    """An engine: keeps workers warm, replaces the dead, kills the deaf; ends its workers when it ends.

    Raises: Refusal, when LEAKLAB_WORKERS is no number, or the store cannot be opened.
    """

    def __init__(self, store_url: str, workers: int | None = None, *, command: list[str] | None = None) -> None:
        self.size = _workers() if workers is None else workers
        self._store, self._command = Store(store_url), command or _COMMAND
        self._names = itertools.count()
        self._slots: list[_Slot] = []
        self._awake, self._closing = threading.Event(), threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True, name="pool")
        self._supervisor.start()

    def wake(self) -> None:
        """See to it at once that somebody looks into the queue."""
        self._awake.set()

    def alive(self) -> int:
        """Return how many workers live."""
        return sum(slot.alive for slot in self._slots)

    def close(self) -> None:
        """End every worker; the runs they were at go back into the queue."""
        self._closing.set()
        self._awake.set()
        self._supervisor.join()
        processes = [slot.process for slot in self._slots if slot.process is not None]
        for process in processes:
            _end(process)
        self._store.requeue_lost([slot.worker for slot in self._slots])
        self._store.close()

    def _supervise(self) -> None:
        self._slots = _slots(self.size)
        swept = -SWEEP
        while not self._closing.is_set():
            try:
                self._kill_the_deaf()
                swept = self._replace_the_dead(swept)
            except Refusal as refusal:  # a store that is locked or full now may be well at the next look
                _log.warning("%s", refusal)
            self._awake.wait(LOOK)
            self._awake.clear()

    def _kill_the_deaf(self) -> None:
        mine = {slot.worker: slot for slot in self._slots if slot.alive}
        for run in self._store.overdue(PATIENCE):
            if slot := mine.get(run.worker):
                slot.process.kill()
                slot.process.wait()
                slot.born = -SETTLED  # not its fault

    def _replace_the_dead(self, swept: float) -> float:
        now = time.monotonic()
        dead = [slot for slot in self._slots if slot.process is not None and not slot.alive]
        if dead or now - swept >= SWEEP:
            for run_id in self._store.requeue_lost([slot.worker for slot in dead]):
                _log.warning("The worker of run %s died", run_id)
            swept = now
        for slot in dead:
            slot.bury(now)
        for slot in self._slots:
            if slot.process is None and now >= slot.due:
                self._start(slot, now)
        return swept

    def _start(self, slot: _Slot, now: float) -> None:
        threads = str(max(1, _cores() // max(1, self.size)))
        slot.worker, slot.born = f"{platform.node()}-{os.getpid()}-{next(self._names)}", now
        options = {
            "--store": self._store.url, "--worker-id": slot.worker, "--device": slot.device, "--threads": threads,
            "--parent-pid": str(os.getpid()),
        }  # fmt: skip
        try:
            slot.process = subprocess.Popen(
                [*self._command, *itertools.chain.from_iterable(options.items())],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                env=os.environ | _environment(threads) | slot.environment,
            )  # fmt: skip
        except OSError as error:
            _log.error("No worker could be started: %s", error)
            slot.bury(now)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let go of a worker's standard input, which ends it, and kill it when that does not help."""
    process.stdin.close()
    try:
        process.wait(1.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _slots(workers: int) -> list[_Slot]:
    """Return the room for workers: one a CUDA device, and so many for the rest."""
    cuda = [_Slot("cuda", {"CUDA_VISIBLE_DEVICES": name}) for name in _cuda_devices()] if workers else []
    return cuda + [_Slot("cpu" if cuda else "auto", {}) for _ in range(workers)]


def _cuda_devices() -> list[str]:
    """Return the CUDA devices by the driver's word, for torch is not to be imported in this process."""
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return []
    found = [str(index) for index, _ in enumerate(line for line in listed.splitlines() if line.startswith("GPU "))]
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    return found if allowed is None or not found else [name.strip() for name in allowed.split(",") if name.strip()]


def _workers() -> int:
    given = os.environ.get("LEAKLAB_WORKERS", "").strip()
    if given and not given.isdecimal():
        raise Refusal(f"LEAKLAB_WORKERS is {given!r}: give the number of worker processes, 0 when all stand elsewhere.")
    return int(given) if given else min(4, _cores())  # one thread a run is fastest on small networks


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _tunables() -> str:
    """Return glibc's own settings with huge pages asked for, unless somebody has set those."""
    given = os.environ.get("GLIBC_TUNABLES", "")
    return given if "hugetlb" in given else ":".join(filter(None, (given, "glibc.malloc.hugetlb=1")))


def _environment(threads: str) -> dict[str, str]:
    """Return what a worker must find set before it imports torch."""
    ours = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    return {
        "OMP_NUM_THREADS": threads,
        # Threads that spin while they wait are many times slower as soon as the web process wants a core too.
        "OMP_WAIT_POLICY": "PASSIVE",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # without it a GPU's matrix products may come out otherwise each time
        # A deep network's update is larger than what the allocator hands back to the system at once, and to be given
        # those pages anew at every evaluation costs a quarter of it.
        "MALLOC_MMAP_MAX_": "0",
        "MALLOC_TRIM_THRESHOLD_": str(_TRIM),
        "GLIBC_TUNABLES": _tunables(),
        "PYTHONPATH": os.pathsep.join(filter(None, ours)),  # from whatever folder the app was started
    }
