"""The run store: what was asked, what came of it, and the only channel between the screens and the workers.

SQLite on one machine, Postgres by address where workers stand elsewhere; only portable SQL is used.
"""

import json
import os
import secrets
import time
from collections.abc import Collection
from pathlib import Path

from sqlalchemy import Connection, Row, and_, case, delete, exists, func, insert, or_, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql import ColumnElement

from leaklab.experiments.frame import Frame
from leaklab.runs import records
from leaklab.runs.database import EXPERIMENTS, FRAMES, HOLDS, PICTURES, RUNS, Database, default_url
from leaklab.runs.holds import Holds
from leaklab.runs.records import Census, Place, Run, Status
from leaklab.settings import Refusal

__all__ = ["ATTEMPTS", "DAY", "Store", "default_url"]

DEVICES = ("auto", "cpu", "cuda")
ATTEMPTS = 2  # a run whose worker died is tried once more
DAY = 24 * 3600.0
LEASE = 600.0  # seconds a private run is kept before anybody has said that its visitor is there

_AGAIN = "Its worker died, so it was put back into the queue once."
_GIVEN_UP = "Its worker died twice, perhaps for want of memory: try fewer images or restarts, or a smaller network."

_OTHERS = RUNS.alias("others")
_BEFORE = (RUNS.c.owner == "", RUNS.c.created, RUNS.c.id)  # the order in which runs are taken
_LISTED = [column for column in RUNS.c if column.name != "keep_until"]


