"""The queue, the frames, and who may see and do what."""

import math
import multiprocessing
import sqlite3
import time
from pathlib import Path

import pytest

from leaklab.experiments.frame import Frame
from leaklab.runs.records import Place
from leaklab.runs.store import Store
from leaklab.settings import Refusal
from tests.runs.fakes import frame

ALL = ("auto", "cpu", "cuda")


def started(store: Store, worker: str = "w", **options: object) -> str:
    """Enqueue a run and let a worker take it."""
    run_id = store.enqueue("{}", **options)
    assert store.claim(worker, ALL).id == run_id
    return run_id


def test_a_run_from_the_queue_to_its_end(store: Store):
    run_id = store.enqueue('{"a": 1}', owner="o", title="A title", group="g", device="cpu")
    assert store.claim("gpu", ("auto", "cuda")) is None
    run = store.claim("w", ("auto", "cpu"))
    assert (run.id, run.status, run.experiment, run.title, run.group) == (run_id, "running", '{"a": 1}', "A title", "g")
    assert (run.worker, run.attempts, run.summary, run.over) == ("w", 1, {}, False)
    assert store.append(run_id, frame(4, 16), worker="w")
    run = store.run(run_id)
    assert (run.progress, run.seconds, run.summary["iteration"], run.summary["note"]) == (0.25, 0.4, 4, "")
    store.finish(run_id, worker="w")
    run = store.run(run_id)
    assert (run.status, run.progress, run.over) == ("finished", 1.0, True)


def test_frames_and_pictures_come_back_in_order(store: Store):
    run_id = started(store)
    for index in (0, 1, 5):
        store.append(run_id, frame(index))
    assert [kept.index for kept in store.frames(run_id)] == [0, 1, 5]
    (last,) = store.frames(run_id, after=1)
    assert (last.scalars, last.series, last.pictures) == (frame(5).scalars, frame(5).series, {})
    kept = store.pictures(run_id, "reconstruction", after=0)
    assert [index for index, _ in kept] == [1, 5]
    assert kept[1][1] == store.picture(run_id, 5, "reconstruction")
    with pytest.raises(Refusal, match="has no picture 'truth' at frame 5"):
        store.picture(run_id, 5, "truth")
    assert store.picture(run_id, None, "reconstruction") == kept[1][1], "the newest"
    with pytest.raises(Refusal, match="has no picture 'landscape': it was"):
        store.picture(run_id, None, "landscape")


def test_a_diverged_loss_is_null_in_the_summary(store: Store):
    run_id = started(store)
    store.append(run_id, Frame(0, 0.0, {"loss": math.inf}))
    assert store.run(run_id).summary["loss"] is None
    assert math.isnan(store.frames(run_id)[0].scalars["loss"])


def test_the_oldest_run_goes_first_and_a_visitor_has_one_at_a_time(store: Store):
    first, second = store.enqueue("{}", owner="anna"), store.enqueue("{}", owner="anna")
    other = store.enqueue("{}", owner="ben")
    assert [store.claim("w", ALL).id for _ in range(2)] == [first, other]
    assert store.claim("w", ALL) is None
    store.finish(first)
    assert store.claim("w", ALL).id == second


def test_even_a_race_cannot_give_a_visitor_two_running_runs(store: Store, path: Path):
    """Where a database lets two updates pass each other, the index refuses the second."""
    started(store, owner="anna")
    second = store.enqueue("{}", owner="anna")
    with sqlite3.connect(path) as file, pytest.raises(sqlite3.IntegrityError):
        file.execute("UPDATE runs SET status = 'running' WHERE id = ?", (second,))
    file.close()


def test_runs_that_are_nobodys_do_not_wait_for_one_another(store: Store):
    ids = [store.enqueue("{}") for _ in range(2)]
    assert [store.claim("w", ALL).id for _ in ids] == ids


def take_all(url: str, worker: str, results: "multiprocessing.Queue[list[str]]") -> None:
    store, mine, until = Store(url), [], time.monotonic() + 10
    while time.monotonic() < until and store.runs(statuses=("queued",)):
        if run := store.claim(worker, ALL):
            mine.append(run.id)
            store.append(run.id, frame(0), worker=worker)
            store.finish(run.id, worker=worker)
    results.put(mine)


