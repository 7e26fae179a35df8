"""Memory: what the web process, a warm worker and a visitor's idle session hold, in the real app."""

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from benchmarks.app import App, browser, served, visit
from benchmarks.table import Row
from leaklab.settings import Refusal

if TYPE_CHECKING:
    import psutil
    from playwright.sync_api import Browser

MB = 1e6
STEADY = 3.0  # seconds without growth after which a process has loaded what it loads


def rows(quick: bool) -> Iterator[Row]:
    """Yield the resident memory of each process, and how far the first page was ahead of torch.

    Raises: Refusal, when psutil or a browser is missing, or the app does not answer.
    """
    with browser() as chromium, served() as app, _Watch(app) as watch:
        yield Row("start to first answer", (time.perf_counter() - app.started,), "s")
        visited = time.perf_counter()
        visit(chromium, app).locator("h1").first.wait_for()
        drawn = time.perf_counter()
        yield Row("first visit to first page drawn", (drawn - visited,), "s")
        visit(chromium, app, "/playground").locator(".st-key-attack button").wait_for()
        web = _process(app.pid)
        _steady(web)
        note = f"torch and all the rest were loaded {watch.grown - visited:.1f} s after the first visit"
        yield Row("first page drawn ahead of that", (watch.grown - drawn,), "s", at_least=0, note=note)
        yield _resident("web process, torch loaded", [web], at_most=900)
        yield _resident("a warm worker", _workers(web), at_most=900)
        yield _sessions(chromium, app, web, count=4 if quick else 20)


class _Watch:
    """Looks, many times a second, when the web process last grew by much: by then it has loaded what it loads."""

    MUCH = 5.0  # megabytes in one look

    def __init__(self, app: App) -> None:
        self.grown = app.started
        self._process, self._over = _process(app.pid), threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "_Watch":
        self._thread.start()
        return self

    def __exit__(self, *of_error: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        highest = 0.0
        while not self._over.wait(0.05):
            now = self._process.memory_info().rss / MB
            if now > highest + self.MUCH:
                highest, self.grown = now, time.perf_counter()


def _sessions(chromium: "Browser", app: App, web: "psutil.Process", *, count: int) -> Row:
    """Open playgrounds one after another, leave them open, and return what each added to the web process."""
    visit(chromium, app, "/playground").locator(".st-key-attack button").wait_for()  # whatever is made once
    held = [_steady(web)]
    for _ in range(count):
        visit(chromium, app, "/playground").locator(".st-key-attack button").wait_for()
        held.append(_steady(web, still=1.0))
    added = (held[-1] - held[0]) / count
    note = f"mean over {count} open playgrounds; one after another " + ", ".join(
        f"{later - earlier:.1f}" for earlier, later in zip(held, held[1:], strict=False)
    )
    return Row("a visitor's idle session", (added,), "MB", at_most=5, note=note)


def _resident(what: str, processes: list["psutil.Process"], *, at_most: float) -> Row:
    resident = tuple(_steady(process) for process in processes)
    own = ", ".join(f"{process.memory_full_info().uss / MB:.0f}" for process in processes)
    return Row(
        what, resident, "MB", by="highest", at_most=at_most, note=f"of it shared with no other process: {own} MB"
    )


def _workers(web: "psutil.Process") -> list["psutil.Process"]:
    found = [child for child in web.children(recursive=True) if "worker" in child.cmdline()]
    if not found:
        raise Refusal("The app has started no worker.")
    return found


def _steady(process: "psutil.Process", *, still: float = STEADY) -> float:
    """Return a process's resident megabytes once they have stopped growing."""
    highest, since = 0.0, time.perf_counter()
    while time.perf_counter() - since < still:
        now = process.memory_info().rss / MB
        if now > highest + 1:
            highest, since = now, time.perf_counter()
        time.sleep(0.1)
    return process.memory_info().rss / MB


def _process(pid: int) -> "psutil.Process":
    try:
        import psutil
    except ImportError as error:
        raise Refusal("psutil is not installed: `pip install -e '.[dev]'`.") from error
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid)
    raise Refusal("The app has ended.")
