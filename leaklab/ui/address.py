"""The address bar: the settings and runs it asks for when a page is entered, and what is written there in return."""

import streamlit as st

from leaklab.experiments import comparison, lineup
from leaklab.experiments.comparison import Comparison
from leaklab.experiments.defended import Defended
from leaklab.experiments.drift import Drift
from leaklab.experiments.enhancing import Enhancing
from leaklab.experiments.experiment import Experiment, read
from leaklab.experiments.guessing import Guessing
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.label_recovery import LabelRecovery
from leaklab.experiments.landscape import Landscape
from leaklab.experiments.lineup import Lineup
from leaklab.experiments.machines import Machines
from leaklab.experiments.older import salvaged
from leaklab.experiments.paths import Paths
from leaklab.experiments.sweep import Sweep
from leaklab.experiments.threshold import Threshold
from leaklab.experiments.utility import Utility
from leaklab.experiments.viewpoints import Viewpoints
from leaklab.settings import Refusal, Settings, to_link
from leaklab.ui import session

_LINK = "x"  # every setting of an experiment
_PRESET = "preset"  # a start that the page offers, by its key
_RUN = "run"  # the runs that are shown
_BOTH = "both"  # an attack on each client and one on the average: two experiments of one setting

_KINDS = {  # what a page's controls bring runs of, and under which keys they are shown
    "playground": {"playground": Inversion, "machines": Machines},
    "compare": {"compare": Inversion},
    "landscape": {"landscape": Landscape},
    "labels": {"labels": LabelRecovery},
    "federation": {"federation": Viewpoints, "guess": Guessing},
    "paths": {"paths": Paths},
    "drift": {"drift": Drift},
    "defences": {"defences": Defended, "utility": Utility, "threshold": Threshold},
    "enhance": {"enhance": Enhancing},
    "sweeps": {"sweeps": Sweep},
}
_PAGES = {"paths": "drift"}  # where controls stand that have no page of their own

Held = (
    Inversion | LabelRecovery | Paths | Drift | Comparison | Lineup | Enhancing | Sweep
)  # what controls hold; an attack stands for all that is done with it


def asked(key: str, start: Held) -> tuple[Held, list[str]]:
    """Return the experiment a page starts from, `start` unless the address asks for another, and all complaints."""
    complaints, refused, before = [], False, start
    for word, take in ((_LINK, _linked), (_RUN, _past)):
        if word in st.query_params:
            try:
                start, said = take(key, start)
                complaints += said
            except Refusal as refusal:
                complaints.append(str(refusal))
                refused = True
    if refused:
        fresh = start is before and f"{key}.experiment" not in st.session_state
        complaints.append("The page starts from its default." if fresh else "The settings are kept.")
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


def preset() -> str | None:
    """Return, once, the start that the address names, where it spells out no settings of its own."""
    named = st.query_params.get(_PRESET)
    if named is None:
        return None
    del st.query_params[_PRESET]
    return None if _LINK in st.query_params else named


def kinds(key: str) -> list[type[Settings]]:
    """Return of which kinds the experiments are that a page's controls bring."""
    return list(_KINDS.get(key, {}).values())


def query(key: str, experiment: Held, *, runs: bool) -> dict[str, str | list[str]]:
    """Return what an address asks for that shows these settings, and the runs on the page where they are wanted."""
    both = {_BOTH: "1"} if st.session_state.get(f"{key}.both") else {}
    shown = beside(key) if runs else []
    return {_LINK: to_link(experiment), **both, **({_RUN: shown} if shown else {})}


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


def _linked(key: str, start: Held) -> tuple[Held, list[str]]:
    """Return the settings of the link, and what of it is no longer known.

    Raises: Refusal, when it is broken, or carries settings of another kind.
    """
    linked, said = salvaged(type(start), st.query_params[_LINK])
    st.session_state[f"{key}.both"] = _BOTH in st.query_params
    return linked, said


def _past(key: str, start: Held) -> tuple[Held, list[str]]:
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
        return next((one for one in own if to_link(one) == to_link(start)), start), []
    views = {one.scenario.federation.view for one in own if isinstance(one, Inversion)}
    st.session_state[f"{key}.both"] = len(views) > 1
    return own[0], []


def _own(past: list[Experiment], start: Held) -> list[Held]:
    """Return the settings of runs as a page holds them."""
    linked = _LINK in st.query_params  # then which columns or rows there are stands in the address
    if isinstance(start, Comparison):
        found = comparison.of_runs(past)
        return [start.model_copy(update={"inversion": one.inversion}) for one in found] if linked else found
    if isinstance(start, Lineup):
        rows = lineup.of_runs(past)
        return [start.model_copy(update={"base": one.base}) for one in rows] if linked else rows
    return [held for one in past for held in (one, getattr(one, "inversion", None)) if isinstance(held, type(start))]