class Store:
    """Keeps runs, their frames and their pictures; safe to share among threads and, by address, processes.

    Raises: Refusal, from every method, when the database is locked, read-only, full, damaged or out of reach.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.unwiped = False  # whether bytes of deleted private runs may still lie in the file
        self._base = Database(url)
        self.holds = Holds(self._base)

    def close(self) -> None:
        """Let go of every connection."""
        self._base.close()

    def enqueue(
        self, experiment: str, *, owner: str = "", title: str = "", private: bool = False, group: str = "",
        device: str = "auto",
    ) -> str:  # fmt: skip
        """Put an experiment, as JSON, at the end of the queue; return the new run's id."""
        if private and not owner:
            raise Refusal("A private run needs an owner: without one nobody could see or delete it.")
        if device not in DEVICES:
            raise Refusal(f"The device {device!r} is none that workers know: choose {', '.join(DEVICES)}.")
        run_id, now = secrets.token_hex(5), time.time()
        row = dict(
            id=run_id, created=now, status="queued", title=title, group=group, owner=owner, private=private,
            keep_until=now + LEASE, device=device,
        )  # fmt: skip
        with self._base.writing() as do:
            do.execute(insert(RUNS).values(row))
            do.execute(insert(EXPERIMENTS).values(run_id=run_id, experiment=experiment))
        return run_id

    def claim(self, worker: str, devices: Collection[str]) -> Run | None:
        """Take the oldest queued run for these devices whose visitor has none running, or None.

        What a visitor waits for comes before what is measured for everybody. The update says again what it expects to
        find, and its row count tells whether this worker was first.
        """
        busy = exists().where(_OTHERS.c.owner == RUNS.c.owner, _OTHERS.c.owner != "", _OTHERS.c.status == "running")
        free = and_(RUNS.c.status == "queued", ~busy)
        oldest = select(RUNS.c.id).where(free, RUNS.c.device.in_(devices)).order_by(*_BEFORE)
        with self._base.reading() as ask:
            run_id = ask.execute(oldest.limit(1)).scalar()
        if run_id is None:
            return None
        now = time.time()
        taken = update(RUNS).where(RUNS.c.id == run_id, free).values(
            status="running", worker=worker, pid=os.getpid(), started=now, heartbeat=now,
            attempts=RUNS.c.attempts + 1,
        )  # fmt: skip
        try:
            with self._base.writing() as do:
                mine = do.execute(taken).rowcount == 1
        except IntegrityError:  # another worker took another run of the same visitor at the same moment
            return None
        return self._run(run_id) if mine else None

    def append(self, run_id: str, frame: Frame, *, worker: str = "") -> bool:
        """Keep a frame and its pictures; return False when the run is no longer running, or not this worker's."""
        pictures = [
            {"run_id": run_id, "index": frame.index, "name": name, "png": records.png(picture)}
            for name, picture in frame.pictures.items()
        ]
        state = dict(
            heartbeat=time.time(), seconds=frame.seconds, progress=records.progress(frame),
            summary=records.summary(frame),
        )  # fmt: skip
        with self._base.writing() as do:
            if not do.execute(update(RUNS).where(_running(run_id, worker)).values(state)).rowcount:
                return False
            do.execute(insert(FRAMES).values(records.written(frame) | {"run_id": run_id}))
            if pictures:
                do.execute(insert(PICTURES), pictures)
        return True

    def frames(self, run_id: str, after: int = -1) -> list[Frame]:
        """Return a run's frames with a larger index than `after`, in order, without their pictures."""
        wanted = select(FRAMES).where(FRAMES.c.run_id == run_id, FRAMES.c.index > after).order_by(FRAMES.c.index)
        with self._base.reading() as ask:
            return [records.read(row._mapping) for row in ask.execute(wanted)]

    def picture(self, run_id: str, index: int | None, name: str) -> bytes:
        """Return one picture as PNG: that of a frame, or for None the newest of its name.

        Raises: Refusal, when the store does not have it.
        """
        of = and_(PICTURES.c.run_id == run_id, PICTURES.c.name == name)
        wanted = select(PICTURES.c.png).where(of, true() if index is None else PICTURES.c.index == index)
        with self._base.reading() as ask:
            found = ask.execute(wanted.order_by(PICTURES.c.index.desc()).limit(1)).scalar()
        if found is None:
            at = "" if index is None else f" at frame {index}"
            raise Refusal(f"Run {run_id} has no picture {name!r}{at}: it was deleted or never kept.")
        return found

    def pictures(self, run_id: str, name: str, after: int = -1) -> list[tuple[int, bytes]]:
        """Return every picture of one name with a larger index than `after`, as (index, PNG), in order."""
        of = and_(PICTURES.c.run_id == run_id, PICTURES.c.name == name, PICTURES.c.index > after)
        wanted = select(PICTURES.c.index, PICTURES.c.png).where(of).order_by(PICTURES.c.index)
        with self._base.reading() as ask:
            return [(index, png) for index, png in ask.execute(wanted)]

    def beat(self, run_id: str, worker: str = "") -> bool:
        """Say that a run goes on; return False when it should not: cancelled, deleted or given to another."""
        on = and_(_running(run_id, worker), RUNS.c.cancel_requested.is_(None))
        with self._base.writing() as do:
            return do.execute(update(RUNS).where(on).values(heartbeat=time.time())).rowcount == 1

    def cancelled(self, run_id: str, worker: str = "") -> bool:
        """Return whether a worker should stop: the run was cancelled, deleted or given to another."""
        on = and_(_running(run_id, worker), RUNS.c.cancel_requested.is_(None))
        with self._base.reading() as ask:
            return ask.execute(select(RUNS.c.id).where(on)).scalar() is None

    def finish(self, run_id: str, *, worker: str = "") -> None:
        """Mark a running run as finished."""
        self._end(run_id, worker, {"status": "finished", "progress": 1.0})

    def fail(self, run_id: str, message: str, *, worker: str = "") -> None:
        """Mark a running run as failed, with the sentence a person reads."""
        self._end(run_id, worker, {"status": "failed", "message": message})

    def stop(self, run_id: str, *, worker: str = "") -> None:
        """Mark a running run as cancelled."""
        self._end(run_id, worker, {"status": "cancelled"})

    def cancel(self, run_id: str, owner: str | None = None) -> None:
        """Cancel a queued run at once, and ask the worker of a running one to stop.

        Raises: Refusal, when a visitor is named and the run is another's.
        """
        if owner is not None and self.run(run_id, owner).owner != owner:
            raise Refusal(f"Run {run_id} is another visitor's: only the browser that started it may cancel it.")
        of, now = RUNS.c.id == run_id, time.time()
        with self._base.writing() as do:
            do.execute(update(RUNS).where(of, RUNS.c.status == "queued").values(status="cancelled"))
            asked = update(RUNS).where(of, RUNS.c.status == "running", RUNS.c.cancel_requested.is_(None))
            do.execute(asked.values(cancel_requested=now))

    def overdue(self, seconds: float) -> list[Run]:
        """Return the running runs whose worker has not stopped within so many seconds of being asked."""
        late = and_(RUNS.c.status == "running", RUNS.c.cancel_requested < time.time() - seconds)
        return self._list(late, limit=1000)

    def requeue_lost(self, workers: Collection[str] = (), *, silent: float = 60.0) -> list[str]:
        """Put the runs of dead workers back into the queue, once; return the ids of all that were lost.

        Dead is a worker named here, or one whose run has had no heartbeat for `silent` seconds.
        """
        silence = RUNS.c.heartbeat < time.time() - silent
        gone = and_(RUNS.c.status == "running", or_(RUNS.c.worker.in_(workers), silence))
        with self._base.writing() as do:
            lost = do.execute(select(RUNS.c.id, RUNS.c.attempts, RUNS.c.cancel_requested).where(gone)).all()
            for row in lost:
                _lose(do, row)
        return [row.id for row in lost]

    def place(self, run_id: str) -> Place:
        """Return how many runs wait before this one, and the seconds until it starts or, once running, ends."""
        run, now = self._run(run_id), time.time()
        recent = select(RUNS.c.seconds).where(RUNS.c.status == "finished").order_by(RUNS.c.created.desc()).limit(20)
        earlier = and_(RUNS.c.owner != "" if run.owner else true(), RUNS.c.created < run.created)
        sooner = earlier if run.owner else or_(earlier, RUNS.c.owner != "")
        before = select(func.count()).where(RUNS.c.status == "queued", sooner)
        with self._base.reading() as ask:
            usual = ask.execute(select(func.avg(recent.subquery().c.seconds))).scalar()
            ahead = ask.execute(before).scalar() or 0
        if run.status != "queued":
            return Place(0, run.remaining(now, usual) if run.status == "running" else 0.0)
        busy = {other.id: other for other in self._list(RUNS.c.status == "running", limit=1000)}
        left = {key: other.remaining(now, usual) for key, other in busy.items()}
        own = [left[key] for key, other in busy.items() if other.owner and other.owner == run.owner]
        seconds = records.waiting(list(left.values()), ahead, usual)
        return Place(ahead, None if seconds is None or None in own else max([seconds, *own]))

    def runs(self, owner: str = "", *, statuses: Collection[Status] = (), limit: int = 100) -> list[Run]:
        """Return the newest runs this visitor may see, without the text of their experiments."""
        seen = or_(~RUNS.c.private, and_(RUNS.c.owner == owner, RUNS.c.owner != ""))
        return self._list(and_(seen, RUNS.c.status.in_(statuses) if statuses else true()), limit=limit)

    def run(self, run_id: str, owner: str = "") -> Run:
        """Return one run, whole.

        Raises: Refusal, when it is not in the store, or private and another visitor's.
        """
        run = self._run(run_id)
        if run.private and run.owner != owner:
            raise Refusal(f"Run {run_id} is private: only the browser that started it may open it.")
        return run

    def known(self, experiment: str) -> str | None:
        """Return the newest finished run of this very experiment, as JSON, that everybody may see; None without any."""
        same = and_(EXPERIMENTS.c.experiment == experiment, RUNS.c.status == "finished", ~RUNS.c.private)
        wanted = select(RUNS.c.id).join(EXPERIMENTS).where(same).order_by(RUNS.c.created.desc()).limit(1)
        with self._base.reading() as ask:
            return ask.execute(wanted).scalar()

    def lengths(self, title: str, limit: int = 20) -> list[tuple[str, float, float]]:
        """Return experiment, seconds and evaluations of the newest finished runs of a title that everybody may see."""
        same = and_(RUNS.c.title == title, RUNS.c.status == "finished", ~RUNS.c.private)
        wanted = select(EXPERIMENTS.c.experiment, RUNS.c.seconds, RUNS.c.summary).join(RUNS).where(same)
        with self._base.reading() as ask:
            rows = ask.execute(wanted.order_by(RUNS.c.created.desc()).limit(limit)).all()
        return [(text, seconds, json.loads(told).get("evaluations") or 0.0) for text, seconds, told in rows]

    def delete(self, run_id: str, owner: str = "") -> None:
        """Delete one's own run; a worker that is at it stops.

        Raises: Refusal, when it is another visitor's.
        """
        run = self.run(run_id, owner)
        if run.owner != owner:
            raise Refusal(f"Run {run_id} is another visitor's: only the browser that started it may delete it.")
        self._delete(RUNS.c.id == run_id, private=run.private)

    def clear(self, owner: str = "") -> int:
        """Delete every run that everybody may see, and a visitor's own private ones; return how many there were.

        Other visitors' private runs stay: they go when their visitors have gone.
        """
        return self._delete(or_(~RUNS.c.private, and_(RUNS.c.owner == owner, RUNS.c.owner != "")))

    def census(self, owner: str = "") -> Census:
        """Return how many runs there are of each sort."""
        mine, waits = RUNS.c.owner == owner, RUNS.c.status == "queued"
        sorts = (~RUNS.c.private, and_(RUNS.c.private, mine), and_(RUNS.c.private, ~mine), waits,
                 RUNS.c.status == "running")  # fmt: skip
        counts = [func.count(case((sort, 1))) for sort in sorts]
        with self._base.reading() as ask:
            *found, oldest = ask.execute(select(*counts, func.min(case((waits, RUNS.c.created))))).one()
        return Census(*found, oldest=oldest or 0.0)

    def files(self) -> list[Path]:
        """Return the files the store lies in; none where a server keeps it."""
        return self._base.files()

    def delete_private(self, owner: str) -> int:
        """Delete every private run of a visitor, to the last byte; return how many there were."""
        return self._delete(and_(RUNS.c.private, RUNS.c.owner == owner))

    def keep(self, owner: str | None, until: float) -> None:
        """Say until when a visitor's private runs (everybody's, for None) are to be kept."""
        whose = true() if owner is None else RUNS.c.owner == owner
        with self._base.writing() as do:
            do.execute(update(RUNS).where(RUNS.c.private, whose).values(keep_until=until))

    def expire(self, now: float) -> int:
        """Delete the private runs that nobody keeps any longer or that are a day old; return how many."""
        old = and_(RUNS.c.private, or_(RUNS.c.keep_until < now, RUNS.c.created < now - DAY))
        with self._base.reading() as ask:
            some = ask.execute(select(RUNS.c.id).where(old).limit(1)).scalar()
        return 0 if some is None else self._delete(old)

    def wipe(self) -> bool:
        """Clear what was deleted out of the store's files for good; return False when others are in the way."""
        self.unwiped = not self._base.wipe()
        return not self.unwiped

    def _run(self, run_id: str) -> Run:
        wanted = select(*_LISTED, EXPERIMENTS.c.experiment).join(EXPERIMENTS).where(RUNS.c.id == run_id)
        with self._base.reading() as ask:
            row = ask.execute(wanted).one_or_none()
        if row is None:
            raise Refusal(f"Run {run_id} is not in the store: it was deleted, or its address is misspelt.")
        return records.run(row._mapping)

    def _list(self, which: ColumnElement[bool], limit: int) -> list[Run]:
        newest = select(*_LISTED).where(which).order_by(RUNS.c.created.desc(), RUNS.c.id).limit(limit)
        with self._base.reading() as ask:
            return [records.run(row._mapping) for row in ask.execute(newest)]

    def _end(self, run_id: str, worker: str, values: dict[str, object]) -> None:
        with self._base.writing() as do:
            if do.execute(update(RUNS).where(_running(run_id, worker)).values(values)).rowcount:
                do.execute(delete(HOLDS).where(HOLDS.c.run_id == run_id))

    def _delete(self, which: ColumnElement[bool], private: bool = True) -> int:
        with self._base.writing() as do:
            count = do.execute(delete(RUNS).where(which)).rowcount
        if private and count:
            self.wipe()
        return count


def _running(run_id: str, worker: str) -> ColumnElement[bool]:
    """The run, while it runs; and, where a worker is named, while it is that worker's."""
    whose = RUNS.c.worker == worker if worker else true()
    return and_(RUNS.c.id == run_id, RUNS.c.status == "running", whose)


def _lose(do: Connection, lost: Row) -> None:
    """Settle a run whose worker died: cancelled if that was asked, else queued once more, else lost."""
    values: dict[str, object] = {"status": "lost", "message": _GIVEN_UP}
    if lost.cancel_requested is not None:
        values = {"status": "cancelled"}
    elif lost.attempts < ATTEMPTS:
        values = {"status": "queued", "message": _AGAIN, "progress": 0.0, "seconds": 0.0, "summary": "{}"}
        for table in (FRAMES, PICTURES, HOLDS):
            do.execute(delete(table).where(table.c.run_id == lost.id))
    do.execute(update(RUNS).where(RUNS.c.id == lost.id).values(values))
