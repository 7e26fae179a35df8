"""Holds: a running run may be paused between two of its frames, and led on step by step. One row a held run."""

from dataclasses import dataclass

from sqlalchemy import and_, delete, exists, insert, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql import ColumnElement

from leaklab.runs.database import HOLDS, RUNS, Database


@dataclass(frozen=True)
class Hold:
    """How a held run stands."""

    steps: int  # frames that may still pass
    waiting: bool  # whether its worker has come to rest; before, it is still at the frame it was at


class Holds:
    """The held runs of one store; an owner, where one is named, is the only one whose word counts.

    Raises: Refusal, from every method, when the database is locked, read-only, full, damaged or out of reach.
    """

    def __init__(self, base: Database) -> None:
        self._base = base

    def pause(self, run_id: str, owner: str | None = None) -> None:
        """Ask a running run to wait after its next frame."""
        self.step(run_id, 0, owner)

    def step(self, run_id: str, steps: int, owner: str | None = None) -> None:
        """Let so many more frames of a run pass, after which it waits."""
        more = {"steps": HOLDS.c.steps + steps} | ({"waiting": False} if steps else {})
        try:
            with self._base.writing() as do:
                if do.execute(select(RUNS.c.id).where(_running(run_id, owner))).scalar() is None:
                    return  # over by now, deleted, or another visitor's
                if not do.execute(update(HOLDS).where(HOLDS.c.run_id == run_id).values(more)).rowcount:
                    do.execute(insert(HOLDS).values(run_id=run_id, steps=steps, waiting=False))
        except IntegrityError:  # deleted at this moment, or held by another press
            return

    def resume(self, run_id: str, owner: str | None = None) -> None:
        """Let a run go on."""
        mine = exists().where(_running(run_id, owner))
        with self._base.writing() as do:
            do.execute(delete(HOLDS).where(HOLDS.c.run_id == run_id, mine))

    def look(self, run_id: str) -> Hold | None:
        """Return how a run is held; None when it is not."""
        with self._base.reading() as ask:
            row = ask.execute(select(HOLDS.c.steps, HOLDS.c.waiting).where(HOLDS.c.run_id == run_id)).one_or_none()
        return None if row is None else Hold(row.steps, bool(row.waiting))

    def passes(self, run_id: str) -> bool:
        """Use up one step of a held run, as its worker; return False, and note that it waits, when none is left."""
        of = HOLDS.c.run_id == run_id
        with self._base.writing() as do:
            taken = update(HOLDS).where(of, HOLDS.c.steps > 0).values(steps=HOLDS.c.steps - 1, waiting=False)
            if do.execute(taken).rowcount:
                return True
            do.execute(update(HOLDS).where(of, ~HOLDS.c.waiting).values(waiting=True))
        return False

    def give_up(self, run_id: str, message: str) -> None:
        """Let a run go on that was held for too long, and say so."""
        with self._base.writing() as do:
            do.execute(delete(HOLDS).where(HOLDS.c.run_id == run_id))
            do.execute(update(RUNS).where(RUNS.c.id == run_id, RUNS.c.status == "running").values(message=message))


def _running(run_id: str, owner: str | None) -> ColumnElement[bool]:
    return and_(RUNS.c.id == run_id, RUNS.c.status == "running", true() if owner is None else RUNS.c.owner == owner)
