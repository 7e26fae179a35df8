"""The store's tables and the way to them: one database, opened safely, its complaints said as sentences.

Five tables: runs, their experiments, frames and pictures, and which are held. Whatever hangs on a run goes with it.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Connection, Double, Engine, Integer, String, Table, Text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError

from leaklab.runs import faults
from leaklab.settings import Refusal

PATIENCE = 30.0  # seconds a writer waits for another
PRAGMAS = ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "secure_delete = ON")

_TRIES = 10  # of each step of a wipe, half a second each

META = sa.MetaData()
RUNS = Table(
    "runs", META,
    Column("id", String(32), primary_key=True),
    Column("created", Double, nullable=False, index=True),
    Column("status", String(16), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("group", String(64), nullable=False),
    Column("owner", String(64), nullable=False),
    Column("private", Boolean, nullable=False),
    Column("keep_until", Double, nullable=False),
    Column("device", String(16), nullable=False),
    Column("worker", String(128), nullable=False, default=""),
    Column("pid", Integer, nullable=False, default=0),
    Column("started", Double),
    Column("heartbeat", Double),
    Column("attempts", Integer, nullable=False, default=0),
    Column("cancel_requested", Double),
    Column("message", Text, nullable=False, default=""),
    Column("summary", Text, nullable=False, default="{}"),
    Column("progress", Double, nullable=False, default=0.0),
    Column("seconds", Double, nullable=False, default=0.0),
)  # fmt: skip
_ONE = sa.text("status = 'running' AND owner <> ''")
sa.Index("one_running_run_a_visitor", RUNS.c.owner, unique=True, sqlite_where=_ONE, postgresql_where=_ONE)


def _run_id() -> Column[str]:
    return Column("run_id", String(32), sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)


# Apart from the run's row, which is rewritten at each heartbeat: uploads make these texts long.
EXPERIMENTS = Table("experiments", META, _run_id(), Column("experiment", Text, nullable=False))
FRAMES = Table(
    "frames", META, _run_id(),
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("seconds", Double, nullable=False),
    Column("scalars", Text, nullable=False),
    Column("series", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("final", Boolean, nullable=False),
)  # fmt: skip
PICTURES = Table(
    "pictures", META, _run_id(),
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("name", String(64), primary_key=True),
    Column("png", sa.LargeBinary, nullable=False),
)  # fmt: skip

# A table of its own, so that a store made before runs could be held only lacks this one.
HOLDS = Table(
    "holds", META, _run_id(),
    Column("steps", Integer, nullable=False, default=0),
    Column("waiting", Boolean, nullable=False, default=False),
)  # fmt: skip


def default_url() -> str:
    """Return the address of the store: LEAKLAB_STORE, or a file under LEAKLAB_HOME or ~/.local/share/leaklab."""
    if "://" in (given := os.environ.get("LEAKLAB_STORE", "")):
        return given
    home = Path(os.environ.get("LEAKLAB_HOME") or "~/.local/share/leaklab")
    path = Path(given or home / "runs.sqlite").expanduser().absolute()
    return URL.create("sqlite", database=str(path)).render_as_string()


class Database:
    """One database with the store's tables in it.

    Raises: Refusal, whenever it is locked, read-only, full, damaged or out of reach.
    """

    def __init__(self, url: str) -> None:
        self._engine, self._place = _engine(url)
        self._writers = self._engine.execution_options(immediate=True)
        with self.reading() as ask:
            missing = not sa.inspect(ask).has_table(HOLDS.name)
        if missing:
            with self.writing() as do:
                META.create_all(do)

    def reading(self) -> AbstractContextManager[Connection]:
        """Open a transaction that only reads."""
        return self._transaction(self._engine)

    def writing(self) -> AbstractContextManager[Connection]:
        """Open a transaction that holds the right to write from its first statement."""
        return self._transaction(self._writers)

    def files(self) -> list[Path]:
        """Return the files the database lies in, whether they are there or not; none where a server keeps it."""
        if self._engine.dialect.name != "sqlite":
            return []
        return [Path(self._place.removeprefix("file:").partition("?")[0] + ending) for ending in ("", "-wal", "-shm")]

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    def wipe(self) -> bool:
        """Clear what was deleted out of the file, its -wal and its -shm; return False when others are in the way.

        Secure delete alone is not enough: cells that once moved between pages leave copies behind, and
        only a file built anew is free of them.
        """
        if self._engine.dialect.name != "sqlite":
            return True
        raw = self._engine.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute("PRAGMA busy_timeout = 500")
            done = _insist(cursor, "VACUUM") and _insist(cursor, "PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000:.0f}")
        finally:
            raw.close()
        return done

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        try:
            with engine.begin() as connection:
                yield connection
        except IntegrityError:  # not the database's trouble but a race, which its caller knows of
            raise
        except DBAPIError as error:
            raise Refusal(faults.sentence(error.orig, self._place)) from error


def _engine(url: str) -> tuple[Engine, str]:
    """Return the engine of an address, and the words by which a person knows the place."""
    try:
        address = make_url(url)
        if address.get_backend_name() != "sqlite":
            return sa.create_engine(address, pool_pre_ping=True), address.render_as_string(hide_password=True)
    except ArgumentError as error:
        raise Refusal(
            f"The run store's address {url!r} cannot be read: write sqlite:////folder/runs.sqlite."
        ) from error
    except ModuleNotFoundError as error:
        raise Refusal(f"The run store needs {error.name}: `pip install {error.name}`, or use SQLite.") from error
    if not address.database or address.database == ":memory:":
        raise Refusal(f"The run store's address {url!r} names no file: write sqlite:////folder/runs.sqlite.")
    if not address.database.startswith("file:"):
        _make_private(Path(address.database))
    engine = sa.create_engine(address, pool_size=16, max_overflow=64, connect_args={"timeout": PATIENCE})
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    return engine, address.database


def _make_private(path: Path) -> None:
    """Create the store's file, and its folder where it is missing, for this user's eyes alone."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as error:
        raise Refusal(
            f"The run store {path} cannot be made ({error.strerror}): point LEAKLAB_STORE at another file."
        ) from error


def _prepare(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # transactions begin where _begin says, not before the first change
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # A reader that turns into a writer is refused at once when another wrote meanwhile; it must ask at the start.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("immediate") else "BEGIN")


def _insist(cursor: sqlite3.Cursor, statement: str) -> bool:
    """Try a statement that others may be in the way of, for a few seconds; return whether it got through."""
    for _ in range(_TRIES):
        try:
            answer = cursor.execute(statement).fetchone()
            if not answer or not answer[0]:
                return True
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
                return False
        time.sleep(0.05)
    return False
