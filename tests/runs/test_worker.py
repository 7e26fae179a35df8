"""A worker carries out what is queued, keeps what is worth keeping, and says what went wrong."""

import json
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from leaklab.experiments import experiment
from leaklab.experiments.frame import Frame
from leaklab.runs import database, worker
from leaklab.runs.store import Store
from tests.runs.fakes import Fake, frame, read


@pytest.fixture(autouse=True)
def cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do without torch: what is carried out here needs none."""
    monkeypatch.setattr(worker, "_warm_up", lambda device, threads: False)


def carry_out(store: Store, url: str, **told: object) -> str:
    run_id = store.enqueue(json.dumps(told))
    worker.serve(url, once=True, read=read)
    return run_id


def serve(url: str) -> threading.Thread:
    """Let a worker carry out in another thread what is queued."""
    serving = threading.Thread(target=worker.serve, args=(url,), kwargs={"once": True, "read": read})
    serving.start()
    return serving


def begun(store: Store, url: str, **told: object) -> tuple[str, threading.Thread]:
    """Return a run that has kept its first frame and goes on, and the thread that carries it out."""
    run_id = store.enqueue(json.dumps(told))
    serving = serve(url)
    while not store.frames(run_id):
        time.sleep(0.02)
    return run_id, serving


class Ticking:
    """A clock that advances by a step at each frame."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        return self.now

    def frames(self, count: int, *, final: bool) -> Iterator[Frame]:
        for index in range(count):
            self.now += self.step
            yield frame(index, final=final and index == count - 1)


def kept(clock: Ticking, count: int, *, final: bool = True) -> list[int]:
    seen = worker.thinned(clock.frames(count, final=final), clock)
    return sorted({frame.index for frame, keep in seen if keep})


def test_the_first_the_final_and_six_a_second_are_kept():
    indices = kept(Ticking(0.01), 502)
    assert indices[:3] == [0, 1, 2] and indices[-1] == 501
    assert 28 <= len(indices) - 4 <= 31  # five seconds
    assert all(later - earlier >= 16 for earlier, later in zip(indices[3:-2], indices[4:-1], strict=True))


def test_slow_frames_are_all_kept():
    assert kept(Ticking(0.5), 40) == list(range(40))


def test_a_long_run_is_kept_more_sparsely_as_it_grows_old():
    assert 1000 < len(kept(Ticking(1.0), 3600)) < 2000


def test_the_last_frame_is_kept_even_when_none_is_final():
    seen = list(worker.thinned(Ticking(0.001).frames(9, final=False), Ticking(0.0)))
    assert [frame.index for frame, keep in seen if keep] == [0, 1, 2, 8]


def test_a_run_is_carried_out(store: Store, url: str):
    run_id = carry_out(store, url, frames=4)
    run = store.run(run_id)
    assert (run.status, run.progress, run.message) == ("finished", 1.0, "")
    assert [kept.index for kept in store.frames(run_id)] == [0, 1, 2, 3]
    assert len(store.pictures(run_id, "reconstruction")) == 4


def test_a_refusal_is_told_in_its_own_words(store: Store, url: str):
    run = store.run(carry_out(store, url, refuse="The number of clients is 0: give at least 1."))
    assert (run.status, run.message) == ("failed", "The number of clients is 0: give at least 1.")


def test_what_breaks_is_told_plainly_and_the_next_run_goes_on(store: Store, url: str, caplog: pytest.LogCaptureFixture):
    broken, well = store.enqueue('{"broken": "a nought below."}'), store.enqueue("{}")
    worker.serve(url, once=True, read=read)
    run = store.run(broken)
    assert run.status == "failed"
    assert run.message.startswith("Something broke inside leaklab: ZeroDivisionError: a nought below. The settings are")
    assert "Traceback" in caplog.text
    assert store.run(well).status == "finished"


