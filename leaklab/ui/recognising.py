"""The story's game: pictures get clearer one by one, the visitor stops at one, and sees where everybody else did."""

import streamlit as st

from leaklab.ui import story
from leaklab.ui.poll import poll, voter
from leaklab.views import recognised

_SEEN = "story.seen"
_ASKED = "story"  # what this question is called in the poll
_LOOK = 3.0  # seconds between two looks at what others have answered meanwhile


def answers(places: int) -> list[int]:
    """Return how many stopped at each place."""
    found = poll().counts((_ASKED,))
    return [found.get(place, 0) for place in range(places)]


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
    counts = answers(count + 1)
    st.html(recognised.board(pictures, said, seen=count, counts=counts, mine=mine))
    st.markdown(recognised.told(counts, mine))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Guess again", key="story.again", icon=":material/replay:", on_click=_take_back)
        with st.popover("For the teacher", icon=":material/school:", key="story.teacher"):
            st.button(
                "Clear the class's answers",
                key="story.clear",
                icon=":material/delete:",
                on_click=poll().clear,
                args=(_ASKED,),
            )


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
    return poll().answer((_ASKED,), voter())


def _uncover(seen: int) -> None:
    st.session_state[_SEEN] = seen


def _answer(place: int) -> None:
    if _mine() is None:  # two quick clicks are one answer
        poll().vote((_ASKED,), voter(), place)
        st.session_state[_SEEN] = 1  # whoever guesses again begins with the first


def _take_back() -> None:
    poll().withdraw((_ASKED,), voter())
