"""What the methods of label recovery made of one batch: their counts, how good those are, and what was said of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leaklab.experiments.frame import Frame
from leaklab.views.options import finite


@dataclass(frozen=True)
class Reading:
    """What one method made of a batch; `counts` is None where it has not run, or could not."""

    key: str
    words: Mapping[str, Any]  # name, needs, idea, once
    counts: tuple[int, ...] | None
    right: float | None  # share of the labels, as a multiset
    found: float | None  # share of classes that are rightly said to be there
    seconds: float | None
    remark: str
    bound: float | None  # the best share it could have reached, where it names a class once at most


def true_counts(frame: Frame) -> list[int]:
    """Return how often each class is in the batch."""
    return [int(count) for count in frame.series["true"]]


def readings(frame: Frame, methods: Mapping[str, Mapping[str, Any]]) -> list[Reading]:
    """Return what each method has made of the batch so far, in the order of `methods`."""
    true, said = true_counts(frame), _remarks(frame)
    bound = sum(count > 0 for count in true) / sum(true)

    def reading(key: str, words: Mapping[str, Any]) -> Reading:
        counts = frame.series.get(f"counts.{key}")
        numbers = (finite(frame.scalars.get(f"{name}.{key}")) for name in ("accuracy", "exists", "seconds"))
        whole = None if counts is None else tuple(map(int, counts))
        return Reading(key, words, whole, *numbers, said.get(key, ""), bound if words["once"] else None)

    return [reading(key, words) for key, words in methods.items()]


def notes(frame: Frame, methods: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return what a frame says of the batch and the network, beside its verdict and its remarks on methods."""
    lines = [line for line in frame.note.split("\n") if line and line.partition(": ")[0] not in methods]
    return lines[1:] if frame.final else lines


def score(reading: Reading, images: int) -> str:
    """Say in a few words how a method did, with the best it could do where that is less than all."""
    if reading.right is None:
        return ""
    said = f"{right(reading, images)} ({percent(reading.right)}"
    if reading.bound is None or reading.bound == 1:
        return f"{said})"
    most = "the most" if reading.right >= reading.bound else f"at most {percent(reading.bound)}"
    return f"{said}, {most} when each class is named once)"


def right(reading: Reading, images: int) -> str:
    """Say how many labels of a batch of so many images a method got right."""
    return f"{round((reading.right or 0) * images):,} of {images:,} label{'s' * (images != 1)} right"


def percent(share: float | None) -> str:
    """Return a share in percent, never rounded up to all or down to none."""
    if share is None:
        return "–"
    return f"{share:.0%}" if share in (0, 1) else f"{min(max(share, 0.001), 0.999):.1%}"


def duration(seconds: float | None) -> str:
    """Return a duration in the unit that suits it."""
    if seconds is None:
        return "–"
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"


def table(found: Sequence[Reading]) -> dict[str, list[str]]:
    """Return the numbers of all methods, column by column."""
    return {
        "method": [reading.words["name"] for reading in found],
        "needs": [reading.words["needs"] for reading in found],
        "labels right": [percent(reading.right) for reading in found],
        "at most": [percent(None if reading.right is None else reading.bound or 1) for reading in found],
        "classes right": [percent(reading.found) for reading in found],
        "time": [duration(reading.seconds) for reading in found],
    }


def _remarks(frame: Frame) -> dict[str, str]:
    return {key: said for line in frame.note.split("\n") for key, colon, said in [line.partition(": ")] if colon}
