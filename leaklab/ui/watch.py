"""Launch runs, follow them while they go on, cancel them; a run lives in the store and needs no page to go on."""

import io
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import streamlit as st

from leaklab.experiments import catalogue
from leaklab.experiments.experiment import Experiment, read
from leaklab.experiments.frame import Frame
from leaklab.experiments.inversion import Inversion
from leaklab.runs.holds import Hold
from leaklab.runs.records import Run
from leaklab.settings import Refusal
from leaklab.ui import address, holding, session, words
from leaklab.views.strips import Film, film, pick

TICK = 0.25  # seconds between two looks at a running run
_TURN = 0.035  # seconds one look takes of the process that serves all visitors
_VIEWS = {
    "per-client": "From each client's own update", "aggregated": "From the average alone",
    "client": "From two global models, by a client",
}  # fmt: skip
_SUCCESSES = ("Recovered", "All", "The label was")  # what a verdict begins with when everything was found
_KEPT = 8  # runs whose numbers a session remembers
_SHOWN = 48  # moments of a film that are fetched and sent


@dataclass
class Watched:
    """One run as this session knows it: its row, and all frames so far, without their pictures."""

    run: Run
    frames: list[Frame] = field(default_factory=list)
    pictures: dict[tuple[int, str], np.ndarray] = field(default_factory=dict)

    @property
    def last(self) -> Frame | None:
        """The newest frame, None before there is any."""
        return self.frames[-1] if self.frames else None

    @property
    def verdict(self) -> str:
        """The sentence the run ended with, empty before."""
        return self.last.note.split("\n")[0] if self.last and self.last.final else ""

    def pictured(self, most: int = _SHOWN) -> list[Frame]:
        """Return all frames, at most so many of them, log-spaced, with their pictures, fetched when not yet here."""
        chosen = {self.frames[index].index for index in pick(len(self.frames), most)}
        wanted = {(index, "reconstruction") for index in chosen} | ({(0, "truth")} if self.frames else set())
        found = self.at(wanted)
        return [
            replace(frame, pictures={name: held for (index, name), held in found.items() if index == frame.index})
            for frame in self.frames
        ]

    def at(self, wanted: Collection[tuple[int, str]]) -> dict[tuple[int, str], np.ndarray]:
        """Return pictures by frame and name, fetched where they are not yet here; no others are kept.

        Raises: Refusal, when one is not there.
        """
        self.pictures = {where: self._picture(*where) for where in wanted}
        return self.pictures

    def film(self, most: int = _SHOWN) -> Film:
        """Return the run's pictures in order, with the private photographs, at most so many moments."""
        return film(self.pictured(most))

    def first(self, name: str) -> np.ndarray:
        """Return a picture of the run's first frame, fetched once.

        Raises: Refusal, when there is none.
        """
        self.pictures[0, name] = self._picture(0, name)
        return self.pictures[0, name]

    def _picture(self, index: int, name: str) -> np.ndarray:
        from PIL import Image

        if (index, name) not in self.pictures:
            png = session.services().store.picture(self.run.id, index, name)
            return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
        return self.pictures[index, name]


Told = tuple[str, list[str]]  # what a run ended with in a sentence, and what should be known beside it


def told(watched: Watched) -> Told:
    """Return the sentence a finished run ended with, and the notes it began with."""
    notes = watched.frames[0].note.split("\n") if watched.frames else []
    return watched.verdict, [note for note in notes if note]


def launch(experiments: Sequence[Experiment], key: str, device: str) -> None:
    """Put experiments into the queue as one group, and follow them on this page."""
    services, owner = session.services(), session.visitor()
    group = secrets.token_hex(4) if len(experiments) > 1 else ""
    try:
        st.session_state[f"{key}.runs"] = [
            services.store.enqueue(
                experiment.model_dump_json(), owner=owner, title=catalogue.title(experiment),
                private=catalogue.is_private(experiment), group=group, device=device,
            )
            for experiment in experiments
        ]  # fmt: skip
        services.pool.wake()
        address.show(address.beside(key))
    except Refusal as refusal:
        st.error(str(refusal), icon=":material/error:")


