"""Placeholder while the pages are being written."""

from collections.abc import Iterator

from benchmarks.table import Row


def rows(quick: bool) -> Iterator[Row]:
    """Yield nothing yet."""
    yield from ()
