"""What came of a label recovery, as a few lines to read in a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from leaklab.views.outcome import table

_HEADS = ("method", "labels right", "classes right", "seconds")


def summary(title: str, said: Sequence[str], found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines a person reads: a row a method, the verdict, and beneath what was said of each and of all."""
    verdict, *others = said
    counts = [count for count in found[0]["counts_true"] if count]
    yield f"{title}: {_many(len(counts), 'class', 'classes')}, at most {_many(max(counts), 'photograph')} of each"
    yield ""
    yield from table([_HEADS, *(_row(one) for one in found)])
    yield ""
    yield verdict
    yield from (f"{one['method']}: {one['note']}" for one in found if one["note"])
    yield from (f"Note: {line}" for line in others)


def _many(count: int, one: str, more: str = "") -> str:
    return f"{count} {one if count == 1 else more or one + 's'}"


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    shares = (_share(one[name]) for name in ("accuracy", "exists_accuracy"))
    return one["method"], *shares, "–" if one["seconds"] is None else f"{one['seconds']:.3f}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"
