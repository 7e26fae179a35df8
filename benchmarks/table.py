"""A row of measurements: many values of one thing, what they come to, how they scatter, and what was wanted."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, median, quantiles
from typing import Any, Literal

HEADS = ("what", "measured", "middle half", "range", "wanted", "")
_SUMMARIES = {"median": median, "mean": fmean, "lowest": min, "highest": max}


@dataclass(frozen=True)
class Row:
    """One thing measured once or many times; without values it was left out, and the note says why."""

    what: str
    values: tuple[float, ...] = ()
    unit: str = ""
    by: Literal["median", "mean", "lowest", "highest"] = "median"
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def measured(self) -> float:
        """What the values come to; not a number where there are none."""
        return float(_SUMMARIES[self.by](self.values)) if self.values else math.nan

    @property
    def met(self) -> bool | None:
        """Whether what was measured is what was wanted; None where nothing was wanted or measured."""
        if not self.values or (self.at_least is None and self.at_most is None):
            return None
        low = -math.inf if self.at_least is None else self.at_least
        high = math.inf if self.at_most is None else self.at_most
        return low <= self.measured <= high

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as a person reads it, in the order of the heads."""
        many = len(self.values) > 1
        return (
            self.what,
            f"{number(self.measured)} {self.unit}{f' ({self.by})' if many else ''}" if self.values else "–",
            "–".join(number(value) for value in _middle(self.values)) if len(self.values) >= 4 else "",
            f"{number(min(self.values))}–{number(max(self.values))}" if many else "",
            self._wanted,
            {True: "yes", False: "NO", None: ""}[self.met],
        )

    @property
    def _wanted(self) -> str:
        low = "" if self.at_least is None else f"≥ {number(self.at_least)} {self.unit}"
        high = "" if self.at_most is None else f"≤ {number(self.at_most)} {self.unit}"
        return " and ".join(part.strip() for part in (low, high) if part)

    def written(self) -> dict[str, Any]:
        """Return the row for JSON, where what is not finite is null."""
        return {
            "what": self.what, "measured": _finite(self.measured), "by": self.by, "unit": self.unit,
            "values": [_finite(value) for value in self.values], "at_least": self.at_least, "at_most": self.at_most,
            "met": self.met, "note": self.note,
        }  # fmt: skip


def read(written: dict[str, Any]) -> Row:
    """Return the row that `written` wrote."""
    values = tuple(math.nan if value is None else value for value in written["values"])
    kept = {name: written[name] for name in ("what", "unit", "by", "at_least", "at_most", "note")}
    return Row(values=values, **kept)


def plain(rows: Iterable[Row]) -> str:
    """Return rows as a table for a terminal, their notes beneath."""
    rows = list(rows)
    lines = [HEADS, *(row.cells for row in rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    table.insert(1, "  ".join("-" * width for width in widths).rstrip())
    return "\n".join([*table, *(f"  {row.what}: {row.note}" for row in rows if row.note)])


def markdown(rows: Iterable[Row]) -> str:
    """Return rows as a Markdown table, their notes beneath as a list."""
    rows = list(rows)
    lines = [HEADS, ("---",) * len(HEADS), *(row.cells for row in rows)]
    table = ["| " + " | ".join(cell.strip() for cell in line) + " |" for line in lines]
    notes = [f"- {row.what}: {row.note}" for row in rows if row.note]
    return "\n".join([*table, "", *notes] if notes else table)


def number(value: float) -> str:
    """Return a number with three digits that count, and no more than two behind the point."""
    if not math.isfinite(value):
        return "not finite"
    if value == 0 or abs(value) >= 0.01:
        return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
    return f"{value:.1e}"


def _middle(values: tuple[float, ...]) -> tuple[float, float]:
    low, _, high = quantiles(values, n=4, method="inclusive")
    return low, high


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
