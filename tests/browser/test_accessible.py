"""Every page as a screen reader, a phone and a strict teacher see it: nothing serious, nothing sideways."""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, ViewportSize

from leaklab.runs.store import Store
from tests.browser.conftest import ROOT, settle

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
PHONE = ViewportSize(width=390, height=844)
SERIOUS = ("serious", "critical")
_LOOKS, _BETWEEN = 8, 2000  # and the milliseconds between two of them
# Of an address with a path Streamlit's client first asks for these two below it, and takes the root's for an answer.
PROBES = ("/_stcore/health", "/_stcore/host-config")


@pytest.fixture
def no_runs_left(store: Store) -> Iterator[None]:
    """Cancel what a page has begun by itself, which others would have to wait for."""
    yield
    for run in store.runs("", statuses=("queued", "running")):
        store.cancel(run.id, run.owner)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.usefixtures("no_runs_left")
def test_a_page_is_fit_for_everybody(visit: Callable[..., Page], name: str):
    page, said = visit(), []
    page.on("console", lambda message: said.append(message) if message.type == "error" else None)
    page.goto("/" if name == "story" else f"/{name}")
    settle(page)
    assert not _lasting(page), "light"
    page.emulate_media(color_scheme="dark")
    page.reload()  # the server is told of the scheme with the first run of a page
    settle(page)
    assert not _lasting(page), "dark"
    page.set_viewport_size(PHONE)
    settle(page)
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
    assert not [message.text for message in said if not _probe(message)]


def _lasting(page: Page) -> list[str]:
    """Return what is found at every one of some looks: what is about to be drawn anew is pale for a moment."""
    for _ in range(_LOOKS):
        if not (found := _findings(page)):
            return []
        page.wait_for_timeout(_BETWEEN)
    return found


def _findings(page: Page) -> list[str]:
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{one['id']}: {node['html'][:200]}" for one in found if one["impact"] in SERIOUS for node in one["nodes"]]


def _probe(message: ConsoleMessage) -> bool:
    return "404" in message.text and message.location["url"].endswith(PROBES)
