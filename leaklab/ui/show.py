"""Result panels: the picture emerging, its curves, what it is worth, and everything that can be taken home."""

import json

import streamlit as st
import torch

from leaklab.experiments.command import command_line
from leaklab.experiments.experiment import read
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.knowledge import knowledge
from leaklab.experiments.landscape import Landscape
from leaklab.images.prepare import side_by_side
from leaklab.images.source import load
from leaklab.settings import Refusal, to_link
from leaklab.ui import causes, held, lineup, session, watch
from leaklab.ui.curve import curve
from leaklab.ui.reel import reel
from leaklab.ui.terrain import ground
from leaklab.ui.watch import Watched
from leaklab.ui.worth import worth
from leaklab.views import curves, export, strips, surfaces
from leaklab.views.strips import Film


def before(experiment: Inversion, key: str) -> None:
    """Show the private photographs while nothing has been launched, where the result will stand."""
    if st.session_state.get(f"{key}.runs"):
        return
    scenario = experiment.scenario
    try:
        generator = torch.Generator().manual_seed(experiment.seed)
        pictures = load(scenario.source, scenario.federation.images, scenario.image_size, generator)
    except Refusal as refusal:
        st.warning(str(refusal), icon=":material/image_not_supported:")
        return
    truth = side_by_side(pictures.images)
    reel(Film(truth, (), (), (), tiles=len(pictures.images)), key=f"{key}.before")


def inversion(watched: Watched, key: str) -> None:
    """Show a run of an attack: private photograph, guess and strip, and the curves under them."""
    if not watched.frames:
        if not watched.run.over:
            st.skeleton(height=260)
        return
    live = not watched.run.over
    reel(watched.film(24 if live else 48), key=f"{key}.reel", live=live)
    dark = session.dark()
    left, right = st.columns(2)
    with left:
        curve(
            curves.losses(watched.frames, dark=dark), key=f"{key}.losses", alt=curves.losses_alt(watched.frames),
            group=f"{key}.reel", height=240,
        )  # fmt: skip
    with right:
        curve(
            curves.scores(watched.frames, dark=dark), key=f"{key}.scores", alt=curves.scores_alt(watched.frames),
            group=f"{key}.reel", height=240,
        )  # fmt: skip
    if not live and watched.last.final:
        causes.explain(watched, key)
        worth(watched, key)
        take_home(watched, key)


def take_home(watched: Watched, key: str) -> None:
    """Offer a finished run for keeping: pictures, animation, numbers, a report, a link and a command."""
    experiment = read(watched.run.experiment)
    settings = json.loads(experiment.model_dump_json(context={"public_only": True}))
    with st.expander("Take it home: pictures, numbers, link, command", icon=":material/download:"):
        with st.container(horizontal=True):
            name = f"leaklab-{watched.run.id}"
            st.download_button(
                "Strip (PNG)", lambda: strips.png(strips.strip(watched.film(12))), f"{name}.png", "image/png",
                key=f"{key}.png", on_click="ignore",
            )  # fmt: skip
            st.download_button(
                "Animation (GIF)", lambda: export.gif(watched.film()), f"{name}.gif", "image/gif", key=f"{key}.gif",
                on_click="ignore",
            )  # fmt: skip
            st.download_button(
                "Numbers (JSON)", lambda: export.record(settings, watched.frames), f"{name}.json", "application/json",
                key=f"{key}.json", on_click="ignore",
            )  # fmt: skip
            st.download_button(
                "Report (HTML)", lambda: _report(watched, settings), f"{name}.html", "text/html", key=f"{key}.html",
                on_click="ignore",
            )  # fmt: skip
        if isinstance(experiment, Inversion):
            st.markdown("This link restores every setting, and no photograph of your own:")
            st.code(f"{(st.context.url or '').split('?')[0]}?x={to_link(experiment)}", language=None, wrap_lines=True)
            st.markdown("The same in a shell:")
            st.code(command_line(experiment), language="bash", wrap_lines=True)


