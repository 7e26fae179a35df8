"""Result panels of a sweep: the map that fills, its curves, every picture, and the way from a cell to its attack."""

import io
import json

import numpy as np
import streamlit as st

from leaklab.experiments.experiment import read
from leaklab.experiments.frame import Frame
from leaklab.experiments.sweep import Sweep
from leaklab.experiments.sweep_cells import Spread, cells, spreads
from leaklab.experiments.sweep_command import sweep_command_line
from leaklab.settings import Refusal, to_link
from leaklab.ui import clicks, held, session
from leaklab.ui.sweeps import KEY
from leaklab.ui.watch import Watched
from leaklab.views import export, strips, sweep_numbers, sweeps
from leaklab.views.sweep_grid import METRICS, Grid, Metric, Place, Shown, span

_MAP, _CURVES = "map", "curves"
_KINDS = {_MAP: "Heat map", _CURVES: "Curves"}
_ROW, _LEAST, _MOST = 64, 260, 560  # pixels of a row of the map, and of all of it
_TILES = 4  # of a cell with several photographs, that stand beside the cursor
_KEPT = f"{KEY}.pictures"


def show(watched: Watched, key: str) -> None:
    """Show a run as far as it has come."""
    experiment, frame = read(watched.run.experiment), _newest(watched)
    if not isinstance(experiment, Sweep) or frame is None:
        if not watched.run.over:
            st.skeleton(height=420)
        return
    if held.experiment(KEY) != experiment:
        st.caption(":material/history: This is what came of earlier settings; press again to see the present ones.")
    found = spreads(cells(frame))
    grid = Grid(experiment.named, found, _pictures(watched, found))
    metric, kind = _switches(grid, key)
    _chart(grid, metric, kind, key)
    _cell(experiment, grid, metric, key)
    if shown := sweeps.sheet(grid, metric):
        with st.expander("Every cell as a picture", expanded=True, icon=":material/grid_view:"):
            st.html(shown)
    for line in frame.note.split("\n")[1:] if frame.final else ():
        st.caption(f":material/info: {line}")
    if frame.final:
        _take_home(watched, experiment, grid, key)


def _newest(watched: Watched) -> Frame | None:
    """Return the newest frame with a cell in it; None before there is any."""
    return next((frame for frame in reversed(watched.frames) if frame.series.get("x")), None)


def _switches(grid: Grid, key: str) -> tuple[Metric, str]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        metric = st.segmented_control(
            "What is measured", list(METRICS), default="psnr", required=True, key=f"{key}.metric",
            format_func=METRICS.get,
            help="How near the reconstructions come, in the mean over a cell's photographs: PSNR by the squared error, "
            "SSIM by structure.",
        )  # fmt: skip
        kind = st.segmented_control(
            "Drawn as", list(_KINDS), default=_MAP if grid.down else _CURVES, required=True, key=f"{key}.kind",
            format_func=_KINDS.get, help="As colours, or as lines with a band from the worst seed to the best.",
        )  # fmt: skip
    return metric, kind


def _chart(grid: Grid, metric: Metric, kind: str, key: str) -> None:
    """Draw the sweep, and take note of the cell that is clicked."""
    draw = {_MAP: sweeps.heat, _CURVES: sweeps.curves}[kind]
    high = min(max(_LEAST, 100 + _ROW * len(grid.rows)), _MOST) if kind == _MAP else 380
    clicked = st.echarts_chart(
        draw(grid, metric, dark=session.dark()), key=f"{key}.{kind}", height=high, alt=sweeps.alt(grid, metric),
        on_select="rerun",
    )  # fmt: skip
    if chosen := _clicked(grid, clicks.fresh(clicked.selection.selected, f"{key}.{kind}"), kind):
        st.session_state[f"{key}.cell"] = chosen
    st.caption("Point at a cell, or touch it, to see what was rebuilt beside what was photographed; click to open it.")


