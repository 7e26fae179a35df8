"""What the store hands out and how a frame is written down: runs, places in the queue, JSON and PNG."""

import heapq
import io
import json
import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from leaklab.experiments.frame import Frame

Status = Literal["queued", "running", "finished", "failed", "cancelled", "lost"]

OVER: tuple[Status, ...] = ("finished", "failed", "cancelled", "lost")

_KNOWN_FROM = 0.02  # share of a run after which its own pace says more than the usual length


@dataclass(frozen=True)
class Run:
    """One carrying-out of an experiment, as the store knows it."""

    id: str
    created: float
    status: Status
    title: str
    group: str  # shared by runs that were launched together
    owner: str  # the visitor, by the hash of a secret; empty for a run that is nobody's
    private: bool
    device: str
    worker: str
    pid: int
    started: float | None
    heartbeat: float | None
    attempts: int
    cancel_requested: float | None
    message: str  # the sentence of a failure
    progress: float
    seconds: float
    summary: dict[str, Any] = field(default_factory=dict)  # scalars of the last frame, and its note
    experiment: str = ""  # settings as JSON; empty in a listing

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.status in OVER

    def remaining(self, now: float, usual: float | None) -> float | None:
        """Return the seconds a running run still needs, by its own pace or else by the usual length."""
        elapsed = now - (self.started or now)
        if self.progress > _KNOWN_FROM:
            return elapsed * (1 - self.progress) / self.progress
        return None if usual is None else max(usual - elapsed, 0.0)


@dataclass(frozen=True)
class Census:
    """How many runs a store keeps, by who may see them and by what they are at."""

    public: int
    own: int  # private ones of the visitor who asks
    others: int  # private ones of everybody else
    queued: int
    running: int
    oldest: float  # when the run that waits longest was asked for; 0 where none waits


@dataclass(frozen=True)
class Place:
    """Where a run stands: how many wait before it, and the seconds until it starts or, once running, ends."""

    ahead: int
    seconds: float | None  # None: nothing is known yet


def run(row: Mapping[str, Any]) -> Run:
    """Return the run a row holds."""
    return Run(**{**row, "summary": json.loads(row["summary"])})


def waiting(running: list[float | None], ahead: int, usual: float | None) -> float | None:
    """Return the seconds until a run may start behind others, when each running one keeps a worker busy."""
    if not running and not ahead:
        return 0.0
    if None in running or (ahead and usual is None):
        return None
    free = [seconds for seconds in running if seconds is not None] or [0.0]
    heapq.heapify(free)
    for _ in range(ahead):
        heapq.heapreplace(free, free[0] + (usual or 0.0))
    return free[0]


def progress(frame: Frame) -> float:
    """Return the share of an experiment that is done, as far as its frame says."""
    if frame.final:
        return 1.0
    scalars = frame.scalars
    share = scalars.get("progress", scalars.get("iteration", 0) / (scalars.get("iterations", 0) or math.inf))
    return min(max(float(share), 0.0), 1.0)


def written(frame: Frame) -> dict[str, Any]:
    """Return a frame without its pictures as the columns of a row; what is not finite becomes null."""
    return {
        "index": frame.index, "seconds": frame.seconds, "note": frame.note, "final": frame.final,
        "scalars": _json({name: _number(value) for name, value in frame.scalars.items()}),
        "series": _json({name: [_number(value) for value in values] for name, values in frame.series.items()}),
    }  # fmt: skip


def summary(frame: Frame) -> str:
    """Return what a listing shows of a frame: its scalars and its note, as JSON."""
    return _json({name: _number(value) for name, value in frame.scalars.items()} | {"note": frame.note})


def read(row: Mapping[str, Any]) -> Frame:
    """Return the frame a row holds; null is read as not a number."""
    scalars = {name: _or_nan(value) for name, value in json.loads(row["scalars"]).items()}
    series = {name: [_or_nan(value) for value in values] for name, values in json.loads(row["series"]).items()}
    return Frame(row["index"], row["seconds"], scalars, series, note=row["note"], final=row["final"])


def png(picture: np.ndarray) -> bytes:
    """Return a uint8 picture as PNG, packed lightly: these pictures are small and many."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=1)
    return file.getvalue()


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _number(value: Any) -> int | float | None:
    if value is None or isinstance(value, numbers.Integral):
        return None if value is None else int(value)
    return float(value) if math.isfinite(value) else None


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
