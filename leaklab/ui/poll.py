"""The class's predictions: counted for everybody served here, under nobody's name, until somebody clears them."""

import secrets
import threading
from collections import Counter

import streamlit as st

from leaklab.experiments.lessons import Letter

Place = tuple[int, int]  # number of the lesson and of the step

_MOST = 500  # votes that are kept for a step; the oldest go first


class Poll:
    """Who predicted what, by dice that a session throws once: a second vote takes the place of the first."""

    def __init__(self) -> None:
        self._votes: dict[Place, dict[str, Letter]] = {}
        self._lock = threading.Lock()

    def vote(self, place: Place, voter: str, letter: Letter) -> None:
        """Count a prediction."""
        with self._lock:
            votes = self._votes.setdefault(place, {})
            votes[voter] = letter
            while len(votes) > _MOST:
                votes.pop(next(iter(votes)))

    def withdraw(self, place: Place, voter: str) -> None:
        """Take a prediction back."""
        with self._lock:
            self._votes.get(place, {}).pop(voter, None)

    def counts(self, place: Place) -> dict[Letter, int]:
        """Return how often each answer was predicted."""
        with self._lock:
            return dict(Counter(self._votes.get(place, {}).values()))

    def clear(self, lesson: int) -> None:
        """Forget every prediction of a lesson."""
        with self._lock:
            self._votes = {place: votes for place, votes in self._votes.items() if place[0] != lesson}


@st.cache_resource(show_spinner=False)
def poll() -> Poll:
    """Return the one poll of this process."""
    return Poll()


def voter() -> str:
    """Return what this session's predictions are counted under: drawn by dice, and told to nobody."""
    return st.session_state.setdefault("lessons.voter", secrets.token_hex(8))
