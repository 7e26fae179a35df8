"""Several runs at once: chosen by a tick, then compared, taken home, or deleted, which takes a second press."""

import json
from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from leaklab.runs.records import Run
from leaklab.settings import Refusal
from leaklab.ui import session
from leaklab.views import collected
from leaklab.views.collected import Taken
from leaklab.views.gallery import Card

Take = Callable[[str, str], tuple[Run, np.ndarray | None, np.ndarray | None]]

_CHOSEN, _ARMED = "gallery.chosen", "gallery.armed"
_ALL = 100_000  # runs of one visitor, more than anybody has
_SAID = 3  # refusals that are said one by one
_TWO = "Tick exactly two attacks of the playground, and they stand side by side on the page Compare."


def box(run_id: str) -> None:
    """Draw the tick that chooses a run."""
    key = f"choose.{run_id}"
    st.session_state[key] = run_id in _chosen()
    st.checkbox("Select this run", key=key, on_change=_toggle, args=(run_id,))


def bar(every: Sequence[Card], shown: Sequence[Card], take: Take) -> None:
    """Draw what can be done with the chosen runs, and say what is chosen."""
    held = {card.key: card for card in every}
    cards = [held[key] for key in _present(held)]
    ids = [card.key for card in cards]
    every_shown = list(dict.fromkeys([*ids, *(card.key for card in shown)]))
    with st.container(horizontal=True, vertical_alignment="center", key="selection"):
        st.button(
            "Select all shown", key="gallery.all", on_click=_choose, args=(every_shown,), icon=":material/select_all:",
            disabled=every_shown == ids,
        )  # fmt: skip
        st.button(
            "Clear", key="gallery.none", on_click=_choose, args=([],), icon=":material/deselect:", disabled=not ids
        )
        _compare(cards)
        with st.popover("Export", icon=":material/download:", disabled=not ids, key="gallery.export"):
            _exports(cards, take)
        mine = [card.key for card in cards if card.mine]
        st.button(
            "Delete", key="gallery.delete", on_click=arm, args=(mine, len(ids) - len(mine)), icon=":material/delete:",
            disabled=not ids,
        )  # fmt: skip
        st.button(
            "Delete all of mine", key="gallery.delete_mine", on_click=_arm_all, icon=":material/delete_sweep:",
            disabled=not any(card.mine for card in every),
        )  # fmt: skip
    st.caption(_said(cards, shown))
    _confirm()


def gathered(cards: Sequence[Card], take: Take, owner: str) -> tuple[list[Taken], list[str]]:
    """Return the runs as they go out, and a sentence for each that was deleted meanwhile."""
    from leaklab.experiments.experiment import read  # which needs PyTorch

    store, found, missing = session.services().store, [], []
    for card in cards:
        try:
            run, truth, rebuilt = take(card.key, owner)
            settings = json.loads(read(run.experiment).model_dump_json(context={"public_only": True}))
            found.append(Taken(card, settings, store.frames(card.key), truth, rebuilt))
        except Refusal as refusal:
            missing.append(str(refusal))
    return found, missing


def arm(mine: list[str], others: int = 0) -> None:
    """Ask whether one's own runs are to go for good, beside so many that are another's and stay."""
    st.session_state[_ARMED] = (mine, others)


def _arm_all() -> None:
    owner = session.visitor()
    try:
        arm([run.id for run in session.services().store.runs(owner, limit=_ALL) if run.owner == owner])
    except Refusal as refusal:
        st.toast(str(refusal), icon=":material/error:")


def _confirm() -> None:
    """Say what a second press deletes, and wait for it."""
    mine, others = st.session_state.get(_ARMED, ([], 0))
    stay = f" {_many(others)} cannot be deleted: {'it is' if others == 1 else 'they are'} not yours." if others else ""
    if not mine:
        if others:
            st.info(f"Nothing to delete.{stay}", icon=":material/lock:")
            del st.session_state[_ARMED]
        return
    going = _many(len(mine))
    st.warning(f"{going} will be gone for good, pictures and numbers.{stay}", icon=":material/delete:")
    with st.container(horizontal=True, key="sure"):
        st.button(f"Yes, delete {going}", key="gallery.sure", type="primary", on_click=_delete, args=(mine,))
        st.button("Keep", key="gallery.keep", on_click=_disarm)


