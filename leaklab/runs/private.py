"""Privacy: who is here, and what goes when they have gone.

A visitor is known by the hash of a secret. While one of a visitor's browser sessions lives, the private runs are
kept; some minutes after the last has ended, or after a day, the store forgets them to the last byte.
"""

import hashlib
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable

from leaklab.runs.store import Store
from leaklab.settings import Refusal

GRACE = 600.0  # seconds

_log = logging.getLogger(__name__)


def owner(secret: str) -> str:
    """Return what the store knows a visitor by; the secret itself never leaves the browser's session."""
    return hashlib.sha256(f"leaklab visitor {secret}".encode()).hexdigest()[:32]


def grace() -> float:
    """Return the seconds a visitor may be gone before private runs are deleted.

    Raises: Refusal, when LEAKLAB_PRIVATE_GRACE is no number of seconds.
    """
    given = os.environ.get("LEAKLAB_PRIVATE_GRACE", "")
    try:
        seconds = float(given or GRACE)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 24 * 3600:
        raise Refusal(f"LEAKLAB_PRIVATE_GRACE is {given!r}: give the seconds to wait, from 0 to 86400.")
    return seconds


class Presence:
    """Counts the browser sessions of each visitor, and tells the store how long to keep their private runs.

    The promise lies in the store, so it outlives this process and holds among several.
    """

    def __init__(
        self, store: Store, grace_seconds: float | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._store, self._clock = store, clock
        self._grace = grace() if grace_seconds is None else grace_seconds
        self._tick = min(30.0, max(0.2, self._grace / 4))
        self._sessions: Counter[str] = Counter()
        self._lock, self._closing = threading.Lock(), threading.Event()
        self._janitor = threading.Thread(target=self._watch, daemon=True, name="janitor")
        self._store.keep(None, clock() + self._grace)

    def start(self) -> None:
        """Begin to sweep, now and then, in a thread of its own."""
        self._janitor.start()

    def close(self) -> None:
        """Stop sweeping."""
        self._closing.set()
        if self._janitor.is_alive():
            self._janitor.join()

    def enter(self, owner: str) -> None:
        """Count one more browser session of a visitor."""
        with self._lock:
            self._sessions[owner] += 1
            self._promise(owner)

    def leave(self, owner: str) -> None:
        """Count one session less; when it was the last, the grace time begins."""
        with self._lock:
            self._sessions[owner] -= 1
            if self._sessions[owner] <= 0:
                del self._sessions[owner]
                self._promise(owner)

    @property
    def here(self) -> int:
        """How many browser sessions there are."""
        return sum(self._sessions.values())

    def sweep(self) -> int:
        """Renew the promise to those who are here, and delete what nobody keeps; return how many runs went."""
        with self._lock:
            for owner in self._sessions:
                self._promise(owner)
        gone = self._store.expire(self._clock())
        if self._store.unwiped:
            self._store.wipe()
        return gone

    def _promise(self, owner: str) -> None:
        # A promise to someone who is here must last until the next sweep, however short the grace time.
        here = 2 * self._tick if owner in self._sessions else 0.0
        try:
            self._store.keep(owner, self._clock() + self._grace + here)
        except Refusal as refusal:  # the next sweep says it again; a session must open and end all the same
            _log.warning("%s", refusal)

    def _watch(self) -> None:
        while not self._closing.wait(self._tick):
            try:
                self.sweep()
            except Refusal as refusal:
                _log.warning("%s", refusal)
