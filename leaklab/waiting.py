"""The ground: where a long computation finds out whether anybody still waits for it.

A generator can be left at every snapshot, but one iteration of L-BFGS on a deep network takes seconds, and who has
pressed *Stop* should not wait for its end. It ends at set places alone, so that nothing is left half done.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

_Part = TypeVar("_Part")


class Abandoned(BaseException):
    """Raised by `awaited` where nobody waits any longer; no error, so that what mends errors lets it pass."""


_given_up: ContextVar[Callable[[], bool]] = ContextVar("given_up", default=lambda: False)


@contextmanager
def until(given_up: Callable[[], bool]) -> Iterator[None]:
    """Let `awaited` raise inside this block as soon as `given_up` says so."""
    token = _given_up.set(given_up)
    try:
        yield
    finally:
        _given_up.reset(token)


def awaited(parts: Iterable[_Part]) -> Iterator[_Part]:
    """Yield the parts of something long, as long as somebody waits for it.

    Raises: Abandoned, when nobody does any more.
    """
    for part in parts:
        if _given_up.get()():
            raise Abandoned
        yield part
