"""The controls of the page Enhance: an attack that leaves something to be wished for, and ways to mend its pictures."""

import secrets
from collections.abc import Iterable
from dataclasses import replace

import streamlit as st

from leaklab.experiments.enhancing import COLUMNS, WAYS, Enhancing
from leaklab.experiments.enhancing_presets import ENHANCING_DEFAULT, ENHANCING_PRESETS
from leaklab.images.source import Photos, Uploads
from leaklab.settings import Knob, Refusal, choices, walk
from leaklab.ui import forms, held, watch
from leaklab.ui.album import album
from leaklab.views.enhance import titled

KEY = "enhance"

_SCENARIO, _STAGE = "inversion.scenario", "inversion.recipe.stages.0"
_SEARCH = (f"{_STAGE}.iterations", f"{_STAGE}.space.factor")
_RARE = (  # of the attack; the ways' own follow
    f"{_SCENARIO}.source", f"{_SCENARIO}.image_size", f"{_SCENARIO}.network.name", f"{_SCENARIO}.threat.labels",
    "inversion.precision",
)  # fmt: skip
_SEED = ("inversion", "seed")


def choose() -> Enhancing:
    """Draw all controls in the sidebar and return the experiment, whole and valid; the address follows."""
    asked = {"x", "run"} & set(st.query_params)
    held.begin(KEY, ENHANCING_DEFAULT.experiment)
    held.presets(KEY, ENHANCING_PRESETS)
    experiment = held.experiment(KEY)
    if not asked and f"{KEY}.runs" not in st.session_state:
        watch.launch_once(experiment, KEY)
    with st.sidebar:
        with st.expander("The attack", expanded=True):
            experiment = held.settled(KEY, _photographs(experiment))
            experiment = _edit(experiment, _attack(experiment))
        experiment = _ways(experiment)
        for number, name in enumerate(experiment.columns):
            with st.expander(titled(name), expanded=True):
                experiment = _edit(experiment, forms.knobs(experiment, f"enhancers.{number}.", level="basic"))
        with st.expander("Seed", expanded=True):
            experiment = _edit(experiment, [knob for knob in walk(experiment) if knob.path == _SEED])
        with st.expander("More"):
            experiment = _edit(experiment, _rare(experiment))
        held.choose_device(KEY)
    held.hold(KEY, experiment)
    return experiment


def ready(experiment: Enhancing) -> bool:
    """Say what keeps the attack from starting; return whether it may start."""
    try:
        missing = experiment.missing()
    except Refusal as refusal:
        missing = [str(refusal)]
    for line in missing:
        st.warning(line, icon=":material/help:")
    return not missing


def reseed() -> None:
    """Draw another seed."""
    held.adopt(KEY, held.experiment(KEY).changed(_SEED, secrets.randbelow(2**31)))


def _photographs(experiment: Enhancing) -> Enhancing:
    """Draw the album where the photographs come from it."""
    source, needed = experiment.source, experiment.inversion.scenario.federation.images
    if not isinstance(source, Photos):
        return experiment
    names = album(source.names, most=needed, key=f"{held.name(KEY)}.album")
    if len(names) < needed:
        st.caption(f"{needed - len(names)} of {needed} are drawn by the seed.")
    if names == source.names:
        return experiment
    return experiment.changed(("inversion", "scenario", "source", "names"), names)


def _ways(experiment: Enhancing) -> Enhancing:
    """Draw the choice of the ways, which stand in one order."""
    found = forms.parts(
        "Ways to enhance", experiment.enhancers, choices(Enhancing.model_fields["enhancers"].annotation),
        key=f"{held.name(KEY)}.enhancers", help="What makes the raw reconstruction presentable, each by itself.",
    )  # fmt: skip
    if found == experiment.enhancers:
        return experiment
    first = {one.kind: one for one in WAYS}  # a way that comes back is what it was to begin with
    kept = [one if one in experiment.enhancers else first[one.kind] for one in found]
    ordered = sorted(kept, key=lambda one: list(COLUMNS).index(one.kind))
    return held.settled(KEY, experiment.model_copy(update={"enhancers": tuple(ordered)}))


def _attack(experiment: Enhancing) -> list[Knob]:
    """Return the few knobs that tell how good the raw picture will be: iterations, width, and what clients add."""
    noise = forms.knobs(experiment, f"{_SCENARIO}.federation.defences.", level="basic")
    return [*(knob for knob in walk(experiment) if knob.dotted in _SEARCH), *noise]


def _rare(experiment: Enhancing) -> list[Knob]:
    """Return the rarely used knobs: those of the round, then those of the ways."""
    of_the_round = {knob.dotted: _without_uploads(knob) for knob in walk(experiment)}
    ways = [
        replace(knob, title=f"{titled(list(experiment.columns)[int(knob.path[1])]).partition(' (')[0]}: {knob.title}")
        for knob in forms.knobs(experiment, "enhancers.", level="advanced")
    ]
    return [*(of_the_round[name] for name in _RARE), *ways]


def _without_uploads(knob: Knob) -> Knob:
    # One's own photographs are taken in on the playground.
    offered = tuple(choice for choice in knob.choices if choice is not Uploads or isinstance(knob.value, Uploads))
    return replace(knob, choices=offered)


def _edit(experiment: Enhancing, knobs: Iterable[Knob]) -> Enhancing:
    return held.settled(KEY, forms.edit(experiment, knobs, key=held.name(KEY)))
