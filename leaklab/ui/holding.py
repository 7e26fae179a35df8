"""Pause, resume and step: the buttons beside a running run, and how a held one is spoken of."""

from collections.abc import Callable, Sequence

import streamlit as st

from leaklab.experiments.frame import Frame
from leaklab.runs.holds import Hold
from leaklab.runs.records import Run
from leaklab.settings import Refusal
from leaklab.ui import session

_STEPS = (1, 10, 100)
_AT_MOST = "A paused run keeps a worker from others, so it goes on by itself after two minutes."


def held(run: Run) -> Hold | None:
    """Return how a run is held; None when it is not, or not running."""
    return session.services().store.holds.look(run.id) if run.status == "running" else None


def buttons(run: Run, hold: Hold | None, key: str) -> None:
    """Offer to pause a running run, and to resume or lead on one that is held."""
    holds, owner = session.services().store.holds, session.visitor()
    if run.status != "running":
        return
    if hold is None:
        _button("Pause", "pause", f"{key}.pause.{run.id}", holds.pause, (run.id, owner), _AT_MOST)
        return
    _button("Resume", "play_arrow", f"{key}.resume.{run.id}", holds.resume, (run.id, owner), _AT_MOST)
    for steps in _STEPS:
        many = "Lets one recorded moment pass." if steps == 1 else f"Lets {steps} recorded moments pass."
        name = "Step" if steps == 1 else f"Step {steps}"
        _button(name, "skip_next", f"{key}.step{steps}.{run.id}", holds.step, (run.id, steps, owner), many)


def said(hold: Hold, frames: Sequence[Frame], stage: str) -> str:
    """Return how a held run stands, and what its last step took in iterations and evaluations."""
    if hold.steps:
        moments = "moment" if hold.steps == 1 else "moments"
        return f"{hold.steps} more {moments}, then it waits: {stage}."
    if not hold.waiting:
        return f"Pausing after the next moment: {stage}."
    return f"Paused: {stage}{_step(frames)}."


def _step(frames: Sequence[Frame]) -> str:
    names = ("iteration", "evaluations")
    if len(frames) < 2 or not all(name in frame.scalars for frame in frames[-2:] for name in names):
        return ""
    iterations, evaluations = (frames[-1].scalars[name] - frames[-2].scalars[name] for name in names)
    return f"; the last step took {_many(iterations, 'iteration')} and {_many(evaluations, 'evaluation')}"


def _many(count: float, word: str) -> str:
    return f"{count:.0f} {word}" if count == 1 else f"{count:.0f} {word}s"


def _button(name: str, icon: str, key: str, does: Callable[..., None], args: tuple[object, ...], told: str) -> None:
    def press() -> None:
        try:
            does(*args)
        except Refusal as refusal:
            st.toast(str(refusal), icon=":material/error:")

    st.button(name, key=key, on_click=press, icon=f":material/{icon}:", help=told)
