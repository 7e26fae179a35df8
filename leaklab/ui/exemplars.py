"""The examples that ship: cards that stand there before anybody has computed anything, each to watch and to open."""

from functools import lru_cache

import streamlit as st

from leaklab.ui import words
from leaklab.ui.reel import reel
from leaklab.views import gallery
from leaklab.views.exemplars import Exemplar, read
from leaklab.views.gallery import Card, Order, Wanted

_HOME = words.ASSETS / "exemplars"
_HEADING = "Examples that ship with leaklab"


def cards() -> list[Card]:
    """Return the cards of all examples, in the order in which they are best looked at."""
    return [gallery.of_exemplar(one) for one in read(_HOME)]


def show(wanted: Wanted, first: Order) -> None:
    """Show the examples that fit, under a heading of their own."""
    st.subheader(_HEADING)
    st.markdown(words.parts("runs")[_HEADING])
    held = {one.key: one for one in read(_HOME)}
    shown = [held[card.key] for card in sorted(filter(wanted.fits, cards()), key=first)]
    if not shown:
        st.caption(f"None of the {len(held)} examples fits what is chosen above.")
        return
    st.caption(f"{len(shown)} of {len(held)} examples shown." if len(shown) < len(held) else f"{len(held)} examples.")
    grid = st.grid(3, min_column_width=260)
    for one in shown:
        with grid, st.container(border=True, key=f"example-{one.key}"):
            _card(one)


@st.fragment
def _card(one: Exemplar) -> None:
    """Draw a card by itself: to watch one need not draw the page anew."""
    st.markdown(f"**{one.title}**")
    st.html(_pictures(one.key))
    st.markdown(one.sentence)
    st.caption(f"{words.named(one.verdict)}  \n{one.attack}, {one.network}")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.page_link(
            f"pages/{gallery.PAGES[one.kind]}.py", label="Open", query_params={"x": one.link},
            icon=":material/open_in_full:",
        )  # fmt: skip
        if st.button("Watch", key=f"watch.{one.key}", icon=":material/play_arrow:"):
            st.dialog(one.title, width="medium")(_watch)(one)


@lru_cache
def _pictures(key: str) -> str:
    one = next(one for one in read(_HOME) if one.key == key)
    return gallery.pair(one.truth, one.rebuilt, said=one.verdict)


def _watch(one: Exemplar) -> None:
    """Play an example's strip."""
    st.markdown(one.sentence)
    reel(one.film, key=f"example.{one.key}", autoplay=True)
    st.caption(words.named(one.verdict))
    for note in one.notes:
        st.caption(f":material/info: {note}")
