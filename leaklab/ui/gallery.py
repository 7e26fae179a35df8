"""The gallery: runs as cards, newest first, to open again, pin, or delete."""

import io
import json

import numpy as np
import streamlit as st

from leaklab.runs.records import Run
from leaklab.settings import Refusal
from leaklab.ui import address, session, words
from leaklab.ui.clock import since
from leaklab.views import strips
from leaklab.views.viewpoints import titled

_A_PAGE = 12
_PAIR = ("truth", "reconstruction")  # what a card shows: the private photographs, and what came back
_PAIRS = {
    "viewpoints": ("truth.aggregated", "reconstruction.aggregated"), "guessing": ("own", "own.guess"),
    "paths": ("truth", "reconstruction.fedavg"), "machines": ("truth", "reconstruction.cpu-float64"),
    "enhancing": ("truth", "raw"),
}  # fmt: skip
_TILES = 4  # of a batch
_STATES = {
    "all": (),
    "finished": ("finished",),
    "going": ("queued", "running"),
    "ended early": ("cancelled", "failed", "lost"),
}


def show_all() -> None:
    """Show every run this visitor may see, filtered as chosen."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        state = st.segmented_control("Show", list(_STATES), default="all", required=True, key="gallery.state")
        mine = st.toggle("Only mine", key="gallery.mine")
    owner = session.visitor()
    found = session.services().store.runs(owner, statuses=_STATES[state], limit=200)
    shown = [run for run in found if not mine or run.owner == owner]
    if not shown:
        st.info("No runs yet. Press Attack in the playground, and the run appears here.", icon=":material/inbox:")
        return
    pages = -(-len(shown) // _A_PAGE)
    page = st.pagination(pages, key="gallery.page") if pages > 1 else 1
    grid = st.grid(3, min_column_width=260)
    for run in shown[(page - 1) * _A_PAGE : page * _A_PAGE]:
        with grid, st.container(border=True):
            _card(run, owner)


def _card(run: Run, owner: str) -> None:
    lock = ":material/lock: " if run.private else ""
    st.markdown(f"{lock}**{run.title}**")
    kind = _kind(run, owner)
    _thumbnail(run, kind)
    note = titled(words.named(str(run.summary.get("note", "")).split("\n")[0]))
    note = note[:1].upper() + note[1:]
    state = note if run.status == "finished" and note else f"{run.status.capitalize()}. {run.message}"
    st.caption(f"{state}  \n{since(run.created)}")
    if run.status == "running":
        st.progress(min(run.progress, 1.0))
    with st.container(horizontal=True, gap="small"):
        page = address.page(kind)
        st.page_link(
            f"pages/{page}.py", label="Open", query_params={"run": run.id}, icon=":material/open_in_full:"
        )  # fmt: skip
        st.button(
            "Pin", key=f"pin.{run.id}", on_click=_pin, args=(run.id,), icon=":material/keep:",
            disabled=kind != "inversion",
        )  # fmt: skip
        if run.owner == owner:
            st.button(
                "Delete", key=f"delete.{run.id}", on_click=_delete, args=(run.id, owner), icon=":material/delete:"
            )


def _kind(run: Run, owner: str) -> str:
    """Return what a run is of; nothing for one that was deleted this moment."""
    try:
        return json.loads(session.services().store.run(run.id, owner).experiment)["kind"]
    except Refusal:
        return ""


def _thumbnail(run: Run, kind: str) -> None:
    pictures = [picture for name in _PAIRS.get(kind, _PAIR) if (picture := _picture(run, name)) is not None]
    if pictures:
        boards = [strips.mosaic(picture, len(strips.squares(picture))) for picture in pictures]
        st.image(boards, width=96, output_format="PNG", caption=["private", "rebuilt"][: len(boards)])
    elif (batch := _picture(run, "batch")) is not None:
        tiles = strips.squares(batch)[:_TILES]
        st.image(tiles, width=48, output_format="PNG", alt=["private photograph"] * len(tiles))


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


def _delete(run_id: str, owner: str) -> None:
    try:
        session.services().store.delete(run_id, owner)
    except Refusal as refusal:
        st.toast(str(refusal), icon=":material/error:")
