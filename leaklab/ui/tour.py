"""The tour of the playground: six steps with an address each, which a visitor who has never been there is offered."""

import streamlit as st

from leaklab.experiments.catalogue import PRESETS
from leaklab.ui import glossary, held, session, words

WORD = "tour"  # in the address, with the number of the step
STARTS = (  # what each step puts into the controls
    "easy-leak", "easy-leak", "needs-restarts", "noise-wins", "aggregated-fails", "aggregated-faded",
)  # fmt: skip
_OVER = "tour.over"
_SILENT = {"projector"}  # words of an address that ask for nothing particular


def offer(key: str) -> None:
    """Show the step of the tour that the address names; somebody new whose address asks for nothing begins it."""
    number = _step(key)
    if not number:
        return
    title, told = list(words.parts(WORD).items())[number]
    with st.container(border=True, key=WORD):
        glossary.write(f"**{number} of {len(STARTS)} · {title}**  \n{told}")
        with st.container(horizontal=True, vertical_alignment="center", key=f"{WORD}.buttons"):
            last = number == len(STARTS)
            st.button("Back", key=f"{WORD}.back", disabled=number == 1, on_click=_go, args=(key, number - 1))
            st.button(
                "Done" if last else "Next", key=f"{WORD}.next", on_click=_leave if last else _go,
                args=() if last else (key, number + 1),
            )  # fmt: skip
            if not last:
                st.button("Skip the tour", key=f"{WORD}.skip", type="tertiary", on_click=_leave, shortcut="Escape")


def _step(key: str) -> int:
    """Return which step is to be shown, from 1; 0 for none."""
    if WORD not in st.query_params and _new(key):
        st.query_params[WORD] = "1"
    asked = st.query_params.get(WORD, "")
    number = next((one for one in range(1, len(STARTS) + 1) if asked == str(one)), 0)
    if not number:
        st.query_params.pop(WORD, None)
    elif "x" not in st.query_params:  # the address has only just been asked for: it spells out no settings yet
        _start(key, number)
    return number


def _new(key: str) -> bool:
    """Return whether a visitor comes for the first time, and by an address that asks for nothing."""
    if st.session_state.get(_OVER) or f"{key}.experiment" in st.session_state or set(st.query_params) - _SILENT:
        return False
    me = session.visitor()
    return all(run.owner != me for run in session.services().store.runs(me))


def _go(key: str, number: int) -> None:
    """Go to a step, and put its settings into the controls unless they are there."""
    st.query_params[WORD] = str(number)
    _start(key, number)


def _start(key: str, number: int) -> None:
    start = PRESETS[STARTS[number - 1]]
    if st.session_state.get(f"{key}.experiment") != start.experiment:
        held.begin_from(key, start)


def _leave() -> None:
    """End the tour for this session; the page Lessons leads to it again."""
    st.session_state[_OVER] = True
    st.query_params.pop(WORD, None)
    st.toast("The page Lessons leads back to the tour.", icon=":material/tour:")
