"""The worker: takes queued runs one by one, carries each out and keeps its frames.

It is the same whether a pool started it, a cluster, or a person on a third machine; nobody ever speaks to it.
"""

import ctypes
import gc
import logging
import os
import platform
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import TracebackType
from typing import Protocol, Self

from leaklab.experiments.frame import Frame
from leaklab.runs.records import Run
from leaklab.runs.store import Store
from leaklab.settings import Refusal
from leaklab.waiting import Abandoned, until

POLL = 0.05  # seconds between two looks into the queue
LISTEN = 0.2  # seconds between two looks whether to stop
BEAT = 1.0  # seconds between two heartbeats
HELD = 120.0  # seconds a paused run keeps its worker, counted from the last step
REST = 0.1  # seconds between two looks whether a paused run may go on
STUBBORN = 3.0  # seconds after which a worker that cannot stop ends itself; a pool does not wait so long

FIRST = 3  # frames kept whatever their pace
PACE = 1 / 6  # seconds between kept frames
KEPT = 600  # frames of a long run, about: its pace slows down as it grows old

_TAKES = {"auto": ("auto", "cpu", "cuda"), "cpu": ("cpu",), "cuda": ("auto", "cuda")}

_TOO_LONG = "It was paused for two minutes, and then went on by itself: others may wait for its worker."

_PLAINEST = '{"kind": "inversion"}'

_log = logging.getLogger(__name__)


class Runnable(Protocol):
    """What a worker needs of an experiment."""

    def run(self, device: str) -> Iterator[Frame]:
        """Yield the experiment's frames as they come."""
        ...


Read = Callable[[str], Runnable]


def serve(
    store_url: str, *, worker_id: str = "", device: str = "auto", threads: int = 1, once: bool = False,
    parent_pid: int | None = None, read: Read | None = None,
) -> None:  # fmt: skip
    """Carry out runs from the store for ever, or with `once` until nothing is queued.

    A worker on "auto" takes every run, on "cuda" those that do not ask for the CPU, on "cpu" only those that do.
    With `parent_pid` it is kinder to other processes, and ends when that parent lets go of its standard input.
    """
    if parent_pid is not None:
        _follow(parent_pid)
    store, worker = Store(store_url), worker_id or f"{platform.node()}-{os.getpid()}"
    cuda = _warm_up(device, threads)
    read = read or _reader("cpu" if device == "cpu" else "auto")
    if not once:
        gc.collect()
        gc.freeze()  # what is loaded by now stays; the collection after each run need not look through it
    takes = _TAKES["auto" if device == "cuda" and not cuda else device]
    while True:
        run = _claim(store, worker, takes)
        if run is not None:
            with _Pulse(store, run.id, worker) as pulse:
                _carry_out(store, run, pulse, _frames(read, run))
            gc.collect()  # a photograph should not outlive its run
            _give_back()
        elif once:
            return store.close()
        else:
            time.sleep(POLL)


def thinned(
    frames: Iterable[Frame], clock: Callable[[], float] = time.monotonic, all_of: Callable[[], bool] = lambda: False
) -> Iterator[tuple[Frame, bool]]:
    """Yield each frame with whether to keep it: the first, the final, the very last, and a few a second between.

    As long as `all_of` says so, every frame is kept.
    """
    began = clock()
    last, kept, due = None, 0, began
    for frame in frames:
        now = clock()
        keep = frame.final or kept < FIRST or now >= due or all_of()
        if keep:
            kept, due = kept + 1, now + max(PACE, (now - began) / KEPT)
        last = None if keep else frame
        yield frame, keep
    if last is not None:
        yield last, True


class _Pulse:
    """Tells the store that a run goes on, however long an iteration takes, and hears whether it should stop or wait."""

    def __init__(self, store: Store, run_id: str, worker: str) -> None:
        self.run_id, self.worker = run_id, worker
        self.stop, self.held = threading.Event(), threading.Event()
        self._store, self._over = store, threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True, name="pulse")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def rest(self) -> None:
        """Wait until a held run may go on: it is let go, led on by a step, stopped, or has waited long enough."""
        holds, begun = self._store.holds, time.monotonic()
        while not self.stop.is_set() and (hold := holds.look(self.run_id)):
            if (hold.steps or not hold.waiting) and holds.passes(self.run_id):
                return
            if time.monotonic() - begun > HELD:
                holds.give_up(self.run_id, _TOO_LONG)
            self.stop.wait(REST)

    def _listen(self) -> None:
        beaten, asked = time.monotonic(), 0.0
        while not self._over.wait(LISTEN):
            now = time.monotonic()
            try:
                if now - beaten >= BEAT:
                    beaten, goes_on = now, self._store.beat(self.run_id, self.worker)
                else:
                    goes_on = not self._store.cancelled(self.run_id, self.worker)
            except Refusal as refusal:
                _log.warning("%s", refusal)
                continue
            if not goes_on:
                self.stop.set()
                asked = asked or now
            if asked and now - asked > STUBBORN:
                self._give_up()
            self._hear()

    def _hear(self) -> None:
        """Hear whether the run is held; where that cannot be known, it goes on as before."""
        try:
            held = self._store.holds.look(self.run_id) is not None
        except Refusal as refusal:
            _log.warning("%s", refusal)
            return
        (self.held.set if held else self.held.clear)()

    def _give_up(self) -> None:
        try:
            self._store.stop(self.run_id, worker=self.worker)
        finally:
            os._exit(1)


