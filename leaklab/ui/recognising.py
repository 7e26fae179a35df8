"""The story's game: pictures get clearer one by one, the visitor stops at one, and sees where everybody else did."""

import threading
from collections import Counter

import streamlit as st

from leaklab.ui import story
from leaklab.views import recognised

_MINE, _SEEN = "story.recognised", "story.seen"
_LOOK = 3.0  # seconds between two looks at what others have answered meanwhile


class Tally:
    """How many stopped at each picture: counts alone, of nobody in particular, gone with the process."""

    def __init__(self) -> None:
        self.turn = 0  # counts how often a teacher has begun anew
        self._counts: Counter[int] = Counter()
        self._lock = threading.Lock()

    def add(self, place: int) -> int:
        """Count one answer in and return in which turn that was."""
        with self._lock:
            self._counts[place] += 1
            return self.turn

    def take_back(self, place: int, turn: int) -> None:
        """Count an answer out again, if it was given in this turn."""
        with self._lock:
            if turn == self.turn:
                self._counts[place] -= 1

    def clear(self) -> None:
        """Begin anew: everybody may answer once more."""
        with self._lock:
            self.turn += 1
            self._counts.clear()

    def counts(self, places: int) -> list[int]:
        """Return how many stopped at each place."""
        with self._lock:
            return [self._counts[place] for place in range(places)]


@st.cache_resource(show_spinner=False)
def tally() -> Tally:
    """Return the one tally of this process, which is the class's."""
    return Tally()


def play() -> None:
    """Show the pictures, ask at each, and tell at the end what everybody answered."""
    told = _mine() is not None

    def turn() -> None:
        mine = _mine()
        if (mine is not None) != told:
            st.rerun()  # others' answers are looked for from now on, or no longer
        _draw(mine)

    st.fragment(turn, run_every=_LOOK if told else None)()


def _draw(mine: int | None) -> None:
    noises = story.numbers("strip")["noise"]
    count, sentence = len(noises), story.said()["blurred"]
    pictures = story.sheet("strip", count)
    said = [sentence.format(number=place + 1, all=count, noise=noise) for place, noise in enumerate(noises)]
    if mine is None:
        seen = min(st.session_state.setdefault(_SEEN, 1), count)
        st.html(recognised.board(pictures, said, seen=seen))
        _ask(seen, count)
        return
    counts = tally().counts(count + 1)
    st.html(recognised.board(pictures, said, seen=count, counts=counts, mine=mine))
    st.markdown(recognised.told(counts, mine))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Guess again", key="story.again", icon=":material/replay:", on_click=_take_back)
        with st.popover("For the teacher", icon=":material/school:", key="story.teacher"):
            st.button("Clear the class's answers", key="story.clear", icon=":material/delete:", on_click=tally().clear)


def _ask(seen: int, count: int) -> None:
    last = seen == count
    with st.container(horizontal=True, key="story.ask"):
        st.button(
            "I recognise her", key="story.recognise", type="primary", icon=":material/visibility:", on_click=_answer,
            args=(seen - 1,),
        )  # fmt: skip
        st.button(
            "Not even now" if last else "Not yet", key="story.not_yet", icon=":material/visibility_off:",
            on_click=_answer if last else _uncover, args=(count,) if last else (seen + 1,),
        )  # fmt: skip


def _mine() -> int | None:
    """Return this visitor's own answer; None before there is one, or when the teacher has begun anew since."""
    answered = st.session_state.get(_MINE)
    if answered is None:
        return None
    place, turn = answered
    if turn != tally().turn:
        st.session_state.pop(_MINE)
        st.session_state[_SEEN] = 1
        return None
    return place


def _uncover(seen: int) -> None:
    st.session_state[_SEEN] = seen


def _answer(place: int) -> None:
    if _mine() is None:  # two quick clicks are one answer
        st.session_state[_MINE] = (place, tally().add(place))


def _take_back() -> None:
    if _mine() is not None:
        tally().take_back(*st.session_state.pop(_MINE))
    st.session_state[_SEEN] = 1
