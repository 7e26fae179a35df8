"""A running run is paused between two frames, led on step by step, let go, cancelled; and never held for ever."""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from leaklab.runs import worker
from leaklab.runs.holds import Hold
from leaklab.runs.store import Store
from tests.runs.fakes import frame, read


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do without torch, and listen closely."""
    monkeypatch.setattr(worker, "_warm_up", lambda device, threads: False)
    monkeypatch.setattr(worker, "LISTEN", 0.01)
    monkeypatch.setattr(worker, "REST", 0.01)


def until(what: Callable[[], bool]) -> None:
    due = time.monotonic() + 20
    while not what():
        assert time.monotonic() < due
        time.sleep(0.01)


@contextmanager
def going(store: Store, url: str, frames: int = 400, pause: float = 0.02, owner: str = "o") -> Iterator[str]:
    """Have a worker at a run, and see to it that it ends."""
    run_id = store.enqueue(json.dumps({"frames": frames, "pause": pause}), owner=owner)
    serving = threading.Thread(target=worker.serve, args=(url,), kwargs={"once": True, "read": read})
    serving.start()
    until(lambda: len(store.frames(run_id)) > 0)
    yield run_id
    store.cancel(run_id)
    serving.join(20)
    assert not serving.is_alive()


def resting(store: Store, run_id: str) -> int:
    """Return the index of the frame at which a held run has come to rest."""
    until(lambda: store.holds.look(run_id) == Hold(0, True))
    return store.frames(run_id)[-1].index


def test_a_paused_run_waits_is_led_on_by_steps_and_goes_on(store: Store, url: str):
    with going(store, url) as run_id:
        store.holds.pause(run_id, "o")
        at = resting(store, run_id)
        time.sleep(0.2)
        assert store.frames(run_id)[-1].index == at and store.run(run_id).status == "running"
        store.holds.step(run_id, 1, "o")
        until(lambda: store.frames(run_id)[-1].index == at + 1)
        assert resting(store, run_id) == at + 1
        store.holds.step(run_id, 10, "o")
        until(lambda: store.frames(run_id)[-1].index == at + 11)
        assert resting(store, run_id) == at + 11
        kept = [kept.index for kept in store.frames(run_id) if kept.index > at]
        assert kept == list(range(at + 1, at + 12))  # while it is held, every moment is kept
        store.holds.resume(run_id, "o")
        until(lambda: store.frames(run_id)[-1].index > at + 15)
        assert store.holds.look(run_id) is None


def test_its_heart_beats_while_it_waits(store: Store, url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(worker, "BEAT", 0.05)
    with going(store, url) as run_id:
        store.holds.pause(run_id)
        resting(store, run_id)
        before = store.run(run_id).heartbeat
        until(lambda: store.run(run_id).heartbeat > before)
        assert store.requeue_lost(silent=5) == []


def test_cancelling_frees_the_worker_of_a_paused_run_at_once(store: Store, url: str):
    with going(store, url) as run_id:
        store.holds.pause(run_id)
        resting(store, run_id)
        asked = time.monotonic()
        store.cancel(run_id)
        until(lambda: store.run(run_id).status == "cancelled")
        assert time.monotonic() - asked < 2  # a busy machine; half a second on a quiet one
        assert store.holds.look(run_id) is None and store.frames(run_id)


def test_a_run_that_was_paused_for_too_long_goes_on_and_says_so(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(worker, "HELD", 0.1)
    with going(store, url, frames=12) as run_id:
        store.holds.pause(run_id)
        until(lambda: store.run(run_id).status == "finished")
    run = store.run(run_id)
    assert run.message == "It was paused for two minutes, and then went on by itself: others may wait for its worker."
    assert store.frames(run_id)[-1].final and store.holds.look(run_id) is None


def test_a_deleted_run_is_not_waited_for(store: Store, url: str):
    with going(store, url) as run_id:
        store.holds.pause(run_id)
        resting(store, run_id)
        store.delete(run_id, "o")
        until(lambda: store.holds.look(run_id) is None)


def test_only_a_running_run_of_ones_own_is_held(store: Store):
    waiting = store.enqueue("{}", owner="o")
    store.holds.pause(waiting, "o")
    assert store.holds.look(waiting) is None
    assert store.claim("w", ("auto",)).id == waiting
    store.holds.pause(waiting, "somebody else")
    store.holds.pause("nothing")
    assert store.holds.look(waiting) is None and store.holds.look("nothing") is None
    store.holds.pause(waiting, "o")
    store.holds.step(waiting, 2, "somebody else")
    store.holds.resume(waiting, "somebody else")
    assert store.holds.look(waiting) == Hold(0, False)
    assert not store.holds.passes(waiting) and store.holds.look(waiting) == Hold(0, True)
    store.holds.pause(waiting, "o")  # once more changes nothing
    assert store.holds.look(waiting) == Hold(0, True)
    store.finish(waiting, worker="another worker")
    assert store.holds.look(waiting) == Hold(0, True)
    store.finish(waiting, worker="w")
    store.holds.step(waiting, 1, "o")
    assert store.holds.look(waiting) is None


def test_a_run_whose_worker_dies_while_it_is_held_begins_anew_unheld(store: Store):
    run_id = store.enqueue("{}")
    store.claim("w", ("auto",))
    store.append(run_id, frame(0), worker="w")
    store.holds.pause(run_id)
    assert store.requeue_lost(["w"]) == [run_id] and store.holds.look(run_id) is None


def test_a_store_made_before_runs_could_be_held_gains_the_table(store: Store, path: Path, url: str):
    run_id = store.enqueue("{}")
    store.claim("w", ("auto",))
    store.close()
    with sqlite3.connect(path) as file:
        file.execute("DROP TABLE holds")
    file.close()
    later = Store(url)
    later.holds.pause(run_id)
    assert later.holds.look(run_id) == Hold(0, False) and later.run(run_id).status == "running"
    later.close()


def test_what_is_held_is_kept_once(store: Store):
    held = [True]
    seen = worker.thinned((frame(index) for index in range(30)), lambda: 0.0, lambda: held[0])
    kept = []
    for each, keep in seen:
        kept += [each.index] if keep else []
        held[0] = each.index < 9 or each.index > 27
    assert kept == [*range(10), 29]
