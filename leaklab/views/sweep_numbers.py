"""A sweep in numbers: a row a cell, for JSON, for CSV, for the screen, and for a terminal."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from leaklab.experiments.sweep_cells import Spread
from leaklab.views.options import finite
from leaklab.views.outcome import table
from leaklab.views.sweep_grid import METRICS, Grid, Place, span

Row = Mapping[str, Any]

_ENDS = ("_low", "", "_high")


def rows(grid: Grid, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return every place of a grid as an object for JSON; `names` are those of the knobs on the command line."""
    return [
        {name: json.loads(named.values[at]) for name, named, at in zip(names, grid.axes, place, strict=False)}
        | _numbers(one)
        for place, one in sorted(grid.spreads.items())
    ]  # fmt: skip


def as_csv(found: Sequence[Row]) -> str:
    """Return rows as CSV."""
    kept = io.StringIO()
    writer = csv.DictWriter(kept, found[0] if found else ())
    writer.writeheader()
    writer.writerows(found)
    return kept.getvalue()


def as_json(found: Sequence[Row]) -> str:
    """Return rows as a list in JSON."""
    return json.dumps(found, indent=1, allow_nan=False)


def summary(title: str, grid: Grid, note: str) -> Iterator[str]:
    """Yield the lines a person reads in a terminal: a row a cell, and beneath what changed most."""
    yield title
    yield ""
    heads = (*(axis.title for axis in grid.axes), "PSNR (dB)", "SSIM", "seconds")
    yield from table([heads, *(_row(grid, place, one) for place, one in sorted(grid.spreads.items()))])
    yield ""
    verdict, *others = note.split("\n")
    yield verdict
    yield from (f"Note: {line}" for line in others if line)


def _row(grid: Grid, place: Place, one: Spread) -> tuple[str, ...]:
    values = (axis.values[at] for axis, at in zip(grid.axes, place, strict=False))
    return *values, span(one, "psnr"), span(one, "ssim"), f"{one.seconds:.1f}"


def _numbers(one: Spread) -> dict[str, Any]:
    scores = {
        f"{metric}{end}": finite(value)
        for metric in METRICS
        for end, value in zip(_ENDS, getattr(one, metric), strict=True)
    }
    return {"seeds": one.seeds} | scores | {"seconds": round(one.seconds, 3)}
