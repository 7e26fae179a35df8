"""The noise that is just enough: found by halving, and said as a number and beside the signal."""

import streamlit as st

from leaklab.experiments.comparison import NONE, Comparison
from leaklab.experiments.experiment import read
from leaklab.experiments.threshold import Threshold
from leaklab.settings import Refusal
from leaklab.ui import defences, held, session, shared, watch, words
from leaklab.ui.watch import Told, Watched
from leaklab.views import enough
from leaklab.views.defences import remarks

KEY = "threshold"
_TITLE = "The noise that is just enough"
_DEFENCE = "noise"


def ask(comparison: Comparison, key: str) -> None:
    """Offer the search, and show what it finds; of what was searched before, the answer stands there at once."""
    search = comparison.threshold(_DEFENCE)
    if known := shared.find(search):
        st.session_state[f"{KEY}.runs"] = [known]
    with st.expander(_TITLE, icon=":material/search:", expanded=bool(st.session_state.get(f"{KEY}.runs"))):
        st.markdown(words.parts("defences")[_TITLE])
        lacking = defences.lacking(comparison, NONE)
        if not known:
            st.button(
                "Find the noise that is just enough", key=f"{KEY}.start", icon=":material/search:",
                on_click=_begin, args=(search, held.device(key)), disabled=bool(lacking),
            )  # fmt: skip
            if st.session_state.get(f"{KEY}.runs"):
                st.caption(":material/history: Below stands what came of earlier settings.")
        watch.follow(KEY, show, tell=tell)


def tell(watched: Watched) -> Told:
    """Return the sentence of a finished search, and what should be known beside it."""
    return watched.verdict, remarks(watched.frames[0]) if watched.frames else []


def show(watched: Watched, key: str) -> None:
    """Show the probes so far."""
    experiment = read(watched.run.experiment)
    if not watched.frames or not isinstance(experiment, Threshold):
        if not watched.run.over:
            st.skeleton(height=240)
        return
    frame = watched.last
    if frame.final:
        left, right = st.columns(2)
        left.metric("Strength σ", f"{frame.scalars['strength']:.3g}", border=True)
        right.metric("‖noise‖ / ‖signal‖", f"{frame.scalars['ratio']:.3g}", border=True)
    st.echarts_chart(
        enough.probes(frame, below=experiment.below, dark=session.dark()), key=f"{key}.probes", height=260,
        alt=enough.probes_alt(frame, below=experiment.below),
    )  # fmt: skip


def _begin(search: Threshold, device: str) -> None:
    try:
        st.session_state[f"{KEY}.runs"] = [shared.begin(search, device=device, own=True)]
    except Refusal as refusal:
        st.toast(str(refusal), icon=":material/error:")
