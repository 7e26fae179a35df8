"""The whole app in this process, without a browser: its pages, its store, and runs carried out on the spot."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from leaklab.experiments.experiment import read
from leaklab.experiments.inversion import Inversion
from leaklab.runs.store import Store
from leaklab.settings import to_link
from leaklab.ui import session
from tests.experiments import small

ENTRY = Path(__file__).parents[1] / "streamlit_app.py"
PAGES = (
    "story", "playground", "compare", "landscape", "labels", "federation", "drift", "defences", "enhance", "sweeps",
    "runs", "lessons", "check", "about",
)  # fmt: skip


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch) -> Iterator[session.Services]:
    """Make the services that all pages of a test share, without workers, and let go of them afterwards."""
    monkeypatch.setenv("LEAKLAB_WORKERS", "0")
    as_served(monkeypatch)
    st.cache_resource.clear()
    made = session.services()
    yield made
    clear()
    made.pool.close()
    made.presence.close()
    made.store.close()


def clear() -> None:
    """Wait for the preloading thread, and forget what pages share."""
    session.preload().join()
    st.cache_resource.clear()


def as_served(monkeypatch: pytest.MonkeyPatch, **cookies: str) -> None:
    """Make AppTest as a server: it knows before each run that the entry lists the pages, and a browser's cookies.

    Unlike a server, it keeps nothing from the garbage collector.
    """
    monkeypatch.setattr(type(st.context), "cookies", cookies)
    monkeypatch.setattr(session, "_FIRST", 0.0)  # nobody's first picture is delayed by preloading here
    monkeypatch.setattr(session, "gc", SimpleNamespace(collect=lambda: None, freeze=lambda: None))
    make = PagesManager.__init__

    def init(self: PagesManager, *args: object, **kwargs: object) -> None:
        make(self, *args, **kwargs)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", init)


def opened(page: str, *, of: AppTest | None = None, **query: str | list[str]) -> AppTest:
    """Open a page at an address, as a new visitor or as the one who is here already."""
    app = of or AppTest.from_file(str(ENTRY), default_timeout=60)
    for word in list(app.query_params):
        del app.query_params[word]
    for word, value in query.items():
        app.query_params[word] = value
    return app.switch_page(f"pages/{page}.py").run()


def link(experiment: Inversion | None = None) -> str:
    """Return the link of a small experiment, or of the one that is named."""
    return to_link(experiment or small.inversion())


def held(app: AppTest, page: str = "playground") -> Inversion:
    """Return the experiment that a page's controls show."""
    return app.session_state[f"{page}.experiment"]


def shown(app: AppTest) -> list[str]:
    """Return every sentence that stands in a coloured box, and the small ones below."""
    boxes = (*app.error, *app.warning, *app.info, *app.success, *app.caption, *app.toast)
    return [box.value for box in boxes]


def texts(app: AppTest) -> list[str]:
    """Return every text of a page as its words file has it: without the tips at its technical words."""
    return [re.sub(r"</?span[^>]*>", "", text.value) for text in app.markdown]


def thumbnails(app: AppTest) -> list[str]:
    """Return the pictures of the gallery's cards, as they are written."""
    return [one.proto.body for one in app.get("html") if 'class="leaklab-board"' in one.proto.body]


def widget(app: AppTest, ending: str) -> object:
    """Return the one widget whose key ends so, whatever its generation."""
    kinds = (
        "slider", "select_slider", "selectbox", "multiselect", "segmented_control", "pills", "number_input", "toggle",
        "button",
    )  # fmt: skip
    found = [each for kind in kinds for each in app.get(kind) if (each.key or "").endswith(ending)]
    assert len(found) == 1, (ending, [each.key for each in found])
    return found[0]


def carry_out(store: Store, *, most: int = 10_000) -> str:
    """Do what a worker does with the oldest queued run, for so many frames at most; return its id."""
    run = store.claim("a test", ("auto", "cpu"))
    assert run is not None, "nothing is queued"
    for frame in read(run.experiment).run("cpu"):
        if frame.index >= most:
            return run.id
        store.append(run.id, frame, worker="a test")
    store.finish(run.id, worker="a test")
    return run.id