def test_what_a_visitor_waits_for_goes_before_what_is_measured_for_everybody(store: Store):
    everybodys = [store.enqueue("{}") for _ in range(2)]
    mine = store.enqueue("{}", owner="a")
    assert store.place(mine).ahead == 0 and [store.place(run_id).ahead for run_id in everybodys] == [1, 2]
    assert [store.claim("w", ("auto",)).id for _ in range(3)] == [mine, *everybodys]


def test_four_processes_claim_each_run_exactly_once(store: Store, url: str):
    ids = {store.enqueue("{}", owner=f"o{number % 3}") for number in range(24)}
    spawn = multiprocessing.get_context("spawn")
    results = spawn.Queue()
    processes = [spawn.Process(target=take_all, args=(url, f"w{number}", results)) for number in range(4)]
    for process in processes:
        process.start()
    taken = [run_id for _ in processes for run_id in results.get(timeout=20)]
    for process in processes:
        process.join()
    assert len(taken) == 24 and set(taken) == ids
    assert {run.attempts for run in store.runs()} == {1}


def test_a_queued_run_is_cancelled_at_once_and_a_running_one_is_asked(store: Store):
    run_id, waiting = started(store, owner="o"), store.enqueue("{}", owner="o")
    store.cancel(waiting)
    assert store.run(waiting).status == "cancelled"
    assert not store.cancelled(run_id, "w") and store.beat(run_id, "w")
    store.cancel(run_id, owner="o")
    run = store.run(run_id)
    assert run.status == "running" and run.cancel_requested is not None
    assert store.cancelled(run_id, "w") and not store.beat(run_id, "w")
    assert [late.id for late in store.overdue(0.0)] == [run_id] and store.overdue(60.0) == []
    store.stop(run_id, worker="w")
    assert store.run(run_id).status == "cancelled"


def test_only_a_runs_own_worker_may_write(store: Store):
    run_id = started(store, "mine")
    assert not store.append(run_id, frame(0), worker="other")
    assert not store.beat(run_id, "other") and store.cancelled(run_id, "other")
    store.fail(run_id, "Not so.", worker="other")
    assert store.run(run_id).status == "running" and store.frames(run_id) == []
    store.finish(run_id, worker="mine")
    assert not store.append(run_id, frame(0), worker="mine")


def test_a_run_whose_worker_died_is_tried_once_more(store: Store):
    run_id, well = started(store, "dead", owner="a"), started(store, "well", owner="b")
    store.append(run_id, frame(0))
    assert store.requeue_lost(["dead"]) == [run_id]
    run = store.run(run_id)
    assert (run.status, run.progress, run.summary, run.attempts) == ("queued", 0.0, {}, 1)
    assert "put back into the queue once" in run.message
    assert store.frames(run_id) == [] and store.pictures(run_id, "reconstruction") == []
    assert store.claim("dead too", ALL).attempts == 2
    assert store.requeue_lost(["dead too"]) == [run_id]
    run = store.run(run_id)
    assert run.status == "lost" and "died twice" in run.message
    assert store.run(well).status == "running"


def test_a_silent_worker_counts_as_dead(store: Store):
    run_id = started(store)
    assert store.requeue_lost(silent=60.0) == []
    assert store.requeue_lost(silent=-1.0) == [run_id]


def test_a_cancelled_run_is_not_tried_again(store: Store):
    run_id = started(store, "dead")
    store.cancel(run_id)
    store.requeue_lost(["dead"])
    assert store.run(run_id).status == "cancelled"


def test_a_place_in_the_queue(store: Store):
    done = started(store, owner="a")
    store.append(done, Frame(0, 10.0))
    store.finish(done)
    running = started(store, owner="a")
    second, third = store.enqueue("{}", owner="b"), store.enqueue("{}", owner="c")
    assert store.place(running).ahead == 0
    assert store.place(running).seconds == pytest.approx(10.0, abs=1.0)
    assert store.place(second).ahead == 0
    assert store.place(second).seconds == pytest.approx(10.0, abs=1.0)
    assert store.place(third).ahead == 1
    assert store.place(third).seconds == pytest.approx(20.0, abs=1.0)
    assert store.place(done) == Place(0, 0.0)


