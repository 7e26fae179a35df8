"""Runs that are found again: what anybody has asked for once is shown to whoever asks for the very same.

Private runs are never shared: they are their visitor's, and no other visitor is told of them.
"""

import hashlib

import streamlit as st

from leaklab.experiments import catalogue
from leaklab.experiments.experiment import Experiment
from leaklab.runs.records import Run
from leaklab.settings import Refusal
from leaklab.ui import session

_WELL = ("queued", "running", "finished")


def digest(asked: str) -> str:
    """Return what stands for settings where private photographs in them may not stay behind."""
    return hashlib.sha256(asked.encode()).hexdigest()


def find(experiment: Experiment) -> str | None:
    """Return a run of this very experiment that goes on or is finished; None where there is none that may be shown."""
    private = catalogue.is_private(experiment)
    held, owner = (_own(), session.visitor()) if private else (_everybodys(), "")
    asked, store = experiment.model_dump_json(), session.services().store
    if (run_id := held.get(digest(asked))) and _goes_well(run_id, owner):
        return run_id
    known = None if private else store.known(asked)
    if known:
        held[digest(asked)] = known
    return known


def begin(experiment: Experiment, *, device: str = "auto", own: bool = False) -> str:
    """Put an experiment into the queue and return its run: nobody's, or the visitor's own, as private ones always are.

    Those that are nobody's do not wait for one another.
    Raises: Refusal, when the store is in trouble.
    """
    services, private = session.services(), catalogue.is_private(experiment)
    asked = experiment.model_dump_json()
    run_id = services.store.enqueue(
        asked, owner=session.visitor() if own or private else "", title=catalogue.title(experiment), private=private,
        device=device,
    )  # fmt: skip
    (_own() if private else _everybodys())[digest(asked)] = run_id
    _begun().add(run_id)
    services.pool.wake()
    return run_id


def state(run_id: str) -> Run | None:
    """Return how a run stands, with the numbers of its newest frame; None when it is gone, or another visitor's."""
    over: dict[str, Run] = st.session_state.setdefault("shared.over", {})
    if run_id in over:
        return over[run_id]
    try:
        run = session.services().store.run(run_id, session.visitor())
    except Refusal:
        return None
    if run.over and not run.private:
        over[run_id] = run
    return run


def first(name: str) -> Run | None:
    """Return how the run stands that this session keeps under a name; None where it keeps none."""
    ids = st.session_state.get(name) or []
    return state(ids[0]) if ids else None


def cancel(run_id: str) -> None:
    """Ask a run to stop; one that others have put into the queue goes on."""
    if run_id not in _begun():
        return
    try:
        session.services().store.cancel(run_id)
    except Refusal as refusal:
        st.toast(str(refusal), icon=":material/error:")


@st.cache_resource(show_spinner=False)
def _everybodys() -> dict[str, str]:
    """Return the run of each public experiment that was asked for in this process."""
    return {}


def _begun() -> set[str]:
    """Return the runs that this session has put into the queue."""
    return st.session_state.setdefault("shared.begun", set())


def _own() -> dict[str, str]:
    """Return the run of each private experiment that this session has asked for."""
    return st.session_state.setdefault("shared.own", {})


def _goes_well(run_id: str, owner: str) -> bool:
    try:
        return session.services().store.run(run_id, owner).status in _WELL
    except Refusal:
        return False
