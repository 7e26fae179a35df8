"""Where the store lives, and the sentence for each way in which its file can be wrong."""

import sqlite3
import stat
import sys
from pathlib import Path

import pytest

from leaklab.runs import database
from leaklab.runs.store import Store, default_url
from leaklab.settings import Refusal


def test_the_default_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("LEAKLAB_STORE", raising=False)
    monkeypatch.setenv("LEAKLAB_HOME", str(tmp_path / "home"))
    assert default_url() == f"sqlite:///{tmp_path}/home/runs.sqlite"
    monkeypatch.delenv("LEAKLAB_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_url() == f"sqlite:///{tmp_path}/.local/share/leaklab/runs.sqlite"
    monkeypatch.setenv("LEAKLAB_STORE", str(tmp_path / "a file.db"))
    assert default_url() == f"sqlite:///{tmp_path}/a file.db"
    Store(default_url()).close()
    assert (tmp_path / "a file.db").exists()
    monkeypatch.setenv("LEAKLAB_STORE", "postgresql://host/leaklab")
    assert default_url() == "postgresql://host/leaklab"


def test_the_file_and_its_folder_are_for_one_user_alone(tmp_path: Path):
    path = tmp_path / "new" / "runs.sqlite"
    store = Store(f"sqlite:///{path}")
    store.enqueue("{}")
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in [path.parent, *path.parent.iterdir()]}
    store.close()
    assert modes == {"new": 0o700, "runs.sqlite": 0o600, "runs.sqlite-wal": 0o600, "runs.sqlite-shm": 0o600}


def test_a_locked_store(store: Store, path: Path, url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    impatient, other = Store(url), sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert impatient.runs() == []  # to read is always possible
    with pytest.raises(Refusal, match=f"The run store {path} is locked by another program: close whatever"):
        impatient.enqueue("{}")
    other.execute("ROLLBACK")
    impatient.enqueue("{}")
    other.close()
    impatient.close()


def test_a_read_only_store(store: Store, path: Path):
    run_id = store.enqueue("{}")
    with sqlite3.connect(path) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.close()
    guarded = Store(f"sqlite:///file:{path}?mode=ro&uri=true")
    assert guarded.run(run_id).status == "queued"
    with pytest.raises(Refusal, match=f"The run store .*{path}.* is read-only: make the file and its folder writable"):
        guarded.enqueue("{}")
    guarded.close()


def test_a_full_store(store: Store, path: Path, url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(database, "PRAGMAS", (*database.PRAGMAS, "max_page_count = 30"))
    small = Store(url)
    kept = small.enqueue("{}")
    with pytest.raises(Refusal, match=f"The run store {path} is full: free some room on its disk or delete old runs"):
        small.enqueue("x" * 200_000)
    assert [run.id for run in small.runs()] == [kept]
    small.close()


def test_a_file_that_is_no_database(path: Path, url: str):
    path.write_text("Dear diary, " * 200)
    with pytest.raises(Refusal, match=f"The run store {path} is not a run store, for the file is no SQLite database"):
        Store(url)
    assert path.read_text().startswith("Dear diary")


def test_a_store_of_another_version(store: Store, path: Path):
    with sqlite3.connect(path) as file:
        file.execute("ALTER TABLE runs DROP COLUMN message")
    file.close()
    with pytest.raises(Refusal, match=f"The run store {path} was made by another version of leaklab"):
        store.runs()


def test_a_damaged_store(store: Store, path: Path, url: str):
    store.enqueue("x" * 100_000)
    store.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(Refusal, match=f"The run store {path} is damaged: move the file away"):
        Store(url).runs()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("not an address", "'not an address' cannot be read: write sqlite:////folder/runs.sqlite"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:////dev/null/runs.sqlite", "/dev/null/runs.sqlite cannot be made .*: point LEAKLAB_STORE at another"),
        ("sqlite:////", r"The run store / cannot be opened: make its folder"),
    ],
)
def test_an_address_that_leads_nowhere(url: str, words: str):
    with pytest.raises(Refusal, match=words):
        Store(url)


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(Refusal, match="The run store needs psycopg: `pip install psycopg`, or use SQLite"):
        Store("postgresql+psycopg://host/leaklab")
