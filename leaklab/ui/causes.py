"""Why an attack likely failed, in words, each cause with a button that shows the same without it."""

import streamlit as st

from leaklab.experiments.causes import Cause, causes
from leaklab.experiments.experiment import read
from leaklab.experiments.inversion import Inversion
from leaklab.ui import held, words
from leaklab.ui.watch import Watched

_PAGE = "playground"  # where a changed experiment is shown
_MOST = 3  # causes that are told: further ones are too unlikely to help


def explain(watched: Watched, key: str) -> None:
    """Say why photographs likely did not come back, and offer the settings that would show it; else nothing."""
    experiment = read(watched.run.experiment)
    if not isinstance(experiment, Inversion):
        return
    found = causes(experiment, watched.frames)[:_MOST]
    if not found:
        return
    st.markdown("**What likely went wrong**" + (", the likeliest first" if len(found) > 1 else ""))
    for cause in found:
        _tell(cause, key)


def _tell(cause: Cause, key: str) -> None:
    said = words.table("causes")[cause.key]
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}.cause.{cause.key}"):
        st.markdown(f"{said['likely']}  \n:small[{said['evidence'].format(**cause.facts)}]", width="stretch")
        if cause.without and st.button(
            "Show it without that", key=f"{key}.without.{cause.key}", icon=":material/play_arrow:",
            help=said["without"].format(**cause.facts),
        ):  # fmt: skip
            held.adopt(_PAGE, cause.without)
            held.again(_PAGE)  # the attack starts at once: one press, one effect
            st.rerun()  # of the whole page, for its controls stand outside of what is redrawn with a run
