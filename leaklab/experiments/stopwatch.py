"""Stopwatch: the seconds an experiment worked, without those in which nobody asked for its next frame."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Runs from the moment it is made."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        """The seconds so far."""
        return time.perf_counter() - self._start

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Stand still meanwhile: around a `yield` it leaves out a pause of whoever takes the frames."""
        before = self.seconds
        try:
            yield
        finally:
            self._start = time.perf_counter() - before
