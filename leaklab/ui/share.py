"""Share: the address of what the controls hold, as a code for telephones too, and what a class is not to touch."""

from collections.abc import Collection
from urllib.parse import urlencode

import streamlit as st

from leaklab.experiments.catalogue import is_private
from leaklab.settings import Settings
from leaklab.ui import address, classroom
from leaklab.views import qr


def offer(key: str, experiment: Settings, classes: Collection[type[Settings]]) -> None:
    """Draw the button that opens the address; nothing is made before it is pressed."""
    opened = st.popover("Share", icon=":material/qr_code_2:", key=f"{key}.share", on_change="rerun")
    if opened.open:
        with opened:
            _draw(key, experiment, classes)


def _draw(key: str, experiment: Settings, classes: Collection[type[Settings]]) -> None:
    """Draw the address, its code, and the choice of what is hidden from a class and what is locked."""
    code = st.container()
    shown = bool(address.beside(key)) and st.toggle(
        "With the runs on this page", True, key=f"{key}.share.runs", persist_state="session",
        help="Whoever opens the address sees them at once; without, everybody presses the button.",
    )  # fmt: skip
    said = {how: _choice(key, how, classes) for how in classroom.HOWS}
    asked = address.query(key, experiment, runs=shown) | {how: ",".join(names) for how, names in said.items() if names}
    base = (st.context.url or "").split("?")[0]
    whole = f"{base}?{urlencode(asked, doseq=True, safe=',')}"
    with code:
        if drawn := qr.code(whole):
            st.html(drawn)
        else:
            st.caption("The address is too long for a QR code: share it as text.")
        st.code(whole, language=None, wrap_lines=True)
    if is_private(experiment):
        st.caption("It carries every setting, and no photograph of your own.")
    if not qr.reachable(base):
        st.caption(
            "This address leads to this machine from itself alone. For a class, serve with `make run LAN=1` and open "
            "the page by the machine's name or number in the network."
        )


def _choice(key: str, how: classroom.How, classes: Collection[type[Settings]]) -> tuple[str, ...]:
    """Draw the choice of the controls that a class does not see, or cannot change."""
    titles = classroom.offered(classes)
    label = {"hide": "Hide from the class", "lock": "Lock for the class"}[how]
    chosen = st.multiselect(
        label, list(titles), format_func=titles.get, key=f"{key}.share.{how}", placeholder="nothing",
        select_all=False, persist_state="session",
    )  # fmt: skip
    return tuple(chosen)
