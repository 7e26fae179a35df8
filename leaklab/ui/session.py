"""This visitor and this process: the store and its workers, who is here, and the secret that knows one's own runs."""

import gc
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from leaklab.runs.pool import Pool
from leaklab.runs.private import Presence, owner
from leaklab.runs.store import Store, default_url
from leaklab.settings import Refusal

# White on the dark theme's light blue cannot be read from the back of a room.
_ON_BLUE = ('[data-testid="stBaseButton-primary"]:not(:disabled)', '[data-testid="stMultiSelect"] [data-tag]')
_DARK_STYLE = f"{', '.join(f'{one}, {one} *' for one in _ON_BLUE)} {{ color: #08202f !important; }}"

_COOKIE = "leaklab_visitor"
_FIRST = 1.0  # seconds in which the first page is drawn before the import takes a core
_KEEP = 24 * 3600  # seconds; no private run lives longer, so the key to it need not either

# The secret lives in a cookie of this browser: a reload brings it back, a shared address does not carry it.
_COOKIE_JS = """
export default function ({ data, setStateValue }) {
  const held = document.cookie.split('; ').find(part => part.startsWith(data.name + '='))?.split('=')[1];
  if (held && held !== data.secret) { setStateValue('held', held); return; }
  document.cookie = `${data.name}=${data.secret}; Path=/; Max-Age=${data.keep}; SameSite=Strict`;
}
"""
_keep_secret = st.components.v2.component("leaklab_visitor", js=_COOKIE_JS)


@dataclass(frozen=True)
class Services:
    """What every visitor of this process shares."""

    store: Store
    pool: Pool
    presence: Presence


@st.cache_resource(show_spinner=False)
def services() -> Services:
    """Return the store, the warm workers and the register of who is here; made once in a process.

    Raises: Refusal, when the store cannot be opened, or a variable of the environment is no number.
    """
    url = default_url()
    store = Store(url)
    try:
        presence, pool = Presence(store), Pool(url)
    except Refusal:
        store.close()  # the next visit tries anew
        raise
    presence.start()
    return Services(store, pool, presence)


@st.cache_resource(show_spinner=False)
def preload() -> threading.Thread:
    """Import what the experiments need in the background, so that the first page need not wait for it."""

    def load() -> None:
        time.sleep(_FIRST)
        import leaklab.experiments.catalogue  # noqa: F401

        gc.collect()
        gc.freeze()  # what is imported stays: the collector need not look at it again

    thread = threading.Thread(target=load, daemon=True, name="preload")
    thread.start()
    return thread


@dataclass
class Lease:
    """One browser session of one visitor, counted while it lasts."""

    presence: Presence
    owner: str

    def release(self) -> None:
        """Count the session out."""
        self.presence.leave(self.owner)


@st.cache_resource(show_spinner=False, scope="session", on_release=lambda lease: lease.release())
def _lease(owner: str) -> Lease:
    presence = services().presence
    presence.enter(owner)
    return Lease(presence, owner)


def visitor() -> str:
    """Return what the store knows this visitor by."""
    return owner(st.session_state["visitor.secret"])


def _greet() -> None:
    """Know the visitor by the browser's secret, make one where there is none, and count the visitor as present."""
    if "visitor.secret" not in st.session_state:
        st.session_state["visitor.secret"] = st.context.cookies.get(_COOKIE) or secrets.token_urlsafe(24)
    mine = st.session_state["visitor.secret"]
    answer = _keep_secret(key="visitor", data={"name": _COOKIE, "secret": mine, "keep": _KEEP}, on_held_change=_adopt)
    held = answer.get("held")
    if held and held != mine:
        st.session_state["visitor.secret"] = held
    _lease(visitor())


def _adopt() -> None:
    """Give the component's answer a rerun: another tab of this browser was first."""


def begin(page: str) -> None:
    """Prepare a page: style, visitor, services; a store that cannot be opened ends it in a sentence."""
    from leaklab.ui import glossary, projector
    from leaklab.ui.words import style

    _leave_automatic_pages()
    if st.session_state.get("page") != page:
        st.session_state["page"], st.session_state["entered"] = page, True
    projector.settle()
    st.html(f"<style>{style()}{_DARK_STYLE if dark() else ''}{projector.style(dark())}</style>")
    glossary.begin()
    projector.offer()
    preload()
    try:
        services()
        _greet()
    except Refusal as refusal:
        st.error(str(refusal), icon=":material/error:")
        st.stop()


def entered() -> bool:
    """Return, once, whether the visitor has just come to this page, so that its address has something to say."""
    return bool(st.session_state.pop("entered", False))


def _leave_automatic_pages() -> None:
    """Go through the entry file even when a page's own address is the first that a new server is asked for.

    Until `st.navigation` has run once in a process, Streamlit lists the folder pages/ by itself and skips the entry.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()


@contextmanager
def refusals() -> Iterator[None]:
    """Show a refusal as its sentence: the store may become locked, read-only or full at any moment."""
    try:
        yield
    except Refusal as refusal:
        st.error(str(refusal), icon=":material/error:")


def pin(run_id: str) -> None:
    """Pin a run to look at beside another; a third one pushes the oldest out."""
    held = [pinned for pinned in st.session_state.get("pins", []) if pinned != run_id]
    st.session_state["pins"] = [*held, run_id][-2:]


def dark() -> bool:
    """Return whether this visitor looks at a dark page."""
    return st.context.theme.type == "dark"
