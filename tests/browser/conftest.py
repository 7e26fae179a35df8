"""The app as its own process on a free port, and a real browser that may talk to nobody else."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from leaklab.runs.store import Store
from tests.browser import find_chromium

ROOT = Path(__file__).parents[2]
WIDE = ViewportSize(width=1440, height=900)
GRACE = 6  # seconds a visitor may be gone, for a reload at least
PATIENCE = 180_000  # milliseconds a locator may wait: nothing here is timed, and on busy cores a new worker takes long
expect.set_options(timeout=PATIENCE)
ATTACKING = ("test_attack", "test_compare", "test_drift", "test_own", "test_story", "test_sweeps")


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in this hook, too
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the browser tests together on two workers, and last: they like to have the machine to themselves.

    Each worker serves the app from a home of its own; what attacks takes half of the time.
    """
    here = Path(__file__).parent
    ours = [item for item in items if here in item.path.parents]
    for item in ours:
        item.add_marker(pytest.mark.browser)
        item.add_marker(pytest.mark.xdist_group(f"browser, {'attacks' if item.path.stem in ATTACKING else 'pages'}"))
    items[:] = [item for item in items if item not in ours] + ours


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Tell with a failure how the runs of the served app stand: what never came may have been slow, or never begun."""
    report = yield
    if report.failed and (home := getattr(item, "funcargs", {}).get("home")):
        report.sections.append(("runs of the served app", _standing(home)))
    return report


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start the browser once; without one, skip with a sentence, or fail where CI=true."""
    path = find_chromium.find()
    if path is None:
        refuse = pytest.fail if find_chromium.must_be_there() else pytest.skip
        refuse(find_chromium.ABSENT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder where the served app keeps its store."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def store(server: str, home: Path) -> Iterator[Store]:
    """Open the served app's store, as a worker or an operator would."""
    store = Store(f"sqlite:///{home}/runs.sqlite")
    yield store
    store.close()


@pytest.fixture(scope="session")
def server(home: Path) -> Iterator[str]:
    """Serve the app from a home of its own and return its address."""
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    ours = {"LEAKLAB_HOME": str(home), "LEAKLAB_PRIVATE_GRACE": str(GRACE), "LEAKLAB_COMPILE": "0"}
    with (home / "server.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.address", "127.0.0.1",
             "--server.port", str(port), "--server.headless", "true", "--browser.gatherUsageStats", "false"],
            cwd=ROOT, env=os.environ | ours,
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        _wait_until_served(process, address, home / "server.log")
        yield address
    finally:
        _stop(process)
    assert "Traceback" not in (said := (home / "server.log").read_text()), said


@pytest.fixture
def visit(chromium: Browser, server: str) -> Iterator[Callable[..., Page]]:
    """Return how a new visitor comes, with a browser of one's own that has been nowhere.

    When the test is over, fail if any asked anybody but this machine for anything, or if anything broke on a page.
    """
    contexts: list[BrowserContext] = []
    asked: list[str] = []
    broken: list[str] = []

    def come(size: ViewportSize = WIDE) -> Page:
        context = chromium.new_context(viewport=size, base_url=server)
        contexts.append(context)
        context.on("request", lambda request: asked.append(request.url))
        context.on("weberror", lambda error: broken.append(str(error.error)))
        context.on("page", lambda page: page.on("websocket", lambda websocket: asked.append(websocket.url)))
        context.set_default_timeout(PATIENCE)
        return context.new_page()

    yield come
    for page in [page for context in contexts for page in context.pages]:
        broken += page.locator("[data-testid=stException]").all_inner_texts()
    for context in contexts:
        context.close()
    strangers = sorted({url for url in asked if not _is_ours(url)})
    assert not strangers, f"a page reached out to {strangers}"
    assert not broken, f"on a page broke {broken}"


@pytest.fixture
def page(visit: Callable[..., Page]) -> Page:
    """Return the empty page of a new visitor."""
    return visit()


def settle(page: Page) -> None:
    """Wait until the app has drawn itself: its root says whether a script is running."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def _standing(home: Path) -> str:
    store = Store(f"sqlite:///{home}/runs.sqlite")
    told = [f"{run.id} {run.status}, attempt {run.attempts}: {run.title} {run.message}" for run in store.runs()]
    store.close()
    return "\n".join([f"load {os.getloadavg()}", *told])


def _is_ours(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"data", "blob", "about"} or parts.hostname == "127.0.0.1"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_served(process: subprocess.Popen, address: str, log: Path) -> None:
    for _ in range(240):
        if process.poll() is not None:
            pytest.fail(f"the server died:\n{log.read_text()}")
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=1) as answer:
            if answer.read() == b"ok":
                return
        time.sleep(0.25)
    pytest.fail(f"the server never answered:\n{log.read_text()}")


def _stop(process: subprocess.Popen) -> None:
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    # the server leads a session of its own, so this ends its workers too, should any be left
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
