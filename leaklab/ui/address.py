"""The address bar: the settings and runs it asks for when a page is entered, and what is written there in return."""

import streamlit as st

from leaklab.experiments.comparison import Comparison, of_runs
from leaklab.experiments.defended import Defended
from leaklab.experiments.drift import Drift
from leaklab.experiments.enhancing import Enhancing
from leaklab.experiments.experiment import Experiment, read
from leaklab.experiments.guessing import Guessing
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.label_recovery import LabelRecovery
from leaklab.experiments.landscape import Landscape
from leaklab.experiments.machines import Machines
from leaklab.experiments.paths import Paths
from leaklab.experiments.threshold import Threshold
from leaklab.experiments.utility import Utility
from leaklab.experiments.viewpoints import Viewpoints
from leaklab.settings import Refusal, from_link, to_link
from leaklab.ui import session

_LINK = "x"  # every setting of an experiment
_RUN = "run"  # the runs that are shown
_BOTH = "both"  # an attack on each client and one on the average: two experiments of one setting

_KINDS = {  # what a page's controls bring runs of, and under which keys they are shown
    "playground": {"playground": Inversion, "machines": Machines},
    "landscape": {"landscape": Landscape},
    "labels": {"labels": LabelRecovery},
    "federation": {"federation": Viewpoints, "guess": Guessing},
    "paths": {"paths": Paths},
    "drift": {"drift": Drift},
    "defences": {"defences": Defended, "utility": Utility, "threshold": Threshold},
    "enhance": {"enhance": Enhancing},
}
_PAGES = {"paths": "drift"}  # where controls stand that have no page of their own

Held = (
    Inversion | LabelRecovery | Paths | Drift | Comparison | Enhancing
)  # what controls hold; an attack stands for all that is done with it


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


def page(kind: str) -> str:
    """Return the page that shows runs of a kind; of one that is unknown, the playground."""
    for key, shown in _KINDS.items():
        if kind in [one.model_fields["kind"].default for one in shown.values()]:
            return _PAGES.get(key, key)
    return "playground"


def beside(key: str) -> list[str]:
    """Return all runs that are shown together with those of a key, and these."""
    together = next((shown for shown in _KINDS.values() if key in shown), (key,))
    return [run for one in together for run in st.session_state.get(f"{one}.runs") or ()]


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
    for place, kind in _KINDS[key].items():
        st.session_state[f"{place}.runs"] = [i for i, one in zip(ids, past, strict=True) if isinstance(one, kind)]
    for one in past:
        if isinstance(one, Landscape):
            st.session_state[f"{key}.cut"] = one.model_copy(update={"inversion": Inversion()})
    own = _own(past, start)
    if not own:
        raise Refusal(f"Run {ids[0]} is of another kind than this page shows: open it from the page Runs.")
    if _LINK in st.query_params:
        # Of equal settings those of a run are taken: a visitor's own photographs are among them.
        return next((one for one in own if to_link(one) == to_link(start)), start)
    views = {one.scenario.federation.view for one in own if isinstance(one, Inversion)}
    st.session_state[f"{key}.both"] = len(views) > 1
    return own[0]


def _own(past: list[Experiment], start: Held) -> list[Held]:
    """Return the settings of runs as a page holds them."""
    if not isinstance(start, Comparison):
        return [
            held for one in past for held in (one, getattr(one, "inversion", None)) if isinstance(held, type(start))
        ]
    found = of_runs(past)
    if _LINK in st.query_params:  # which columns there are stands in the address
        return [start.model_copy(update={"inversion": one.inversion}) for one in found]
    return found