def test_nothing_is_foretold_of_the_first_run(store: Store):
    started(store)
    assert store.place(store.enqueue("{}")) == Place(0, None)


def test_others_private_runs_are_neither_listed_nor_opened(store: Store):
    private, public = store.enqueue("{}", owner="anna", private=True), store.enqueue("{}", owner="anna")
    assert [run.id for run in store.runs("ben")] == [public]
    assert [run.id for run in store.runs()] == [public]
    assert [run.id for run in store.runs("anna")] == [public, private]
    assert store.run(private, "anna").private
    for stranger in ("ben", ""):
        with pytest.raises(Refusal, match=f"Run {private} is private: only the browser that started it"):
            store.run(private, stranger)


def test_a_listing_can_be_narrowed_and_is_short(store: Store):
    started(store)
    waiting = [store.enqueue('{"long": "text"}') for _ in range(3)]
    assert [run.id for run in store.runs(statuses=("queued",), limit=2)] == [waiting[2], waiting[1]]
    assert {run.experiment for run in store.runs()} == {""}


def finished(store: Store, experiment: str, **options: object) -> str:
    run_id = store.enqueue(experiment, **options)
    assert store.claim("w", ALL).id == run_id
    store.finish(run_id)
    return run_id


def test_the_newest_finished_public_run_of_the_very_same_experiment_is_known(store: Store):
    assert store.known('{"a": 1}') is None
    finished(store, '{"a": 1}', owner="anna", private=True)
    assert store.known('{"a": 1}') is None, "a private run is nobody else's business"
    old, new = finished(store, '{"a": 1}'), finished(store, '{"a": 1}', owner="ben")
    finished(store, '{"a": 2}')
    store.fail(started(store, "w"), "Broken.")
    store.enqueue('{"a": 1}')
    assert store.known('{"a": 1}') == new and store.known("{}") is None
    store.delete(new, "ben")
    assert store.known('{"a": 1}') == old


def test_only_ones_own_runs_can_be_cancelled_and_deleted(store: Store):
    run_id = store.enqueue("{}", owner="anna")
    with pytest.raises(Refusal, match="another visitor's: only the browser that started it may cancel"):
        store.cancel(run_id, owner="ben")
    with pytest.raises(Refusal, match="another visitor's: only the browser that started it may delete"):
        store.delete(run_id, owner="ben")
    store.delete(run_id, owner="anna")
    with pytest.raises(Refusal, match=f"Run {run_id} is not in the store"):
        store.run(run_id, "anna")


def test_a_deleted_run_takes_its_frames_along_and_its_worker_hears_of_it(store: Store):
    run_id = started(store)
    store.append(run_id, frame(0))
    store.delete(run_id)
    assert store.frames(run_id) == [] and store.pictures(run_id, "reconstruction") == []
    assert store.cancelled(run_id, "w") and not store.append(run_id, frame(1), worker="w")


def test_private_runs_go_after_a_day_or_when_nobody_keeps_them(store: Store):
    now = time.time()
    public, private = store.enqueue("{}", owner="a"), store.enqueue("{}", owner="a", private=True)
    assert store.expire(now) == 0
    store.keep("a", now + 100)
    assert store.expire(now + 99) == 0
    assert store.expire(now + 101) == 1
    kept = store.enqueue("{}", owner="a", private=True)
    store.keep(None, now + 1e9)
    assert store.expire(now + 24 * 3600 - 60) == 0
    assert store.expire(now + 24 * 3600 + 60) == 1
    assert [run.id for run in store.runs("a")] == [public]
    assert private != kept


@pytest.mark.parametrize(
    ("options", "words"),
    [({"private": True}, "A private run needs an owner"), ({"device": "tpu"}, "choose auto, cpu, cuda")],
)
def test_what_cannot_be_queued(store: Store, options: dict[str, object], words: str):
    with pytest.raises(Refusal, match=words):
        store.enqueue("{}", **options)