def test_settings_that_cannot_be_read_fail_with_a_sentence(store: Store, url: str):
    run_id = store.enqueue('{"kind": "inversion", "seed": -1}')
    worker.serve(url, once=True, read=experiment.read)
    run = store.run(run_id)
    assert run.status == "failed" and "seed" in run.message and "-1" in run.message


def test_want_of_memory_is_named():
    assert worker._sentence(MemoryError()).startswith("There was not enough memory for this run: try fewer images")


def test_a_cancelled_run_stops_at_the_next_frame(store: Store, url: str):
    run_id, serving = begun(store, url, frames=1000, pause=0.05)
    store.cancel(run_id)
    serving.join(5)
    run = store.run(run_id)
    assert run.status == "cancelled" and 0 < len(store.frames(run_id)) < 100


def test_a_cancelled_run_stops_in_the_middle_of_an_iteration(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
):  # fmt: skip
    monkeypatch.setattr(worker, "STUBBORN", 600.0)  # a worker that cannot stop would end this very process
    run_id, serving = begun(store, url, frames=2, parts=10_000)
    store.cancel(run_id)
    serving.join(5)
    assert not serving.is_alive()
    assert store.run(run_id).status == "cancelled" and len(store.frames(run_id)) == 1


def test_the_worker_of_a_deleted_run_stops(store: Store, url: str):
    run_id, serving = begun(store, url, frames=1000, pause=0.05)
    store.delete(run_id)
    serving.join(5)
    assert not serving.is_alive() and store.runs() == [] and store.frames(run_id) == []


def test_the_heart_beats_while_one_iteration_takes_long(store: Store, url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(worker, "LISTEN", 0.02)
    monkeypatch.setattr(worker, "BEAT", 0.1)
    run_id = store.enqueue(json.dumps({"frames": 1, "deaf": 0.8}))
    serving = serve(url)
    beats = set()
    while serving.is_alive():
        beats.add(store.run(run_id).heartbeat)
        time.sleep(0.02)
    assert len(beats) >= 4


@pytest.mark.parametrize(
    ("device", "taken"), [("auto", {"auto", "cpu", "cuda"}), ("cpu", {"cpu"}), ("cuda", {"auto", "cuda"})]
)
def test_a_worker_takes_what_its_device_can(
    store: Store, url: str, device: str, taken: set[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(worker, "_warm_up", lambda device, threads: True)
    ids = {wanted: store.enqueue("{}", device=wanted) for wanted in ("auto", "cpu", "cuda")}
    worker.serve(url, device=device, once=True, read=read)
    assert {wanted for wanted, run_id in ids.items() if store.run(run_id).over} == taken


def test_without_a_gpu_a_cuda_worker_takes_everything(store: Store, url: str):
    run_id = store.enqueue("{}", device="cpu")
    worker.serve(url, device="cuda", once=True, read=read)
    assert store.run(run_id).status == "finished"


class Large:
    """An experiment whose pictures are too large for the store."""

    def run(self, device: str) -> Iterator[Frame]:
        """Yield small frames, then a large one."""
        yield frame(0)
        noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
        yield Frame(1, 1.0, pictures={"reconstruction": noise})


def test_a_store_that_is_full_in_the_middle_of_a_run_fails_it_with_the_reason(
    url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(database, "PRAGMAS", (*database.PRAGMAS, "max_page_count = 40"))
    store = Store(url)
    run_id = store.enqueue("{}")
    worker.serve(url, once=True, read=lambda text: Large())
    run = store.run(run_id)
    assert run.status == "failed" and "runs.sqlite is full: free some room on its disk" in run.message
    assert [kept.index for kept in store.frames(run_id)] == [0]
    store.close()


def test_a_worker_waits_out_a_store_that_is_in_trouble(store: Store, url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(worker, "BEAT", 0.01)
    answers = iter([worker.Refusal("The run store is locked."), None])

    def claim(self: Store, *_: object) -> None:
        if (answer := next(answers)) is not None:
            raise answer

    monkeypatch.setattr(Store, "claim", claim)
    worker.serve(url, once=True, read=lambda text: Fake())
    assert next(answers, "none left") == "none left"
