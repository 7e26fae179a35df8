"""The reel: private photograph, reconstruction, strip and scrubber, drawn and moved in the browser alone.

The server sends a film (one atlas picture and its numbers); nothing the visitor does with it comes back.
"""

from pathlib import Path
from typing import Any

import streamlit as st

from leaklab.views.strips import Film, affordable, atlas, grid_columns, png, uri

_LIVE, _RESTING = (24, 160_000), (48, 400_000)  # moments and pixels sent: several times a second, or once

_HERE = Path(__file__).with_name("reel")
_HTML, _CSS, _JS = (_HERE.with_suffix(kind).read_text(encoding="utf-8") for kind in (".html", ".css", ".js"))
_mount = st.components.v2.component("leaklab_reel", html=_HTML, css=_CSS, js=_JS)


def reel(
    film: Film,
    *,
    key: str,
    live: bool = False,
    autoplay: bool = False,
    captions: tuple[str, str] | None = None,
    counted: str = "iteration",
) -> None:
    """Show a film: while `live` it follows the newest picture until the visitor scrubs back; `autoplay` plays it once.

    Charts with the same key share its cursor, and the place where the visitor stands survives reruns; a moment is
    called what is `counted`.
    """
    several = "s" if film.tiles > 1 else ""
    words = captions or (f"Private photograph{several}", f"Reconstruction{several}")
    said = {"captions": words, "counted": counted}
    _mount(key=key, data=payload(film, live=live) | {"group": key, "autoplay": autoplay} | said)


def payload(film: Film, *, live: bool) -> dict[str, Any]:
    """Return what is sent to the browser: as many moments as may be sent, packed into one picture."""
    most, pixels = _LIVE if live else _RESTING
    if film.pictures:
        film = film.chosen(min(most, affordable(film.pictures[0], pixels)))
    known = film.pictures[0] if film.pictures else film.truth
    height, width = (32, 32 * film.tiles) if known is None else known.shape[:2]
    return {
        "truth": None if film.truth is None else uri(png(film.truth)),
        "atlas": uri(atlas(film.pictures)) if film.pictures else None,
        "frames": len(film.pictures),
        "tiles": film.tiles,
        "columns": grid_columns(film.tiles),
        "tile": [height, width // film.tiles],
        "iterations": list(film.iterations),
        "psnr": [[None if value is None else round(value, 2) for value in values] for values in film.psnr],
        "live": live,
    }
