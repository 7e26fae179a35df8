"""The map of a landscape: whatever is under the pointer is painted beside it, and a slider walks the restarts' paths.

It is drawn and moved in the browser; pictures of places are mixed there, from the truth and the two axes.
"""

from pathlib import Path
from typing import Any

import streamlit as st

from leaklab.ui.watch import Watched
from leaklab.views import strips, surfaces, terrain

_AXES = ("axis.first", "axis.second")

_HERE = Path(__file__).with_name("terrain")
_HTML, _CSS, _JS = (_HERE.with_suffix(kind).read_text(encoding="utf-8") for kind in (".html", ".css", ".js"))
_mount = st.components.v2.component("leaklab_terrain", html=_HTML, css=_CSS, js=_JS)


def ground(watched: Watched, found: surfaces.Landscape, *, key: str) -> None:
    """Show the map of a finished run.

    Raises: Refusal, when it was deleted this moment.
    """
    _mount(key=key, data=payload(watched, found) | {"group": key})


def payload(watched: Watched, found: surfaces.Landscape) -> dict[str, Any]:
    """Return what is sent to the browser, without pictures for runs that have none of their axes."""
    series = watched.last.series
    return terrain.drawn(found) | {
        "alt": surfaces.alt(found),
        "iterations": [int(number) for number in series.get("path.iterations", ())],
        "best": str(int(series.get("path.best", [0])[0])),
        "painted": _painted(watched),
    }


def _painted(watched: Watched) -> dict[str, Any] | None:
    last = watched.last
    if "reach" not in last.series:
        return None
    held = watched.at({(last.index, name) for name in ("truth", *_AXES)})
    truth, *axes = (held[last.index, name] for name in ("truth", *_AXES))
    tiles = len(strips.squares(truth))
    return {
        "truth": strips.uri(strips.png(truth)), "axes": [strips.uri(strips.png(axis)) for axis in axes],
        "reach": last.series["reach"], "tiles": tiles, "columns": strips.grid_columns(tiles), "side": truth.shape[0],
    }  # fmt: skip
