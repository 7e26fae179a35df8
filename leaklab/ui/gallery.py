"""The gallery: runs as cards, to find, open again, pin, choose or delete; nothing here needs PyTorch."""

import io
from collections.abc import Iterable

import numpy as np
import streamlit as st

from leaklab.runs.records import Run
from leaklab.settings import Refusal
from leaklab.ui import exemplars, selection, session, words
from leaklab.ui.clock import since
from leaklab.views import gallery, strips
from leaklab.views.gallery import ORDERS, STATES, Card, Facts, Wanted

_A_PAGE = 12
_MOST = 300  # runs that are looked through
_PAIRS = {  # what a card shows: the private photographs, and what came back
    "viewpoints": ("truth.aggregated", "reconstruction.aggregated"), "guessing": ("own", "own.guess"),
    "paths": ("truth", "reconstruction.fedavg"), "machines": ("truth", "reconstruction.cpu-float64"),
    "enhancing": ("truth", "raw"),
}  # fmt: skip
_PAIR = ("truth", "reconstruction")
_TILES = 4  # of a batch


def show_all() -> None:
    """Show every run this visitor may see, and the examples, filtered and sorted as chosen."""
    owner = session.visitor()
    runs = {run.id: run for run in session.services().store.runs(owner, limit=_MOST)}
    every = cards(runs.values(), owner)
    wanted, first = _asked([*every, *exemplars.cards()])
    shown = sorted(filter(wanted.fits, every), key=first)
    if every:
        st.caption(gallery.counted(shown, every))
        selection.bar(every, shown, taken)
    else:
        st.info("No runs yet. Press Attack in the playground, and the run appears here.", icon=":material/inbox:")
    pages = -(-len(shown) // _A_PAGE)
    page = st.pagination(pages, key="gallery.turn") if pages > 1 else 1
    grid = st.grid(3, min_column_width=260)
    for card in shown[(page - 1) * _A_PAGE : page * _A_PAGE]:
        with grid, st.container(border=True):
            _card(runs[card.key], card)
    exemplars.show(wanted, first)


def cards(runs: Iterable[Run], owner: str) -> list[Card]:
    """Return the cards of runs."""
    return [_card_of(run, owner) for run in runs]


def taken(run_id: str, owner: str) -> tuple[Run, np.ndarray | None, np.ndarray | None]:
    """Return a run, whole, with its private photographs and what was rebuilt of them, as far as there are any.

    Raises: Refusal, when it is not in the store, or private and another visitor's.
    """
    run = session.services().store.run(run_id, owner)
    names = _PAIRS.get(gallery.facts(run.experiment).kind, _PAIR)
    return run, *(_picture(run, name) for name in names)


def _asked(every: list[Card]) -> tuple[Wanted, gallery.Order]:
    """Draw what the list may be narrowed to, and by what it is sorted."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="gallery-states"):
        state = st.segmented_control("Show", list(STATES), default="all", required=True, key="gallery.state")
        order = st.segmented_control("First", list(ORDERS), default="newest", required=True, key="gallery.order")
        mine = st.toggle("Only mine", key="gallery.mine")
    with st.container(horizontal=True, vertical_alignment="bottom", key="gallery-parts"):
        found = [
            st.selectbox(
                label, sorted({part for card in every if (part := getattr(card.facts, name))}), index=None,
                key=f"gallery.{name}", placeholder="any", width=165, format_func=shown,
            )
            for label, name, shown in (
                ("Attack", "attack", str), ("Network", "network", str), ("Page", "page", str.capitalize),
            )
        ]  # fmt: skip
        text = st.text_input("Search", key="gallery.text", placeholder="recovered, average, …", width=230)
    return Wanted(state, mine, *found, text), ORDERS[order]


def _card_of(run: Run, owner: str) -> Card:
    verdict = _titled(words.named(str(run.summary.get("note", "")).split("\n")[0]))
    return Card(
        run.id, run.title, _facts(run, owner), run.status, verdict[:1].upper() + verdict[1:],
        gallery.psnr(run.summary), run.seconds, run.created, bool(run.owner) and run.owner == owner, run.message,
    )  # fmt: skip


def _facts(run: Run, owner: str) -> Facts:
    """Return what a run's settings say of it, read once in a session; nothing of one that was deleted this moment."""
    held: dict[str, Facts] = st.session_state.setdefault("gallery.facts", {})
    if run.id not in held:
        try:
            held[run.id] = gallery.facts(session.services().store.run(run.id, owner).experiment)
        except Refusal:
            return Facts()
    return held[run.id]


def _titled(note: str) -> str:
    """Return a note with the title of the place it begins with, where it begins with one."""
    if ": " not in note[:12]:
        return note
    from leaklab.views.viewpoints import titled  # which needs PyTorch, and such runs are few

    return titled(note)


def _card(run: Run, card: Card) -> None:
    lock = ":material/lock: " if run.private else ""
    st.markdown(f"{lock}**{run.title}**")
    _thumbnail(run, card)
    state = card.verdict if run.status == "finished" and card.verdict else f"{run.status.capitalize()}. {run.message}"
    st.caption(f"{state}  \n{since(run.created)}{', yours' if card.mine else ''}")
    if run.status == "running":
        st.progress(min(run.progress, 1.0))
    selection.box(run.id)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.page_link(
            f"pages/{card.facts.page}.py", label="Open", query_params={"run": run.id}, icon=":material/open_in_full:"
        )  # fmt: skip
        st.button(
            "Pin", key=f"pin.{run.id}", on_click=_pin, args=(run.id,), icon=":material/keep:",
            disabled=card.facts.kind != "inversion",
        )  # fmt: skip
        if card.mine:
            st.button(
                "Delete", key=f"delete.{run.id}", on_click=selection.arm, args=([run.id],), icon=":material/delete:"
            )


def _thumbnail(run: Run, card: Card) -> None:
    truth, rebuilt = (_picture(run, name) for name in _PAIRS.get(card.facts.kind, _PAIR))
    if truth is None and rebuilt is None and (batch := _picture(run, "batch")) is not None:
        truth = np.concatenate(strips.squares(batch)[:_TILES], 1)
    if truth is not None or rebuilt is not None:
        st.html(gallery.pair(truth, rebuilt, said=card.verdict or run.status))


def _picture(run: Run, name: str) -> np.ndarray | None:
    """Return a run's newest picture of a name; None for a run that has just begun, or has no such pictures."""
    from PIL import Image

    try:
        return np.asarray(Image.open(io.BytesIO(session.services().store.picture(run.id, None, name))).convert("RGB"))
    except Refusal:
        return None


def _pin(run_id: str) -> None:
    session.pin(run_id)
    st.toast("Pinned: it stands at the foot of the playground.", icon=":material/keep:")
