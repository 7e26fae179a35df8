"""The class's answers: counted for everybody served here, under nobody's name, until somebody clears them."""

import secrets
import threading
from collections import Counter

import streamlit as st

Place = tuple[str | int, ...]  # what was asked: a page's word first, then where on it
Answer = str | int

_MOST = 500  # votes that are kept for a place; the oldest go first


class Poll:
    """Who answered what, by dice that a session throws once: a second vote takes the place of the first."""

    def __init__(self) -> None:
        self._votes: dict[Place, dict[str, Answer]] = {}
        self._lock = threading.Lock()

    def vote(self, place: Place, voter: str, answer: Answer) -> None:
        """Count an answer."""
        with self._lock:
            votes = self._votes.setdefault(place, {})
            votes[voter] = answer
            while len(votes) > _MOST:
                votes.pop(next(iter(votes)))

    def withdraw(self, place: Place, voter: str) -> None:
        """Take an answer back."""
        with self._lock:
            self._votes.get(place, {}).pop(voter, None)

    def answer(self, place: Place, voter: str) -> Answer | None:
        """Return what somebody has answered; None before, and when it was cleared since."""
        with self._lock:
            return self._votes.get(place, {}).get(voter)

    def counts(self, place: Place) -> dict[Answer, int]:
        """Return how often each answer was given."""
        with self._lock:
            return dict(Counter(self._votes.get(place, {}).values()))

    def clear(self, *first: str | int) -> None:
        """Forget every answer at the places that begin so; without a beginning, all of them."""
        with self._lock:
            self._votes = {place: votes for place, votes in self._votes.items() if place[: len(first)] != first}


@st.cache_resource(show_spinner=False)
def poll() -> Poll:
    """Return the one poll of this process."""
    return Poll()


def voter() -> str:
    """Return what this session's answers are counted under: drawn by dice, and told to nobody."""
    return st.session_state.setdefault("voter", secrets.token_hex(8))
