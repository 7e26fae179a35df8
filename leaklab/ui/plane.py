"""The plane of the weights: a client's path and the simulations beside it, with what these rebuild, and a scrubber.

It is drawn and moved in the browser, from the very options that `views.paths` makes and the places of every moment.
"""

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from leaklab.experiments.course import CLIENT
from leaklab.experiments.frame import Frame
from leaklab.experiments.paths import ATTACKS
from leaklab.ui import session
from leaklab.ui.watch import Watched
from leaklab.views import paths, strips

NAMES = {name: recipe.name for name, recipe in ATTACKS.items()}

_ASPECT = 1.6  # of the drawing, as the style sheet has it
_MOST, _NUMBERS, _PIXELS = 48, 60_000, 100_000  # moments; numbers of all paths, and pixels of one simulation, sent

_HERE = Path(__file__).with_name("plane")
_HTML, _CSS, _JS = (_HERE.with_suffix(kind).read_text(encoding="utf-8") for kind in (".html", ".css", ".js"))
_mount = st.components.v2.component("leaklab_plane", html=_HTML, css=_CSS, js=_JS)


def plane(watched: Watched, *, key: str) -> None:
    """Show a run that has begun; charts with the same key share its cursor, which survives reruns."""
    _mount(key=key, data=payload(watched, dark=session.dark()) | {"group": key})


def payload(watched: Watched, *, dark: bool) -> dict[str, Any]:
    """Return what is sent to the browser: the newest moment of a run that goes on, a film of one that is over."""
    live, first, truth = not watched.run.over, watched.frames[0], watched.first("truth")
    drawn = paths.plane(watched.frames, NAMES, aspect=_ASPECT, dark=dark)
    frames = [watched.last] if live else [watched.frames[number] for number in _chosen(watched)]
    begun = {name: [number for number, frame in enumerate(frames) if name in _begun(frame)] for name in ATTACKS}
    return {
        "run": watched.run.id,
        "live": live,
        "xAxis": drawn["xAxis"],
        "yAxis": drawn["yAxis"],
        "chord": drawn["series"][0]["color"],
        "walks": _walks(drawn["series"][1:]),
        "client": _places(first, CLIENT),
        "ends": first.series[f"ends.{CLIENT}"],
        "iterations": int(first.scalars["iterations"]),
        "moments": [_moment(frame) for frame in frames],
        "pictured": begun,
        "truth": strips.uri(strips.png(truth)),
        "sheets": {name: _sheet(watched, name, [frames[number].index for number in begun[name]]) for name in ATTACKS},
        "tiles": len(strips.squares(truth)),
        "tile": [truth.shape[0]] * 2,
        "alt": paths.plane_alt(watched.frames, NAMES),
    }


def picture(watched: Watched, index: int, name: str) -> np.ndarray:
    """Return what a simulation had rebuilt at a moment, fetched once.

    Raises: Refusal, when there is no such picture.
    """
    from PIL import Image

    place = index, f"reconstruction.{name}"
    if place not in watched.pictures:
        held = session.services().store.picture(watched.run.id, *place)
        watched.pictures[place] = np.asarray(Image.open(io.BytesIO(held)).convert("RGB"))
    return watched.pictures[place]


def degrees(turned: float | None) -> str:
    """Return 1 − cos as an angle in whole degrees, a dash where there is none."""
    if turned is None or not math.isfinite(turned):
        return "–"
    return f"{math.degrees(math.acos(min(1.0, max(-1.0, 1 - turned)))):.0f}°"


def _walks(drawn: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return every walk by name and, once it is under way, how it is drawn."""
    strokes = {
        series["name"]: {
            "colour": series["color"], "dash": series["lineStyle"]["type"], "width": series["lineStyle"]["width"],
            "symbol": series["symbol"],
        }
        for series in drawn
    }  # fmt: skip
    titles = {CLIENT: "The client"} | NAMES
    return [
        {"key": name, "title": titles[name]} | strokes.get(CLIENT if name == CLIENT else titles[name], {})
        for name in titles
    ]


def _begun(frame: Frame) -> list[str]:
    return [name for name in ATTACKS if f"path.{name}.x" in frame.series]


def _moment(frame: Frame) -> dict[str, Any]:
    found = _begun(frame)
    return {
        "iteration": int(frame.scalars["iteration"]),
        "paths": {name: _places(frame, name) for name in found},
        "numbers": {name: _said(frame, name) for name in (CLIENT, *found)},
    }


def _said(frame: Frame, name: str) -> str:
    psnr, turned = (frame.scalars.get(f"{kind}.{name}") for kind in ("psnr", "straightness"))
    said = [f"PSNR {psnr:.1f} dB"] if psnr is not None and math.isfinite(psnr) else []
    return " · ".join([*said, f"{degrees(turned)} off the chord"])


def _places(frame: Frame, name: str) -> list[list[float]]:
    along, across = (frame.series[f"path.{name}.{side}"] for side in "xy")
    places = zip(along, across, strict=True)
    # A guess that ran away has no place to be drawn at: it waits at the beginning.
    return [[round(x, 4), round(y, 4)] if math.isfinite(x) and math.isfinite(y) else [0.0, 0.0] for x, y in places]


def _chosen(watched: Watched) -> list[int]:
    """Return which frames of a run that is over are sent: as many as the paths and the pictures allow."""
    steps = len(watched.frames[0].series[f"ends.{CLIENT}"])
    pictures = strips.affordable(watched.first("truth"), _PIXELS)
    most = min(_MOST, pictures, max(2, _NUMBERS // (2 * len(ATTACKS) * steps)))
    return strips.pick(len(watched.frames), most)


def _sheet(watched: Watched, name: str, indices: Sequence[int]) -> str | None:
    """Return a simulation's pictures at some moments as one; None where there are none yet."""
    return strips.uri(strips.atlas([picture(watched, index, name) for index in indices])) if indices else None
