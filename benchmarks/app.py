"""The real app as its own process with a home of its own, and a real browser before it."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leaklab.settings import Refusal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

PATIENCE = 60_000  # milliseconds a locator may wait
_WIDE = {"width": 1440, "height": 900}
_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_NO_BROWSER = (
    "A real browser is needed: {}; `make test` installs what is missing, and CHROMIUM names a browser of yours."
)


@dataclass(frozen=True)
class App:
    """A running app: where it is served and keeps its store, its web process, and when that was started."""

    address: str
    home: str
    pid: int
    started: float  # by time.perf_counter


@contextlib.contextmanager
def served() -> Iterator[App]:
    """Serve the app as `make run` does, on a free port, from an empty home; end it with its workers.

    Raises: Refusal, when it does not answer.
    """
    with tempfile.TemporaryDirectory(prefix="leaklab-bench-") as home:
        log = Path(home) / "server.log"
        port = _free_port()
        with log.open("w") as written:
            started = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.address", "127.0.0.1",
                 "--server.port", str(port), "--server.headless", "true", "--browser.gatherUsageStats", "false"],
                env={**os.environ, "LEAKLAB_HOME": home}, stdout=written, stderr=written, start_new_session=True,
            )  # fmt: skip
        try:
            app = App(f"http://127.0.0.1:{port}", home, process.pid, started)
            _wait_until_served(app, process, log)
            yield app
        finally:
            _end(process)


@contextlib.contextmanager
def browser() -> Iterator["Browser"]:
    """Start a Chromium: the one CHROMIUM names, one on the PATH, or Playwright's own.

    Raises: Refusal, when Playwright or the browser is missing.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        raise Refusal(_NO_BROWSER.format("Playwright is not installed")) from error
    path = next(filter(None, map(shutil.which, (os.environ.get("CHROMIUM", ""), *_CHROMIUMS))), None)
    with sync_playwright() as playwright:
        try:
            found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        except Error as error:
            raise Refusal(_NO_BROWSER.format("no Chromium could be started")) from error
        yield found
        found.close()


def visit(
    chromium: "Browser", app: App, path: str = "/", *, script: str = "",
    line: Callable[["CDPSession"], None] | None = None,
) -> "Page":  # fmt: skip
    """Open a page as a visitor of its own, running a script of ours before the page's own, and over a line of ours."""
    page = chromium.new_context(viewport=_WIDE, base_url=app.address).new_page()
    page.set_default_timeout(PATIENCE)
    if script:
        page.add_init_script(script)
    if line:
        line(page.context.new_cdp_session(page))
    page.goto(path)
    settle(page)
    return page


def settle(page: "Page") -> None:
    """Wait until no script of the app is running for this page."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_served(app: App, process: subprocess.Popen, log: Path) -> None:
    while time.perf_counter() - app.started < 60 and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{app.address}/_stcore/health", timeout=1) as answer:
            if answer.read() == b"ok":
                return
        time.sleep(0.02)
    raise Refusal(f"The app does not answer:\n{log.read_text()}")


def _end(process: subprocess.Popen) -> None:
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    with contextlib.suppress(ProcessLookupError):  # its workers share its session, should any be left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
