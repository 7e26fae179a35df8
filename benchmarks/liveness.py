"""Liveness: what a visitor waits for, seen from inside a real browser before the real app.

A script in the page writes down when something was clicked or pressed, and when another picture, alert or script
state was there.
"""

import re
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.app import App, browser, served, settle, visit
from benchmarks.table import Row

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

RECOGNISABLE = 20.0  # dB
PATIENCE = 40.0  # seconds an attack may take to get there
LOOK = 15  # milliseconds between two looks of the script in the page

_SCRIPT = """
(() => {
  const log = window.measured = { clicks: [], keys: [], pictures: [], alerts: [], states: [] };
  const now = () => performance.now();
  addEventListener("click", () => log.clicks.push(now()), true);
  addEventListener("keydown", () => log.keys.push(now()), true);
  const within = (root) => [...root.querySelectorAll("*")].flatMap((e) => (e.shadowRoot ? [e.shadowRoot] : []));
  const reels = (root) => [...root.querySelectorAll(".reel"), ...within(root).flatMap(reels)];
  const add = (list, value) => { if (value && value !== list.at(-1)?.[1]) list.push([now(), value]); };
  let known = [];
  setInterval(() => {
    if (!known.length || known.some((reel) => !reel.isConnected)) known = reels(document);
    add(log.pictures, known.map((reel) => reel.querySelector(".now").textContent).join(""));
    add(log.alerts, [...document.querySelectorAll("[data-testid=stAlert]")].map((e) => e.textContent).join(" "));
    add(log.states, document.querySelector("[data-testid=stApp]")?.dataset.testScriptState);
  }, LOOK);
})();
""".replace("LOOK", str(LOOK))


@dataclass(frozen=True)
class Attack:
    """What one attack felt like, in seconds after the button was pressed."""

    first: float
    rate: float  # new pictures a second, while it went on
    recognised: float | None  # until the picture was recognisable
    cancelled: float | None  # from Cancel to its being done; None where it had ended before


def rows(quick: bool) -> Iterator[Row]:
    """Yield the waits of some attacks on the default setting, and of some moves of a slider.

    Raises: Refusal, when there is no browser, or the app does not answer.
    """
    with served() as app, browser() as chromium:
        _attack(chromium, app, until=0.0)  # warms up the workers; nobody counts it
        yield from _waits([_attack(chromium, app, until=RECOGNISABLE) for _ in range(1 if quick else 7)])
        moves = _moves(chromium, app, count=4 if quick else 30)
    yield _row("slider: key to page redrawn", [1000 * end for _, end in moves], "ms", at_most=200)
    note = "from the script's start to its end, without the wait of Streamlit's own slider before it sends anything"
    yield _row("slider: the redraw alone", [1000 * (end - start) for start, end in moves], "ms", note=note)


def _waits(attacks: list[Attack]) -> Iterator[Row]:
    yield _row("Attack to first picture", [attack.first for attack in attacks], "s", at_most=1)
    yield _row("new pictures a second", [attack.rate for attack in attacks], "", at_least=3)
    recognised = [attack.recognised for attack in attacks if attack.recognised is not None]
    missed = (
        f"{len(attacks) - len(recognised)} of {len(attacks)} never got there" if len(recognised) < len(attacks) else ""
    )
    yield _row(f"Attack to {RECOGNISABLE:.0f} dB, default run", recognised, "s", at_most=10, note=missed)
    cancelled = [attack.cancelled for attack in attacks if attack.cancelled is not None]
    yield _row("Cancel to cancelled", cancelled, "s", at_most=3, note="" if cancelled else "every run ended before")


def _attack(chromium: "Browser", app: App, *, until: float) -> Attack:
    """Press Attack as a new visitor, wait for a picture of some PSNR, and cancel."""
    page = _playground(chromium, app)
    page.locator(".st-key-attack button").click()
    pressed = _log(page)["clicks"][-1]
    ends = time.perf_counter() + PATIENCE
    while time.perf_counter() < ends and not any(psnr >= until for _, psnr in _pictures(page)):
        page.wait_for_timeout(100)
    cancelled = _cancel(page)
    pictures = _pictures(page)
    page.context.close()
    times = [moment for moment, _ in pictures]
    rate = 1000 * (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0
    recognised = next((moment for moment, psnr in pictures if psnr >= until), None)
    return Attack(
        first=(times[0] - pressed) / 1000, rate=rate, cancelled=cancelled,
        recognised=None if recognised is None else (recognised - pressed) / 1000,
    )  # fmt: skip


def _cancel(page: "Page") -> float | None:
    """Press Cancel, and return the seconds until the page says so; None when the run had ended by itself."""
    button = page.get_by_role("button", name="Cancel")
    if not button.count():
        return None
    button.click()
    page.get_by_text(re.compile("^(Cancelled|Recovered|Finished)")).first.wait_for()
    pressed = _log(page)["clicks"][-1]
    done = next((moment for moment, text in _log(page)["alerts"] if moment > pressed and "Cancelled" in text), None)
    return None if done is None else (done - pressed) / 1000


def _moves(chromium: "Browser", app: App, *, count: int) -> list[tuple[float, float]]:
    """Move a slider of the playground to and fro; return when the redraw began and ended, in seconds after the key."""
    page = _playground(chromium, app)
    slider = page.locator("input[type=range][aria-label=Clients]")
    slider.focus()
    moves = []
    for turn in range(count):
        page.wait_for_timeout(600)
        slider.press("ArrowLeft" if turn % 2 else "ArrowRight")
        page.wait_for_timeout(900)
        settle(page)
        pressed = _log(page)["keys"][-1]
        states = [(moment - pressed, state) for moment, state in _log(page)["states"] if moment > pressed]
        begun = next((moment for moment, state in states if state == "running"), None)
        if begun is not None:  # a run shorter than one look of the script is not seen
            moves.append((begun / 1000, states[-1][0] / 1000))
    page.context.close()
    return moves


def _playground(chromium: "Browser", app: App) -> "Page":
    page = visit(chromium, app, "/playground", script=_SCRIPT)
    page.locator(".st-key-attack button").wait_for()
    settle(page)
    page.wait_for_timeout(500)
    return page


def _pictures(page: "Page") -> list[tuple[float, float]]:
    """Return when each picture was shown, in the page's milliseconds, with its PSNR."""
    shown = [(moment, re.search(r"PSNR (-?[\d.]+) dB", text)) for moment, text in _log(page)["pictures"]]
    return [(moment, float(found[1])) for moment, found in shown if found]


def _log(page: "Page") -> dict[str, Any]:
    return page.evaluate("window.measured")


def _row(
    what: str,
    values: list[float],
    unit: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    note: str = "",
) -> Row:
    worst = f"worst {max(values):.2f} {unit}".strip() if at_most is not None and len(values) > 1 else ""
    spread = f"standard deviation {statistics.stdev(values):.2g} {unit}".strip() if len(values) > 1 else ""
    told = ", ".join(part for part in (note, worst, spread) if part)
    return Row(what, tuple(values), unit, at_least=at_least, at_most=at_most, note=told)
