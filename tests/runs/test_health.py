"""What is looked at before a class: weights, room, workers and the queue; and what a store counts and clears."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from leaklab.evaluation import lpips
from leaklab.runs import health
from leaklab.runs.store import Store


class Workers:
    """Stands for a pool of which so many workers live."""

    def __init__(self, size: int, alive: int) -> None:
        self.size, self._alive = size, alive

    def alive(self) -> int:
        return self._alive


@pytest.mark.parametrize(
    ("size", "alive", "case"), [(2, 2, "ready"), (2, 1, "fewer"), (2, 0, "dead"), (0, 0, "elsewhere")]
)
def test_workers_are_counted(store: Store, size: int, alive: int, case: str):
    assert health.workers(store, Workers(size, alive)).case == case


def test_a_queue_that_does_not_move_is_broken_and_one_that_does_is_only_long(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(health, "STUCK", -1.0)
    store.enqueue("{}")
    assert health.workers(store, Workers(1, 1)).case == "stuck"
    store.enqueue("{}")
    store.claim("w", ("auto",))
    assert health.workers(store, Workers(1, 1)).case == "waiting"


def test_room_is_measured_where_the_store_lies(store: Store, path: Path, monkeypatch: pytest.MonkeyPatch):
    assert store.files()[0] == path and health.room(store).facts["size"].endswith("MB")
    monkeypatch.setattr(health.shutil, "disk_usage", lambda place: type("Usage", (), {"free": 10**8}))
    assert (health.room(store).case, health.room(store).state) == ("scarce", "broken")


def test_the_weights_of_lpips_are_absent_damaged_or_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "net.pth"
    monkeypatch.setattr(health.lpips, "weights_path", lambda net: file)
    assert health.perceptual().case == "absent"
    file.write_bytes(b"weights")
    assert health.perceptual().case == "damaged"
    begins = hashlib.sha256(b"weights").hexdigest()[:8]
    monkeypatch.setitem(lpips.TRUNKS, "alex", replace(lpips.TRUNKS["alex"], checksum=begins))
    assert health.perceptual().case == "whole"


def test_a_store_counts_and_clears_all_but_strangers_private_runs(store: Store):
    store.enqueue("{}")
    store.enqueue("{}", owner="anna")
    store.enqueue("{}", owner="anna", private=True)
    theirs = store.enqueue("{}", owner="ben", private=True)
    census = store.census("anna")
    assert (census.public, census.own, census.others, census.queued, census.running) == (2, 1, 1, 4, 0)
    assert store.clear("anna") == 3 and store.run(theirs, "ben")
    assert store.census().others == 1 and store.clear() == 0