def launch_once(experiment: Experiment, key: str) -> None:
    """Show a run at once to a visitor who asks for nothing yet; whoever comes later is shown the same one."""
    shared, wanted = _shown_first(), experiment.model_dump_json()
    known = look(shared[wanted]) if wanted in shared else None
    if known and known.run.status in ("queued", "running", "finished"):
        st.session_state[f"{key}.runs"] = [known.run.id]
        address.show(address.beside(key))
        return
    launch([experiment], key, "auto")
    for run_id in st.session_state.get(f"{key}.runs") or ():
        shared[wanted] = run_id


@st.cache_resource(show_spinner=False)
def _shown_first() -> dict[str, str]:
    """Return which run is shown to those who have just come, by its settings; one for all visitors of this process."""
    return {}


def follow(key: str, draw: Callable[[Watched, str], None], *, tell: Callable[[Watched], Told] = told) -> None:
    """Show the page's runs, redrawn a few times a second while one of them goes on."""
    ids, going = st.session_state.get(f"{key}.runs") or [], running(key)

    def show() -> None:
        seen = [watched for watched in map(look, ids) if watched]
        for sentence in dict.fromkeys(st.session_state.get("gone", {}).get(run_id) for run_id in ids):
            if sentence:
                st.info(sentence, icon=":material/search_off:")
        for column, watched in zip(st.columns(len(seen)) if len(seen) > 1 else [st.container()], seen, strict=False):
            with column:
                try:
                    if len(seen) > 1:
                        st.markdown(f"**{_heading(watched)}**")
                    status(watched, key, tell=tell)
                    draw(watched, f"{key}.{watched.run.id}")
                except Refusal as refusal:  # deleted at this very moment, or a store in trouble
                    st.info(str(refusal), icon=":material/search_off:")
        if going and all(watched.run.over for watched in seen):
            st.rerun()

    st.fragment(show, run_every=tick() if going else None)()


def tick() -> float:
    """Return the seconds between two looks at a running run: the more people are here, the more each waits its turn."""
    return max(TICK, session.services().presence.here * _TURN)


def look(run_id: str) -> Watched | None:
    """Return a run as it stands now; None, with the reason kept, when it is gone or another visitor's."""
    store, owner = session.services().store, session.visitor()
    held: dict[str, Watched] = st.session_state.setdefault("watched", {})
    gone: dict[str, str] = st.session_state.setdefault("gone", {})
    try:
        watched = held.get(run_id) or Watched(store.run(run_id, owner))
        if watched.run.over and watched.last and watched.last.final:
            return watched
        before = watched.run.attempts
        watched.run = store.run(run_id, owner)
        if watched.run.attempts != before:
            watched.frames, watched.pictures = [], {}  # its worker died and it began anew
        watched.frames += store.frames(run_id, after=watched.last.index if watched.last else -1)
    except Refusal as refusal:
        held.pop(run_id, None)
        gone[run_id] = str(refusal)
        return None
    gone.pop(run_id, None)
    held[run_id] = watched
    while len(held) > _KEPT:
        held.pop(next(iter(held)))
    return watched


def running(key: str) -> bool:
    """Return whether a run of this page still waits or goes on."""
    return any(watched and not watched.run.over for watched in map(look, st.session_state.get(f"{key}.runs") or []))


def _heading(watched: Watched) -> str:
    """Return what tells a run from those beside it."""
    experiment = read(watched.run.experiment)
    inversion = getattr(experiment, "inversion", experiment)
    of_one_press = bool(watched.run.group) and isinstance(inversion, Inversion)
    return _VIEWS[inversion.scenario.federation.view] if of_one_press else watched.run.title


