"""The same attack in every way this machine offers, side by side, and beside it what was recorded on another one."""

import json
from functools import lru_cache
from typing import Any

import streamlit as st

from leaklab.experiments.devices import available
from leaklab.experiments.experiment import read
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.machines import Machines, names
from leaklab.ui import choose, session, watch, words
from leaklab.ui.curve import curve
from leaklab.ui.watch import Watched
from leaklab.views import machines

KEY = "machines"
RECORD = words.ASSETS / "recorded" / "machines.json"
_TITLE = "CPU against CUDA, float32 against float64"


def ask(experiment: Inversion, *, device: str) -> None:
    """Offer to run an attack in every way this machine has, and show where the ways part."""
    shown, said = bool(st.session_state.get(f"{KEY}.runs")), words.parts("playground")
    with st.expander(_TITLE, expanded=shown, icon=":material/memory:"):
        st.markdown(said[_TITLE])
        if "cuda" not in available():
            st.caption(f":material/info: {said['Without a CUDA GPU']}")
        elif device == "cpu":
            st.caption(f":material/info: {said['The processor alone']}")
        reasons = choose.lacking(experiment)
        for line in reasons:
            st.caption(f":material/block: {line}")
        if st.button("Run every way", key=f"{KEY}.start", icon=":material/call_split:", disabled=bool(reasons)):
            watch.launch([Machines(inversion=experiment)], KEY, device)
        watch.follow(KEY, lambda watched, key: show(watched, key, experiment))
        _recorded()


def show(watched: Watched, key: str, now: Inversion) -> None:
    """Show all ways as far as they have come: the pictures, the curves, the numbers, the verdict on each."""
    if not watched.frames:
        if not watched.run.over:
            st.skeleton(height=420)
        return
    held = read(watched.run.experiment)
    if isinstance(held, Machines) and held.inversion != now:
        st.caption(":material/history: This is what came of earlier settings; run again to see the present ones.")
    last = watched.last
    wanted = [(0, "truth"), *((last.index, f"reconstruction.{name}") for name in names(last.scalars))]
    pictures = {name: picture for (_, name), picture in watched.at(wanted).items()}
    st.html(machines.sheet(pictures, last))
    _curves(watched, key)
    st.table(machines.table(last))
    for line in last.note.split("\n")[1:] if last.final else ():
        st.caption(f":material/call_split: {line}")


def _curves(watched: Watched, key: str) -> None:
    drawn = {"losses": (machines.losses, machines.losses_alt), "apart": (machines.apart, machines.apart_alt)}
    for column, (name, (draw, tell)) in zip(st.columns(2), drawn.items(), strict=True):
        with column:
            curve(
                draw(watched.frames, dark=session.dark()), key=f"{key}.{name}", alt=tell(watched.frames), height=260
            )  # fmt: skip


def _recorded() -> None:
    """Show what was recorded; where no GPU took part, say so, and how its record is made."""
    record = kept()
    st.markdown(machines.recorded_on(record))
    st.table(machines.recorded(record))
    if not machines.has_gpu(record):
        st.caption(f":material/info: {words.parts('playground')['No record of a GPU yet']}")


@lru_cache
def kept() -> dict[str, Any]:
    """Return the record that is shipped."""
    return json.loads(RECORD.read_text(encoding="utf-8"))
