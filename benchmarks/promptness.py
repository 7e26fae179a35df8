"""Promptness: how long the story, a scrub, a slider beside a finished run, and the test attack of Check let one wait.

Seen from inside a real browser before the real app, by its own clock.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image

from benchmarks.app import App, browser, served, settle, visit
from benchmarks.table import Row
from leaklab.images import photos

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

PATIENCE = 120_000  # milliseconds an attack may take
_SLOW = {"offline": False, "latency": 40, "downloadThroughput": 1.25e6, "uploadThroughput": 1.25e6}  # ms, bytes/s
_LOOK = 10  # milliseconds between two looks of the script in the page
_SCRIPT = """
(() => {
  const log = window.measured = { drawn: null, states: [], ends: [] };
  const within = (root) => [...root.querySelectorAll("*")].flatMap((e) => (e.shadowRoot ? [e.shadowRoot] : []));
  const reels = (root) => [...root.querySelectorAll(".reel"), ...within(root).flatMap(reels)];
  const inked = (canvas) => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((v) => v);
  setInterval(() => {
    const now = performance.now(), state = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState;
    if (state !== log.states.at(-1)?.[1]) log.states.push([now, state]);
    const alerts = [...document.querySelectorAll("[data-testid=stAlert]")], ended = /PSNR|Recovered/;
    if (alerts.some((e) => ended.test(e.textContent)) && !log.ends.length) log.ends.push(now);
    const films = log.drawn === null ? reels(document) : [];
    if (films.some((reel) => inked(reel.querySelector(".guess canvas")))) log.drawn = now;
  }, LOOK);
})();
""".replace("LOOK", str(_LOOK))
# Presses a key on the cursor of a film, and waits for the next frame of the screen after the picture has changed.
_SCRUB = """
(scrub, back) => new Promise((done) => {
  const canvas = scrub.getRootNode().querySelector(".guess canvas"), before = canvas.toDataURL();
  const begun = performance.now();
  scrub.value = +scrub.value + (back ? -1 : 1);
  scrub.dispatchEvent(new Event("input", { bubbles: true }));
  const look = () => canvas.toDataURL() === before && performance.now() - begun < 2000
    ? requestAnimationFrame(look) : requestAnimationFrame(() => done(performance.now() - begun));
  requestAnimationFrame(look);
})
"""


def rows(quick: bool) -> Iterator[Row]:
    """Yield the waits of a lecture hall.

    Raises: Refusal, when there is no browser, or the app does not answer.
    """
    times = 2 if quick else 7
    with served() as app, browser() as chromium:
        _story(chromium, app)  # the first visitor pays for the start of the server
        shown = [_story(chromium, app) for _ in range(times)]
        yield Row("story: address to first picture, new browser", tuple(new for new, _, _ in shown), "s", at_most=1)
        yield Row("story: the same, second visit", tuple(again for _, again, _ in shown), "s", at_most=1)
        loads = [_Load() for _ in range(times)]
        slow = [_story(chromium, app, load.slowly) for load in loads]
        yield Row("story: new browser, 10 Mbit/s and 40 ms", tuple(new for new, _, _ in slow), "s", at_most=5)
        yield Row("story: second visit, 10 Mbit/s and 40 ms", tuple(again for _, again, _ in slow), "s", at_most=1.5)
        note = "both visits" + (", with Plotly" if any(load.plotly for load in loads) else ", without Plotly")
        yield Row("story: sent to a browser", tuple(load.sent / 1e6 for load in loads), "MB", at_most=2.5, note=note)
        note = "from the moment at which Streamlit's own client has started"
        yield Row("story: of that our part", tuple(ours for _, _, ours in shown), "s", at_most=1, note=note)
        yield Row("story: own photograph, press to verdict", _own(chromium, app, times), "s", at_most=10)
        tested = tuple(_attacked(visit(chromium, app, "/check", script=_SCRIPT), ".st-key-check-attack button")
                       for _ in range(times))  # fmt: skip
        yield Row("check: press to verdict of the test attack", tested, "s", note="the page says: about five seconds")
        alone, moves, scrubs = _beside_a_run(chromium, app, 4 if quick else 30)
        yield Row("slider: key to page redrawn, before any run", alone, "ms", at_most=200)
        note = "with its strip of moments and its curves on the page"
        yield Row("slider: key to page redrawn, beside a finished run", moves, "ms", at_most=200, note=note)
        yield Row("scrub: cursor moved to picture drawn", scrubs, "ms", at_most=100, note="without the server")


@dataclass
class _Load:
    """What a browser was sent over a line."""

    sent: float = 0.0  # bytes, as they were packed
    plotly: bool = False

    def slowly(self, protocol: "CDPSession") -> None:
        """Slow a page's line down, and count what comes over it."""
        protocol.send("Network.enable")
        protocol.send("Network.emulateNetworkConditions", _SLOW)
        protocol.on("Network.loadingFinished", self._finished)
        protocol.on("Network.responseReceived", self._received)

    def _finished(self, event: dict[str, Any]) -> None:
        self.sent += event["encodedDataLength"]

    def _received(self, event: dict[str, Any]) -> None:
        self.plotly |= "plotly" in event["response"]["url"].lower()


