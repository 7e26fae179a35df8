"""The runs of a lesson's step: found or begun, followed in a small space, and asked for the numbers that decide."""

from collections.abc import Callable

import streamlit as st

from leaklab.experiments.defended import Defended
from leaklab.experiments.enhancing import Enhancing
from leaklab.experiments.experiment import Experiment, read
from leaklab.experiments.frame import Frame
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.label_recovery import LabelRecovery
from leaklab.experiments.lessons import Step
from leaklab.experiments.utility import Utility
from leaklab.experiments.viewpoints import VIEWS, Viewpoints
from leaklab.settings import Refusal, to_link
from leaklab.ui import column_results, session, shared, viewpoints, watch
from leaklab.ui.reel import reel
from leaklab.ui.watch import Told, Watched
from leaklab.views import counting, enhance, lessons
from leaklab.views import defences as of_defences
from leaklab.views import viewpoints as of_viewpoints

PAGES = {
    "playground": ("Playground", ":material/experiment:"), "labels": ("Labels", ":material/sell:"),
    "federation": ("Federation", ":material/hub:"), "defences": ("Defences", ":material/shield:"),
    "enhance": ("Enhance", ":material/auto_fix_high:"),
}  # fmt: skip

Place = tuple[int, int]  # number of the lesson and of the step

_FEW = 24  # moments of a film


def keys(place: Place, step: Step) -> list[str]:
    """Return the keys under which the session keeps the runs of a step."""
    return [f"lessons.{place[0]}.{place[1]}.{number}" for number in range(len(step.runs))]


def begin(place: Place, step: Step) -> None:
    """Show the runs of a step: those that anybody has asked for already, or new ones; in trouble, say so."""
    for key, trial in zip(keys(place, step), step.runs, strict=True):
        try:
            run = shared.find(trial.experiment) or shared.begin(trial.experiment)
            st.session_state[f"{key}.runs"] = [run]
        except Refusal as refusal:
            st.toast(str(refusal), icon=":material/error:")


def watched(place: Place, step: Step) -> list[Watched | None]:
    """Return the runs of a step as they stand; None for one that is not there."""
    ids = [st.session_state.get(f"{key}.runs") for key in keys(place, step)]
    return [watch.look(one[0]) if one else None for one in ids]


def finals(place: Place, step: Step) -> list[Frame | None]:
    """Return the last frame of each run of a step that has ended; None for the others."""
    ended = [one if one and one.run.over else None for one in watched(place, step)]
    return [one.last if one and one.last and one.last.final else None for one in ended]


def lost(place: Place, step: Step) -> bool:
    """Return whether a run is gone, or ended before its end, so that it has to be asked for once more."""
    return any(one is None or (one.run.over and not (one.last and one.last.final)) for one in watched(place, step))


def follow(place: Place, step: Step) -> None:
    """Show the runs of a step, beside each other where there are two, while they go on and afterwards."""
    columns = st.columns(len(step.runs)) if len(step.runs) > 1 else [st.container()]
    for column, key, trial in zip(columns, keys(place, step), step.runs, strict=True):
        with column:
            if trial.name:
                st.markdown(f"**{trial.name}**")
            watch.follow(key, _draw, tell=_tell)


def links(step: Step) -> None:
    """Offer the pages that show a step's runs in full, with the same settings."""
    links = {(trial.page, to_link(trial.held)): trial.name for trial in step.runs}
    with st.container(horizontal=True):
        for (page, link), name in links.items():
            title, icon = PAGES[page]
            told = f" ({name})" if name and len(links) > 1 else ""
            st.page_link(
                f"pages/{page}.py", label=f"Open it on the page {title}{told}", icon=icon, query_params={"x": link}
            )


def _draw(watched: Watched, key: str) -> None:
    if not watched.frames:
        if not watched.run.over:
            st.skeleton(height=180)
        return
    experiment = read(watched.run.experiment)
    _DRAWN[type(experiment)](watched, experiment, key)


def _tell(watched: Watched) -> Told:
    """Return what a run ended with; its notes stand on its own page."""
    experiment = read(watched.run.experiment)
    verdict, _ = _TOLD.get(type(experiment), watch.told)(watched)
    return verdict, []


def _inversion(watched: Watched, _: Experiment, key: str) -> None:
    reel(watched.film(_FEW), key=f"{key}.reel", live=not watched.run.over)


def _labels(watched: Watched, _: Experiment, key: str) -> None:
    frame = watched.last
    if {"bias", "rows"} & set(frame.series):
        st.echarts_chart(
            counting.signs(frame, dark=session.dark()), key=f"{key}.signs", height=240, alt=counting.signs_alt(frame)
        )
        st.caption(counting.signs_alt(frame))


def _viewpoints(watched: Watched, _: Experiment, key: str) -> None:
    frame = watched.last
    seen = [view for view in VIEWS if f"psnr.{view}" in frame.series]
    wanted = {(0, f"truth.{view}") for view in seen} | {(frame.index, f"reconstruction.{view}") for view in seen}
    found = {name: picture for (_, name), picture in watched.at(wanted).items()}
    for view in seen:
        st.markdown(f"**{of_viewpoints.PLACES[view]}**: {of_viewpoints.worth(frame, view)}")
        st.html(of_viewpoints.board(frame, view, found))


def _defended(watched: Watched, _: Experiment, key: str) -> None:
    frame = watched.last
    shown = of_defences.pictured(frame)
    found = watched.at({(0, "truth")} | {(frame.index, name) for name in shown})
    titles = {"reconstruction": "the plain attack", "adaptive": "the attacker who adapts"}
    pictures = {"private": found[0, "truth"]} | {
        f"{titles[name]}: {of_defences.near(frame, name)}": found[frame.index, name] for name in shown
    }
    st.html(lessons.pictures(pictures, tiles=of_defences.images(frame)))


def _utility(watched: Watched, _: Experiment, key: str) -> None:
    scalars = watched.last.scalars
    st.metric(f"right after {scalars['round']:.0f} of {scalars['rounds']:.0f} rounds", f"{scalars['accuracy']:.1%}")


def _enhancing(watched: Watched, experiment: Enhancing, key: str) -> None:
    frame, names = watched.last, list(experiment.columns)
    there = [name for name in ("raw", *names) if f"psnr.{name}" in frame.scalars]
    found = watched.at({(0, "truth")} | {(frame.index, name) for name in there})
    pictures = {name: picture for (_, name), picture in found.items()}
    st.html(enhance.board(frame, names, pictures, heat="none", truth=frame.final))


_DRAWN: dict[type, Callable[[Watched, Experiment, str], None]] = {
    Inversion: _inversion, LabelRecovery: _labels, Viewpoints: _viewpoints, Defended: _defended, Utility: _utility,
    Enhancing: _enhancing,
}  # fmt: skip
_TOLD: dict[type, Callable[[Watched], Told]] = {Viewpoints: viewpoints.tell, Defended: column_results.tell}
