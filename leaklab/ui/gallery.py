"""The gallery: runs as cards, newest first, to open again, pin, or delete."""

import io

import streamlit as st

from leaklab.runs.records import Run
from leaklab.settings import Refusal
from leaklab.ui import session
from leaklab.ui.clock import since

_A_PAGE = 12
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
    _thumbnail(run)
    note = str(run.summary.get("note", "")).split("\n")[0]
    state = note if run.status == "finished" and note else f"{run.status.capitalize()}. {run.message}"
    st.caption(f"{state}  \n{since(run.created)}")
    if run.status == "running":
        st.progress(min(run.progress, 1.0))
    with st.container(horizontal=True, gap="small"):
        landscape = run.title.startswith("Landscape")
        st.page_link(
            "pages/landscape.py" if landscape else "pages/playground.py", label="Open", query_params={"run": run.id},
            icon=":material/open_in_full:",
        )  # fmt: skip
        st.button("Pin", key=f"pin.{run.id}", on_click=_pin, args=(run.id,), icon=":material/keep:", disabled=landscape)
        if run.owner == owner:
            st.button(
                "Delete", key=f"delete.{run.id}", on_click=_delete, args=(run.id, owner), icon=":material/delete:"
            )


def _thumbnail(run: Run) -> None:
    from PIL import Image

    store = session.services().store
    pictures = []
    for name in ("truth", "reconstruction"):
        try:
            pictures.append(store.picture(run.id, None, name))
        except Refusal:
            continue  # a run that has just begun, or a survey that has no picture yet: the card stands without one
    if pictures:
        opened = [Image.open(io.BytesIO(png)).convert("RGB") for png in pictures]
        st.image(opened, width=96, output_format="PNG", caption=["private", "rebuilt"][: len(opened)])


def _pin(run_id: str) -> None:
    session.pin(run_id)
    st.toast("Pinned: it stands at the foot of the playground.", icon=":material/keep:")


def _delete(run_id: str, owner: str) -> None:
    try:
        session.services().store.delete(run_id, owner)
    except Refusal as refusal:
        st.toast(str(refusal), icon=":material/error:")