def status(watched: Watched, key: str, *, tell: Callable[[Watched], Told] = told) -> None:
    """Say in one line how a run stands, with buttons to pause it, to lead it on and to cancel it while it can be."""
    run = watched.run
    if run.over:
        _ended(watched, *tell(watched))
        return
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}.status.{run.id}"):
        hold = holding.held(run)
        st.progress(min(max(run.progress, 0.0), 1.0), text=_going(watched, hold))
        if run.owner == session.visitor():
            holding.buttons(run, hold, key)
            st.button("Cancel", key=f"{key}.cancel.{run.id}", on_click=cancel, args=(run.id,), icon=":material/stop:")
    if run.message:
        st.caption(f":material/info: {run.message}")


def forget() -> None:
    """Take private runs off the screen, and this session's copies of their pictures and numbers with them."""
    held: dict[str, Watched] = st.session_state.get("watched", {})
    mine = {run_id for run_id, watched in held.items() if watched.run.private}
    for run_id in mine:
        del held[run_id]
    for name, value in list(st.session_state.items()):
        if name.endswith(".runs") and mine.intersection(value):
            st.session_state[name] = [run_id for run_id in value if run_id not in mine]
            address.show(address.beside(name.removesuffix(".runs")))


def cancel(run_id: str) -> None:
    """Ask a run to stop; one that does not listen is ended two seconds later."""
    try:
        session.services().store.cancel(run_id, session.visitor())
    except Refusal as refusal:
        st.toast(str(refusal), icon=":material/error:")


def _going(watched: Watched, hold: Hold | None = None) -> str:
    place = session.services().store.place(watched.run.id)
    if watched.run.status == "queued":
        ahead = (
            f"{place.ahead} {'run' if place.ahead == 1 else 'runs'} before this one" if place.ahead else "next in line"
        )
        return f"Waiting: {ahead}{_about(place.seconds, ' until it starts')}."
    if not watched.last:
        return "Preparing: the clients train."
    if hold:
        return holding.said(hold, watched.frames, _stage(watched.last.scalars))
    return f"{_stage(watched.last.scalars)}{_about(place.seconds, ' left')}."


def _stage(scalars: Mapping[str, float]) -> str:
    """Return in words how far a run has come."""
    if done := scalars.get("methods_done"):
        return f"Method {done:.0f} of {scalars['methods']:.0f}"
    if "cells" in scalars:
        return f"Cell {min(scalars['cells_done'] + 1, scalars['cells']):.0f} of {scalars['cells']:.0f}"
    if "guesses_done" in scalars:
        return f"Guess {min(scalars['guesses_done'] + 1, scalars['guesses']):.0f} of {scalars['guesses']:.0f}"
    if "enhancers" in scalars:
        return f"Way {min(scalars['enhancers_done'] + 1, scalars['enhancers']):.0f} of {scalars['enhancers']:.0f}"
    if "iteration" not in scalars:
        return "At work"
    count = scalars.get("evaluations")
    evaluations = "" if count is None else f", {count:.0f} evaluation{'' if count == 1 else 's'}"
    return f"Iteration {scalars['iteration']:.0f} of {scalars['iterations']:.0f}{evaluations}"


def _about(seconds: float | None, what: str) -> str:
    if seconds is None or round(seconds) == 0:
        return ""
    return f", about {seconds:.0f} s{what}" if seconds < 90 else f", about {seconds / 60:.0f} min{what}"


def _ended(watched: Watched, verdict: str, notes: list[str]) -> None:
    run = watched.run
    if run.status == "finished":
        level = st.success if verdict.startswith(_SUCCESSES) else st.info
        level(words.named(verdict) or "Finished.", icon=":material/check_circle:")
    elif run.status == "cancelled":
        iteration = watched.last.scalars.get("iteration") if watched.last else None
        at = "" if iteration is None else f" at iteration {iteration:.0f}"
        st.warning(f"Cancelled{at}; what was found until then is kept.", icon=":material/cancel:")
    else:
        st.error(run.message or "The run did not finish.", icon=":material/error:")
    again = [run.message] if run.status == "finished" and run.message else []
    for note in (*again, *notes):
        st.caption(f":material/info: {note}")