def _clicked(grid: Grid, selected: list[dict], kind: str) -> Place | None:
    """Return the place that is selected in the chart; None where none is."""
    for one in selected:
        row = one.get("series_index") if kind == _CURVES else None
        places = sorted(grid.spreads)
        if row is not None:
            lines = len({y for _, y in places})
            banded = any(spread.seeds > 1 for spread in grid.spreads.values())
            number = row // 3 if banded else row
            places = [place for place in places if place[1] == number] if number < lines else []
        for index in one.get("data_indices") or ():
            if index < len(places):
                return places[index]
    return None


def _cell(experiment: Sweep, grid: Grid, metric: Metric, key: str) -> None:
    """Offer every cell for opening in the playground."""
    places = sorted(grid.spreads, key=lambda place: (place[1], place[0]))
    if not places:
        return
    if st.session_state.get(f"{key}.cell") not in places:
        st.session_state.pop(f"{key}.cell", None)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = st.selectbox(
            "Cell", places, key=f"{key}.cell", width=420,
            format_func=lambda place: f"{grid.label(place)}: {span(grid.spreads[place], metric)}",
        )  # fmt: skip
        attack = experiment.cell(*place, grid.spreads[place].middle.seed)
        st.page_link(
            "pages/playground.py", label="Open this attack in the playground", query_params={"x": to_link(attack)},
            icon=":material/open_in_new:",
        )  # fmt: skip


def _pictures(watched: Watched, found: dict[Place, Spread]) -> dict[str, Shown]:
    """Return the reconstructions that are shown and their private photographs, by their names."""
    run, store = watched.run, session.services().store
    pictures = {} if run.private else st.session_state.get(_KEPT, {}).get(run.id, {})
    if not run.private:  # of those nothing stays behind in the session
        st.session_state[_KEPT] = {run.id: pictures}
    middles = [one.middle for one in found.values()]
    for name in dict.fromkeys([*(one.picture for one in middles), *(f"truth.{one.truth}" for one in middles)]):
        if name not in pictures:
            try:
                pictures[name] = _shown(store.picture(run.id, None, name))
            except Refusal:
                continue  # its frame was left out; the last one has them all
    return pictures


def _shown(png: bytes) -> Shown:
    """Return a picture for the screen: the first few of several photographs in a square."""
    from PIL import Image

    tiles = strips.squares(np.asarray(Image.open(io.BytesIO(png)).convert("RGB")))[:_TILES]
    picture = strips.mosaic(np.concatenate(tiles, 1), len(tiles))
    return Shown(strips.uri(strips.png(picture)), picture.shape[1] / picture.shape[0])


def _take_home(watched: Watched, experiment: Sweep, grid: Grid, key: str) -> None:
    """Offer a finished run for keeping: its numbers, a link and a command."""
    settings = json.loads(experiment.model_dump_json(context={"public_only": True}))
    found = sweep_numbers.rows(grid, [axis.name for axis in experiment.axes])
    name = f"leaklab-{watched.run.id}"
    with st.expander("Take it home: numbers, link, command", icon=":material/download:"):
        st.dataframe(found, hide_index=True, key=f"{key}.numbers")
        with st.container(horizontal=True):
            st.download_button(
                "Cells (CSV)", lambda: sweep_numbers.as_csv(found), f"{name}.csv", "text/csv", key=f"{key}.csv",
                on_click="ignore",
            )  # fmt: skip
            st.download_button(
                "Everything (JSON)", lambda: export.record(settings, watched.frames[-1:]), f"{name}.json",
                "application/json", key=f"{key}.json", on_click="ignore",
            )  # fmt: skip
        st.markdown("This link restores every setting, and no photograph of your own:")
        st.code(f"{(st.context.url or '').split('?')[0]}?x={to_link(experiment)}", language=None, wrap_lines=True)
        st.markdown("The same in a shell:")
        st.code(sweep_command_line(experiment), language="bash", wrap_lines=True)
