"""Projector mode, and what else every page has at its top: larger, blacker, thicker, for the last row of a class."""

import streamlit as st

from leaklab.ui import glossary, words
from leaklab.views import palette

_WORD = "projector"  # in the address and as the toggle's key
_ON = "projector.on"


def settle() -> None:
    """Find out whether the mode is on: the address says so, or else the visitor's last word, on whatever page."""
    if _WORD in st.query_params:
        st.session_state[_ON] = st.query_params[_WORD] == "1"
    _spell()


def style(dark: bool) -> str:
    """Return the ink and the paper of a page as variables, and the mode's style sheet while it is on."""
    drawn = palette.ink(dark)
    ink, paper = (("#fff", "#000") if dark else ("#000", "#fff")) if _on() else (drawn.words, drawn.paper)
    root = f":root {{ --leaklab-ink: {ink}; --leaklab-paper: {paper}; }}"
    return f"{root}\n{words.sheet('projector')}" if _on() else root


def offer() -> None:
    """Draw the glossary and the toggle at the top of a page."""
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", key="for-all"):
        with st.popover("Glossary", type="tertiary", icon=":material/menu_book:", key="glossary.all"):
            st.html(glossary.listed())
        st.session_state[_WORD] = _on()  # the address may have turned it since
        st.toggle(
            "Projector", key=_WORD, on_change=_turn,
            help="Larger type and pictures, more contrast and thicker lines, for a class in front of one screen.",
        )  # fmt: skip


def _turn() -> None:
    st.session_state[_ON] = bool(st.session_state[_WORD])
    _spell()


def _on() -> bool:
    return bool(st.session_state.get(_ON))


def _spell() -> None:
    """Write into the address that the mode is on."""
    if _on() and st.query_params.get(_WORD) != "1":
        st.query_params[_WORD] = "1"
    if not _on():
        st.query_params.pop(_WORD, None)
