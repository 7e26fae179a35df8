"""The pictures of docs/screenshots: every page, wide and narrow, light and dark: `python -m benchmarks.screenshots`."""

from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.app import App, browser, served, settle

TARGET = Path(__file__).parents[1] / "docs/screenshots"
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
SCHEMES = ("light", "dark")
PATIENCE = 240_000  # milliseconds an attack or a survey may take
_TALLEST = 2600  # pixels; what lies lower shows nothing new


def main() -> None:
    """Attack once, survey once, and take every page in every size and scheme."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with served() as app, browser() as chromium:
        pages = {
            "story": "/",
            "playground": _run(chromium, app, "/playground", ".st-key-attack button"),
            "landscape": _run(chromium, app, "/landscape", ".st-key-survey button"),
            "labels": "/labels",  # runs by itself, as the next does
            "federation": "/federation",
            "drift": _all_done(chromium, app, "/drift"),
            "defences": _all_done(chromium, app, "/defences"),
            "compare": _all_done(chromium, app, "/compare", ".st-key-attack button"),
            "enhance": _all_done(chromium, app, "/enhance"),
            "sweeps": _all_done(chromium, app, "/sweeps"),
            "lessons": "/lessons?lesson=1&step=1",
            "check": "/check",
            "about": "/about",
            "runs": "/runs",
        }
        for scheme in SCHEMES:
            for size, (width, height) in SIZES.items():
                context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
                for name, path in pages.items():
                    _take(context.new_page(), app.address + path, TARGET / f"{name}-{size}-{scheme}.png")
                context.close()


def _run(chromium: Any, app: App, path: str, button: str) -> str:
    """Press a page's button, wait for the end, and return the address under which the result is found again."""
    page = chromium.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(app.address + path)
    settle(page)
    page.locator(button).click()
    page.locator("[data-testid=stAlert]").first.wait_for(timeout=PATIENCE)
    page.wait_for_timeout(1000)
    return page.url.removeprefix(app.address)


def _all_done(chromium: Any, app: App, path: str, button: str = "") -> str:
    """Open a page that runs by itself or by a button, and wait until nothing on it goes on; return where it stands."""
    page = chromium.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(app.address + path)
    settle(page)
    if button:
        page.locator(button).click()
    page.wait_for_timeout(5000)
    page.wait_for_function("!document.querySelector('[data-testid=stProgress]')", timeout=PATIENCE)
    return page.url.removeprefix(app.address) if button else path


def _take(page: Any, address: str, target: Path) -> None:
    """Save a page as tall as it is, in a palette of 256 colours: a third of the bytes, and no eye sees it."""
    page.goto(address)
    settle(page)
    page.wait_for_timeout(9000 if address.endswith("/") else 4000)
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")
    tall = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    size = page.viewport_size
    page.set_viewport_size({"width": size["width"], "height": min(max(tall, size["height"]), _TALLEST)})
    page.wait_for_timeout(1500)
    page.screenshot(path=target)
    Image.open(target).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(target, optimize=True)
    page.close()


if __name__ == "__main__":
    main()
