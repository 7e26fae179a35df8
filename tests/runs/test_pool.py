"""The pool keeps workers, replaces the dead, kills the deaf, and takes all of them along when it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from leaklab.runs import pool
from leaklab.runs.pool import Pool
from leaklab.runs.records import Run
from leaklab.runs.store import Store
from leaklab.settings import Refusal

COMMAND = [sys.executable, "-m", "tests.runs.fakes"]


@pytest.fixture
def workers(url: str) -> Iterator[Callable[[int], Pool]]:
    opened: list[Pool] = []

    def start(count: int, command: list[str] | None = None) -> Pool:
        opened.append(Pool(url, count, command=command or COMMAND))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def until(store: Store, run_id: str, fits: Callable[[Run], bool], seconds: float = 15.0) -> Run:
    """Wait until a run is as it should be, and return it."""
    end = time.monotonic() + seconds
    while not fits(run := store.run(run_id)) and time.monotonic() < end:
        time.sleep(0.02)
    assert fits(run), run
    return run


def told(**what: object) -> str:
    return json.dumps(what)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z" if Path("/proc").exists() else True


def test_two_visitors_runs_go_at_once_and_ones_own_wait(store: Store, workers: Callable[[int], Pool]):
    slow = told(frames=6, pause=0.1)
    first, second = (store.enqueue(slow, owner="anna") for _ in range(2))
    other = store.enqueue(slow, owner="ben")
    workers(2).wake()
    ends = {run_id: until(store, run_id, lambda run: run.over) for run_id in (first, second, other)}
    assert {run.status for run in ends.values()} == {"finished"}
    assert ends[first].worker != ends[other].worker
    assert ends[second].started >= ends[first].started + 0.6
    assert abs(ends[other].started - ends[first].started) < 1.0


def test_a_killed_workers_run_is_queued_again_and_finishes(store: Store, workers: Callable[[int], Pool]):
    workers(1)
    run_id = store.enqueue(told(frames=6, pause=0.1))
    run = until(store, run_id, lambda run: run.progress > 0)
    os.kill(run.pid, signal.SIGKILL)
    again = until(store, run_id, lambda run: run.attempts == 2)
    assert again.pid != run.pid and "put back into the queue once" in again.message
    until(store, run_id, lambda run: run.status == "finished")
    assert [kept.index for kept in store.frames(run_id)][-1] == 5


def test_a_worker_that_does_not_hear_is_killed_and_replaced(store: Store, workers: Callable[[int], Pool]):
    workers(1)
    run_id = store.enqueue(told(frames=2, deaf=60.0))
    run = until(store, run_id, lambda run: bool(store.frames(run_id)))
    asked = time.monotonic()
    store.cancel(run_id)
    until(store, run_id, lambda run: run.status == "cancelled")
    assert pool.PATIENCE - 0.1 <= time.monotonic() - asked < 5.0
    assert not alive(run.pid)
    next_id = store.enqueue(told())
    assert until(store, next_id, lambda run: run.status == "finished").worker != run.worker


def test_a_closed_pool_takes_its_workers_along_and_leaves_their_run_for_later(url: str, store: Store):
    one = Pool(url, 1, command=COMMAND)
    run_id = store.enqueue(told(frames=100, pause=0.1))
    run = until(store, run_id, lambda run: run.progress > 0)
    one.close()
    assert not alive(run.pid)
    assert store.run(run_id).status == "queued"


def test_workers_die_with_a_pool_that_is_killed(url: str, store: Store):
    text = f"import time; from leaklab.runs.pool import Pool; Pool({url!r}, 1, command={COMMAND!r}); time.sleep(60)"
    app = subprocess.Popen([sys.executable, "-c", text], env=os.environ | pool._environment("1"))
    run_id = store.enqueue(told(frames=1000, pause=0.1))
    run = until(store, run_id, lambda run: run.progress > 0)
    app.kill()
    app.wait()
    end = time.monotonic() + 5
    while alive(run.pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not alive(run.pid)


@pytest.mark.parametrize("command", [[sys.executable, "-c", "raise SystemExit(1)"], ["/nowhere/python"]])
def test_a_worker_that_cannot_start_is_not_started_again_at_once(workers: Callable[..., Pool], command: list[str]):
    one, end = workers(1, command), time.monotonic() + 10
    while not (one._slots and one._slots[0].failures) and time.monotonic() < end:
        time.sleep(0.005)
    assert one._slots[0].due > time.monotonic()


def test_who_dies_young_is_replaced_ever_more_rarely():
    slot, pauses = pool._Slot("auto", {}, born=100.0), []
    for _ in range(6):
        slot.bury(101.0)
        pauses.append(slot.due - 101.0)
    assert pauses == [1, 3, 7, 15, 30, 30]
    slot.bury(100.0 + pool.SETTLED)
    assert slot.due == 100.0 + pool.SETTLED


def test_the_web_process_needs_no_torch(url: str):
    text = "import sys; from leaklab.runs import pool, private, store; print('torch' in sys.modules)"
    environment = os.environ | pool._environment("1")
    said = subprocess.run([sys.executable, "-c", text], env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"


def test_workers_share_the_cores_and_do_not_spin(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pool, "_cores", lambda: 7)
    told = tmp_path / "told.json"
    text = f"import json, os, sys; json.dump([sys.argv, dict(os.environ)], open({str(told)!r}, 'w')); input()"
    one = Pool(url, 2, command=[sys.executable, "-c", text])
    end = time.monotonic() + 10
    while not (told.exists() and told.read_text().endswith("]")) and time.monotonic() < end:
        time.sleep(0.02)
    one.close()
    arguments, environment = json.loads(told.read_text())
    assert arguments[arguments.index("--threads") + 1] == environment["OMP_NUM_THREADS"] == "3"
    assert environment["OMP_WAIT_POLICY"] == "PASSIVE" and environment["MALLOC_MMAP_MAX_"] == "0"
    assert "glibc.malloc.hugetlb=1" in environment["GLIBC_TUNABLES"]


def test_settings_of_the_allocator_that_were_there_stay(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.arena_max=2")
    assert pool._environment("1")["GLIBC_TUNABLES"] == "glibc.malloc.arena_max=2:glibc.malloc.hugetlb=1"
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=0")
    assert pool._environment("1")["GLIBC_TUNABLES"] == "glibc.malloc.hugetlb=0"


@pytest.mark.parametrize(("given", "cores", "size"), [("", 8, 4), ("", 2, 2), ("", 1, 1), ("3", 2, 3), ("0", 2, 0)])
def test_how_many_workers(given: str, cores: int, size: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEAKLAB_WORKERS", given)
    monkeypatch.setattr(pool, "_cores", lambda: cores)
    assert pool._workers() == size


def test_a_number_of_workers_that_is_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEAKLAB_WORKERS", "many")
    with pytest.raises(Refusal, match="LEAKLAB_WORKERS is 'many': give the number of worker processes"):
        pool._workers()


def smi(path: Path, lines: str) -> None:
    path.mkdir()
    (path / "nvidia-smi").write_text(f"#!/bin/sh\ncat <<END\n{lines}\nEND\n")
    (path / "nvidia-smi").chmod(0o755)


@pytest.mark.parametrize(
    ("lines", "allowed", "slots"),
    [
        ("GPU 0: H200 (UUID: a)\n  MIG 1g\nGPU 1: H200 (UUID: b)", None, [("cuda", "0"), ("cuda", "1"), ("cpu", None)]),
        ("GPU 0: H200 (UUID: a)\nGPU 1: H200 (UUID: b)", "1", [("cuda", "1"), ("cpu", None)]),
        ("GPU 0: H200 (UUID: a)", "", [("auto", None)]),
        ("No devices were found", None, [("auto", None)]),
    ],
)
def test_one_worker_a_gpu(
    lines: str,
    allowed: str | None,
    slots: list[tuple[str, str | None]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    smi(tmp_path / "bin", lines)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if allowed is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", allowed)
    assert [(slot.device, slot.environment.get("CUDA_VISIBLE_DEVICES")) for slot in pool._slots(1)] == slots


def test_without_a_driver_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [slot.device for slot in pool._slots(2)] == ["auto", "auto"]
