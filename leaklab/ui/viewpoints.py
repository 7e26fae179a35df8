"""Result panels of a round attacked from three places: a row for each, the masks, and everything to take home."""

import json
import math

import streamlit as st

from leaklab.experiments.command import command_line
from leaklab.experiments.experiment import read
from leaklab.experiments.frame import Frame
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.viewpoints import VIEWS, Viewpoints
from leaklab.federation.rounds import Federation, View
from leaklab.settings import to_link
from leaklab.ui import choose, held
from leaklab.ui.watch import Told, Watched
from leaklab.views import export, viewpoints
from leaklab.views.captions import masked
from leaklab.views.viewpoints import PLACES

_UPDATES = ("update.true", "update.sent")


def tell(watched: Watched) -> Told:
    """Return in one sentence what each place has seen, and what should be known of the round."""
    experiment = read(watched.run.experiment)
    notes = viewpoints.remarks(watched.frames[0].note) if watched.frames else []
    if not isinstance(experiment, Viewpoints) or not (watched.last and watched.last.final):
        return "", notes
    return viewpoints.compare(watched.last, experiment.inversion.scenario.federation), notes


def show(watched: Watched, key: str) -> None:
    """Show a run as far as it has come: a row for each place."""
    experiment = read(watched.run.experiment)
    if not watched.frames or not isinstance(experiment, Viewpoints):
        if not watched.run.over:
            st.skeleton(height=420)
        return
    first, frame, federation = watched.frames[0], watched.last, experiment.inversion.scenario.federation
    pictures = _pictures(watched, masks=masked(federation))
    if held.experiment(key.partition(".")[0]) != experiment.inversion:
        st.caption(":material/history: This is what came of earlier settings; attack again to see the present ones.")
    st.caption(viewpoints.LEGEND)
    for view in VIEWS:
        with st.container(border=True):
            _row(frame, view, federation, pictures, why=viewpoints.lost(first.note, view))
    if masked(federation):
        _masks(frame, pictures)
    if frame.final:
        _take_home(watched, experiment.inversion, key)


def _row(frame: Frame, view: View, federation: Federation, pictures: viewpoints.Pictures, *, why: str) -> None:
    """Show what is seen from one place, or say why nothing is."""
    about, seen = st.columns([2, 5], vertical_alignment="center")
    with about:
        st.markdown(f"**{PLACES[view]}**")
        st.caption(viewpoints.describe(federation, view))
        if f"psnr.{view}" in frame.series:
            st.markdown(viewpoints.worth(frame, view))
    with seen:
        if f"psnr.{view}" in frame.series:
            st.html(viewpoints.board(frame, view, pictures))
        else:
            st.markdown(f":material/block: {why}")


def _masks(frame: Frame, pictures: viewpoints.Pictures) -> None:
    """Show one client's update before and after its masks."""
    correlation = frame.scalars.get("mask_correlation", math.nan)
    with st.container(border=True):
        about, seen = st.columns([2, 5], vertical_alignment="center")
        with about:
            st.markdown("**What the server receives of client 1**")
            st.caption("The first numbers of the update as grey tones: middle grey is nothing.")
        with seen:
            st.html(viewpoints.envelopes(pictures))
            if math.isfinite(correlation):
                st.caption(viewpoints.likeness(correlation))


def _pictures(watched: Watched, *, masks: bool) -> viewpoints.Pictures:
    """Return the private photographs, and the newest reconstructions of every place that has any."""
    seen = [view for view in VIEWS if f"psnr.{view}" in watched.last.series]
    wanted = {(0, f"truth.{view}") for view in seen} | {(watched.last.index, f"reconstruction.{view}") for view in seen}
    wanted |= {(0, name) for name in _UPDATES} if masks else set()
    return {name: picture for (_, name), picture in watched.at(wanted).items()}


def _take_home(watched: Watched, experiment: Inversion, key: str) -> None:
    """Offer a finished run for keeping: its numbers, a link, and a command for each place."""
    settings = json.loads(Viewpoints(inversion=experiment).model_dump_json(context={"public_only": True}))
    with st.expander("Take it home: numbers, link, commands", icon=":material/download:"):
        st.download_button(
            "Numbers (JSON)", lambda: export.record(settings, watched.frames), f"leaklab-{watched.run.id}.json",
            "application/json", key=f"{key}.json", on_click="ignore",
        )  # fmt: skip
        st.markdown("This link restores every setting, and no photograph of your own:")
        st.code(f"{(st.context.url or '').split('?')[0]}?x={to_link(experiment)}", language=None, wrap_lines=True)
        st.markdown("The same in a shell, a command for each place:")
        for view in VIEWS:
            if f"psnr.{view}" in watched.last.series:
                st.code(command_line(choose.seen(experiment, view)), language="bash", wrap_lines=True)