def _story(
    chromium: "Browser", app: App, line: Callable[["CDPSession"], None] | None = None
) -> tuple[float, float, float]:
    """Return the seconds from the address to the first picture, of a first and a second visit, and our part of that."""
    page, found = visit(chromium, app, "/", script=_SCRIPT, line=line), []
    for again in (False, True):
        if again:
            page.reload()
        page.wait_for_function("window.measured.drawn !== null")
        found.append(page.evaluate("[window.measured.drawn, window.measured.states.find(([, state]) => state)[0]]"))
    page.context.close()
    (new, _), (again, begun) = found
    return new / 1000, again / 1000, (again - begun) / 1000


def _own(chromium: "Browser", app: App, times: int) -> tuple[float, ...]:
    """Return the seconds from the press to the verdict, each time for a visitor with a photograph of their own."""
    photograph = io.BytesIO()
    Image.fromarray(photos.picture("coffee", 256)).save(photograph, "PNG")
    found = []
    for _ in range(times):
        page = visit(chromium, app, "/", script=_SCRIPT)
        page.get_by_role("radio", name="Your own").click()
        page.locator("input[type=file]").first.set_input_files(
            {"name": "mine.png", "mimeType": "image/png", "buffer": photograph.getvalue()}
        )
        page.get_by_role("img", name="Your photograph 1").wait_for()
        settle(page)
        found.append(_attacked(page, ".st-key-story-start button"))
    return tuple(found)


def _attacked(page: "Page", button: str) -> float:
    """Press a button and return the seconds until the page says what came of it."""
    settle(page)
    begun = page.evaluate("performance.now()")
    page.locator(button).click()
    page.wait_for_function("window.measured.ends.length > 0", timeout=PATIENCE)
    ended = page.evaluate("window.measured.ends[0]")
    page.context.close()
    return (ended - begun) / 1000


def _beside_a_run(chromium: "Browser", app: App, count: int) -> tuple[tuple[float, ...], ...]:
    """return the milliseconds of a slider before and after an attack, and of scrubs in that."""
    page = visit(chromium, app, "/playground?preset=easy-leak", script=_SCRIPT)
    settle(page)
    alone = _moves(page, count)
    page.locator(".st-key-attack button").click()
    page.wait_for_function("window.measured.ends.length > 0", timeout=PATIENCE)
    page.wait_for_timeout(2000)
    moves = _moves(page, count)
    scrub = page.locator(".reel .scrub").first
    scrubs = tuple(scrub.evaluate(_SCRUB, turn < count / 2) for turn in range(count))
    page.context.close()
    return alone, moves, scrubs


def _moves(page: "Page", count: int) -> tuple[float, ...]:
    """Move a slider to and fro, and return the milliseconds until its page was redrawn."""
    slider, moves = page.locator("input[type=range][aria-label=Clients]"), []
    slider.focus()
    for turn in range(count):
        page.wait_for_timeout(500)
        pressed = page.evaluate("performance.now()")
        slider.press("ArrowLeft" if turn % 2 else "ArrowRight")
        page.wait_for_timeout(1000)
        settle(page)
        moment, state = page.evaluate("window.measured.states.at(-1)")
        if state == "notRunning" and moment > pressed:  # a redraw shorter than one look of the script is not seen
            moves.append(moment - pressed)
    return tuple(moves)