def _carry_out(store: Store, run: Run, pulse: _Pulse, frames: Iterable[Frame]) -> None:
    try:
        message = _keep(store, pulse, frames)
        if pulse.stop.is_set():
            store.stop(run.id, worker=pulse.worker)
        elif message:
            store.fail(run.id, message, worker=pulse.worker)
        else:
            store.finish(run.id, worker=pulse.worker)
    except Refusal as refusal:  # the store itself: nobody can be told but the log, and the run will count as lost
        _log.error("Run %s: %s", run.id, refusal)


def _keep(store: Store, pulse: _Pulse, frames: Iterable[Frame]) -> str:
    """Keep the frames of a run until it ends or should; return the sentence of its failure, if it fails."""
    try:
        with until(pulse.stop.is_set):
            for frame, keep in thinned(frames, all_of=pulse.held.is_set):
                if not pulse.stop.is_set() and keep and not store.append(pulse.run_id, frame, worker=pulse.worker):
                    pulse.stop.set()
                if keep and not frame.final and pulse.held.is_set():
                    pulse.rest()
                if pulse.stop.is_set():
                    break
    except Abandoned:
        return ""
    except Refusal as refusal:
        return str(refusal)
    except Exception as error:
        _log.exception("Run %s broke", pulse.run_id)
        return _sentence(error)
    return ""


def _sentence(error: Exception) -> str:
    kind = type(error).__name__
    if isinstance(error, MemoryError) or kind == "OutOfMemoryError" or "can't allocate memory" in str(error):
        return "There was not enough memory for this run: try fewer images or restarts, or a smaller network."
    said = f"{kind}: {str(error)[:500]}".rstrip(": .")
    return f"Something broke inside leaklab: {said}. The settings are kept: change one and try again, or report this."


def _claim(store: Store, worker: str, takes: tuple[str, ...]) -> Run | None:
    while True:
        try:
            return store.claim(worker, takes)
        except Refusal as refusal:  # a store that is locked or full now may be well in a moment
            _log.warning("%s", refusal)
            time.sleep(BEAT)


def _frames(read: Read, run: Run) -> Iterator[Frame]:
    yield from read(run.experiment).run(run.device)  # a generator, so that a refusal to read comes where it is awaited


def _reader(device: str) -> Read:
    """Return the reader of experiments, after a first look at the plainest one, which warms up what it is made of."""
    from leaklab.experiments.experiment import read

    try:
        for _ in islice(read(_PLAINEST).run(device), 2):
            pass
    except Exception:  # a person who asks for this experiment is told why; the others should find a worker
        _log.exception("The first experiment broke")
    return read


def _warm_up(device: str, threads: int) -> bool:
    """Import torch, differentiate something small twice, and return whether there is a CUDA device to use."""
    import torch

    torch.set_num_threads(threads)
    cuda = device != "cpu" and torch.cuda.is_available()
    images = torch.ones(1, 3, 8, 8, device="cuda" if cuda else "cpu", requires_grad=True)
    weights = torch.ones(2, 3, 3, 3, device=images.device, requires_grad=True)
    loss = torch.nn.functional.conv2d(images, weights).sigmoid().sum()
    (update,) = torch.autograd.grad(loss, weights, create_graph=True)
    torch.autograd.grad(update.square().sum(), images)
    return cuda


def _give_back() -> None:
    """Hand the memory of a run back to the system, where the allocator has a way to do so."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


def _follow(parent_pid: int) -> None:
    def wait() -> None:
        os.read(0, 1)  # nothing is ever written: it returns when the pipe breaks
        _log.info("Process %s has let go of this worker", parent_pid)
        os._exit(0)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    if hasattr(os, "nice"):
        os.nice(5)
    threading.Thread(target=wait, daemon=True, name="parent").start()