def _delete(ids: list[str]) -> None:
    store, owner, refused = session.services().store, session.visitor(), []
    for run_id in ids:
        try:
            store.delete(run_id, owner)
        except Refusal as refusal:
            refused.append(str(refusal))
        _forget(run_id)
    if gone := len(ids) - len(refused):
        st.toast(f"{_many(gone)} deleted.", icon=":material/delete:")
    for sentence in refused[:_SAID]:
        st.toast(sentence, icon=":material/error:")
    if len(refused) > _SAID:
        st.toast(f"{_many(len(refused) - _SAID)} more could not be deleted.", icon=":material/error:")
    _disarm()


def _forget(run_id: str) -> None:
    """Drop what this session has kept of a run that was deleted."""
    for name in ("watched", "gallery.facts"):
        st.session_state.get(name, {}).pop(run_id, None)
    for name in ("pins", _CHOSEN):
        st.session_state[name] = [held for held in st.session_state.get(name, []) if held != run_id]


def _compare(cards: Sequence[Card]) -> None:
    two = len(cards) == 2 and all(card.facts.kind == "inversion" for card in cards)
    if not two:
        st.button("Compare", key="gallery.compare", icon=":material/compare:", disabled=True, help=_TWO)
        return
    st.page_link(
        "pages/compare.py", label="Compare", icon=":material/compare:",
        query_params={"a": cards[0].key, "b": cards[1].key},
    )  # fmt: skip


def _exports(cards: Sequence[Card], take: Take) -> None:
    owner = session.visitor()
    st.download_button(
        "Settings and numbers (JSON)", lambda: collected.record(*gathered(cards, take, owner)), "leaklab-runs.json",
        "application/json", key="gallery.json", on_click="ignore",
    )  # fmt: skip
    st.download_button(
        "Table (CSV)", lambda: collected.table(gathered(cards, take, owner)[0]), "leaklab-runs.csv", "text/csv",
        key="gallery.csv", on_click="ignore",
    )  # fmt: skip
    st.download_button(
        "Last pictures (PNG)", lambda: collected.sheet(gathered(cards, take, owner)[0]), "leaklab-runs.png",
        "image/png", key="gallery.png", on_click="ignore",
    )  # fmt: skip
    st.caption("What each row of the picture shows is said in the table, in the row of the same number.")


def _present(held: dict[str, Card]) -> list[str]:
    """Return the chosen runs that are still there; say how many are not."""
    chosen = _chosen()
    present = [run_id for run_id in chosen if run_id in held]
    if gone := len(chosen) - len(present):
        st.session_state[_CHOSEN] = present
        st.info(
            f"{_many(gone)} of those selected {'is' if gone == 1 else 'are'} no longer there: deleted in another tab, "
            "or by whoever started it.", icon=":material/search_off:",
        )  # fmt: skip
    return present


def _said(cards: Sequence[Card], shown: Sequence[Card]) -> str:
    if not cards:
        return "Tick runs to compare, export or delete them together."
    hidden = len({card.key for card in cards} - {card.key for card in shown})
    return f"{_many(len(cards))} selected" + (f", {hidden} of them not shown here." if hidden else ".")


def _chosen() -> list[str]:
    return st.session_state.get(_CHOSEN, [])


def _choose(ids: list[str]) -> None:
    st.session_state[_CHOSEN] = ids
    _disarm()


def _toggle(run_id: str) -> None:
    chosen = _chosen()
    _choose([held for held in chosen if held != run_id] if run_id in chosen else [*chosen, run_id])


def _disarm() -> None:
    st.session_state.pop(_ARMED, None)


def _many(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"