def threat(experiment: Inversion) -> None:
    """List what the attacker sees, is told, and does not know."""
    known = knowledge(experiment.scenario)
    columns = st.columns(3)
    for column, title, facts in zip(
        columns, ("The attacker sees", "is told", "does not know"), (known.sees, known.told, known.unknown), strict=True
    ):
        with column:
            st.markdown(f"**{title}**\n\n" + ("\n".join(f"- {fact}" for fact in facts) or "- nothing more"))


def next_steps(key: str) -> None:
    """Offer what one may do with the page's run: pin it, or look at its landscape, once it is over."""
    ids = st.session_state.get(f"{key}.runs") or []
    if not ids:
        return
    going = watch.running(key)
    link, experiment = st.query_params.get("x"), held.experiment(key)
    # All of it stands there from the start, so that nothing below moves when the run is over.
    with st.container(horizontal=True, key=f"{key}.next"):
        st.button(
            "Pin to compare", key=f"{key}.pin", on_click=session.pin, args=(ids[0],), icon=":material/keep:",
            disabled=going,
            help="Keeps this result on the page while you try other settings; two fit side by side.",
        )  # fmt: skip
        if link and not Landscape(inversion=experiment).missing():
            st.page_link(
                "pages/landscape.py", label="See its loss landscape", icon=":material/landscape:",
                query_params={"x": link}, disabled=going,
            )  # fmt: skip
        if link and experiment.scenario.federation.clients > 1:
            st.page_link(
                "pages/federation.py", label="Attack it from three places", icon=":material/hub:",
                query_params={"x": link}, disabled=going,
            )  # fmt: skip


def pins(key: str) -> None:
    """Show two runs the visitor pinned, side by side."""
    pinned = [watched for watched in map(watch.look, st.session_state.get("pins", [])) if watched and watched.frames]
    if not pinned:
        return
    st.subheader("Pinned side by side")
    for column, watched in zip(st.columns(2), pinned, strict=False):
        with column:
            st.markdown(f"**{watched.run.title}**  \n{watched.verdict}")
            reel(watched.film(24), key=f"{key}.pin.{watched.run.id}")
            st.button("Unpin", key=f"{key}.unpin.{watched.run.id}", on_click=unpin, args=(watched.run.id,))
    if len(pinned) == 2:
        st.page_link(
            "pages/compare.py", label="Compare them at equal evaluations", icon=":material/compare:",
            query_params=lineup.link(*(watched.run.id for watched in pinned)),
        )  # fmt: skip


def unpin(run_id: str) -> None:
    """Take a run off the pins."""
    st.session_state["pins"] = [pinned for pinned in st.session_state.get("pins", []) if pinned != run_id]


def landscape(watched: Watched, key: str) -> None:
    """Show the slice once it is complete."""
    if not watched.run.over:
        st.skeleton(height=420)
    if not (watched.last and watched.last.final):
        return
    experiment = read(watched.run.experiment)
    line = isinstance(experiment, Landscape) and experiment.shape == "line"
    found, dark = surfaces.landscape(watched.frames), session.dark()
    if line:
        st.plotly_chart(
            surfaces.line(found, dark=dark), key=f"{key}.line", theme=None, height=560, alt=surfaces.alt(found)
        )
        return
    plan, hill = st.tabs(["Map", "Surface"])
    with plan:
        ground(watched, found, key=f"{key}.map")
    with hill:
        st.plotly_chart(
            surfaces.surface(found, dark=dark), key=f"{key}.surface", theme=None, height=560, alt=surfaces.alt(found)
        )


def _report(watched: Watched, settings: dict) -> str:
    experiment = read(watched.run.experiment)
    command = command_line(experiment) if isinstance(experiment, Inversion) else ""
    return export.html(export.Report(watched.run.title, watched.verdict, settings, command, watched.pictured(24)))
