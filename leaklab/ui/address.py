"""The address bar: the settings and runs it asks for when a page is entered, and what is written there in return."""

import streamlit as st

from leaklab.experiments.experiment import read
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.label_recovery import LabelRecovery
from leaklab.experiments.landscape import Landscape
from leaklab.settings import Refusal, from_link, to_link
from leaklab.ui import session

_LINK = "x"  # every setting of an experiment
_RUN = "run"  # the runs that are shown
_BOTH = "both"  # an attack on each client and one on the average: two experiments of one setting

_KINDS = {"playground": Inversion, "landscape": Landscape, "labels": LabelRecovery}  # what a page shows runs of

Held = Inversion | LabelRecovery  # what a page's controls hold; a survey is held as the attack it surveys


def asked(key: str, start: Held) -> tuple[Held, list[str]]:
    """Return the experiment a page starts from, `start` unless the address asks for another, and all complaints."""
    complaints = []
    for word, take in ((_LINK, _linked), (_RUN, _past)):
        if word in st.query_params:
            try:
                start = take(key, start)
            except Refusal as refusal:
                complaints.append(str(refusal))
    source = start.source
    if _LINK in st.query_params and source.kind == "uploads" and not source.pictures:
        st.toast(
            "This link came without its photograph, which belongs to whoever took it: a drawn picture stands in.",
            icon=":material/lock:", duration="long",
        )  # fmt: skip
    return start, complaints


def spell(key: str, experiment: Held) -> None:
    """Write every setting into the address."""
    link, both = to_link(experiment), bool(st.session_state.get(f"{key}.both"))
    if st.query_params.get(_LINK) != link:
        st.query_params[_LINK] = link
    if both and _BOTH not in st.query_params:
        st.query_params[_BOTH] = "1"
    if not both:
        st.query_params.pop(_BOTH, None)


def show(runs: list[str]) -> None:
    """Write into the address which runs are shown, so that a reload shows them again."""
    if runs:
        st.query_params[_RUN] = runs
    else:
        st.query_params.pop(_RUN, None)


def _linked(key: str, start: Held) -> Held:
    linked = from_link(type(start), st.query_params[_LINK])
    st.session_state[f"{key}.both"] = _BOTH in st.query_params
    return linked


def _past(key: str, start: Held) -> Held:
    """Show the runs that the address names; where it spells out no settings, they are the runs' own.

    Raises: Refusal, when a run cannot be opened, or another page shows its kind.
    """
    ids = st.query_params.get_all(_RUN)
    past = [read(session.services().store.run(run_id, session.visitor()).experiment) for run_id in ids]
    kind = _KINDS[key]
    st.session_state[f"{key}.runs"] = [run_id for run_id, one in zip(ids, past, strict=True) if isinstance(one, kind)]
    for one in past:
        if isinstance(one, Landscape):
            st.session_state[f"{key}.cut"] = one.model_copy(update={"inversion": Inversion()})
    inner = [one.inversion if isinstance(one, Landscape) else one for one in past]
    own = [one for one in inner if isinstance(one, type(start))]
    if not own:
        raise Refusal(f"Run {ids[0]} is of another kind than this page shows: open it from the page Runs.")
    if _LINK in st.query_params:
        # Of equal settings those of a run are taken: a visitor's own photographs are among them.
        return next((one for one in own if to_link(one) == to_link(start)), start)
    views = {one.scenario.federation.view for one in own if isinstance(one, Inversion)}
    st.session_state[f"{key}.both"] = len(views) > 1
    return own[0]
