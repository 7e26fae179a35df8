"""Result panels of the weights' path: the plane it lies in, what each simulation rebuilds, and what can be kept."""

import csv
import io
import json
from collections.abc import Iterator

import numpy as np
import streamlit as st

from leaklab.experiments.course import CLIENT
from leaklab.experiments.experiment import read
from leaklab.experiments.frame import Frame
from leaklab.experiments.paths import ATTACKS, Paths
from leaklab.settings import to_link
from leaklab.ui import session
from leaklab.ui.curve import curve
from leaklab.ui.plane import NAMES, degrees, picture, plane
from leaklab.ui.watch import Watched
from leaklab.views import export, paths, strips

_FACTOR = 4  # pixels of a saved picture for one of the photographs


def show(watched: Watched, key: str) -> None:
    """Show a run as far as it has come."""
    if not watched.frames:
        if not watched.run.over:
            st.skeleton(height=460)
        return
    plane(watched, key=f"{key}.plane")
    for note in watched.last.note.split("\n")[1:] if watched.last.final else ():
        st.caption(f":material/info: {note}")
    for column, measure in zip(st.columns(2), ("psnr", "straightness"), strict=True):
        with column:
            curve(
                paths.curve(watched.frames, NAMES, measure, dark=session.dark()), key=f"{key}.{measure}",
                alt=paths.curve_alt(watched.frames, NAMES, measure), group=f"{key}.plane", height=220,
            )  # fmt: skip
    if watched.last.final:
        st.markdown("**The same in numbers**")
        st.table(numbers(watched.last))
        _take_home(watched, key)


def numbers(frame: Frame) -> dict[str, list[str]]:
    """Return the numbers of the client and of all simulations, column by column."""
    walks = {CLIENT: "The client"} | NAMES

    def column(kind: str, digits: int) -> list[str]:
        values = (frame.scalars.get(f"{kind}.{name}") for name in walks)
        return ["–" if value is None else f"{value:.{digits}f}" for value in values]

    return {
        "walk": list(walks.values()),
        "PSNR (dB)": column("psnr", 1),
        "epochs off the chord": [degrees(frame.scalars.get(f"straightness.{name}")) for name in walks],
        "from the client (chords)": column("apart", 2),
        "outside this plane (chords)": column("unseen", 2),
    }


def table(frame: Frame) -> str:
    """Return all paths as CSV: a row a step."""
    kept = io.StringIO()
    rows = csv.writer(kept)
    rows.writerow(("walk", "step", "ends an epoch", "along", "across"))
    rows.writerows(_rows(frame))
    return kept.getvalue()


def _rows(frame: Frame) -> Iterator[tuple[str, int, int, float, float]]:
    for name in (CLIENT, *ATTACKS):
        if f"path.{name}.x" in frame.series:
            columns = (frame.series[column] for column in (f"ends.{name}", f"path.{name}.x", f"path.{name}.y"))
            for number, (end, along, across) in enumerate(zip(*columns, strict=True)):
                yield NAMES.get(name, name), number, int(end), along, across


def _take_home(watched: Watched, key: str) -> None:
    """Offer a finished run for keeping: its pictures, its paths, its numbers and a link."""
    experiment = read(watched.run.experiment)
    if not isinstance(experiment, Paths):
        return
    settings = json.loads(experiment.model_dump_json(context={"public_only": True}))
    name = f"leaklab-{watched.run.id}"
    with st.expander("Take it home: pictures, numbers, link", icon=":material/download:"):
        with st.container(horizontal=True):
            st.download_button(
                "Pictures (PNG)", lambda: pictures(watched), f"{name}.png", "image/png", key=f"{key}.png",
                on_click="ignore",
            )  # fmt: skip
            st.download_button(
                "Paths (CSV)", lambda: table(watched.last), f"{name}.csv", "text/csv", key=f"{key}.csv",
                on_click="ignore",
            )  # fmt: skip
            st.download_button(
                "Numbers (JSON)", lambda: export.record(settings, watched.frames), f"{name}.json", "application/json",
                key=f"{key}.json", on_click="ignore",
            )  # fmt: skip
        st.markdown("This link restores every setting:")
        st.code(f"{(st.context.url or '').split('?')[0]}?x={to_link(experiment)}", language=None, wrap_lines=True)


def pictures(watched: Watched) -> bytes:
    """Return the private photographs and every simulation's last ones as one picture, a row each."""
    rows = [watched.first("truth"), *(picture(watched, watched.last.index, name) for name in ATTACKS)]
    return strips.png(strips.enlarge(np.concatenate(rows), _FACTOR))
