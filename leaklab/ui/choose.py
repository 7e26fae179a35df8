"""Pick an experiment: a preset, a link or a past run to start from, and then a widget for every knob."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from leaklab.experiments import catalogue
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.landscape import Landscape
from leaklab.settings import Refusal, walk
from leaklab.ui import forms, held, photographs, recipes

_MORE = "Show the rarely used settings."


def inversion(key: str) -> Inversion:
    """Draw the controls of an attack in the sidebar and return it, whole and valid; the address follows."""
    held.begin(key, catalogue.DEFAULT.experiment)
    held.presets(key, catalogue.PRESETS)
    experiment = held.experiment(key)
    with st.sidebar:
        experiment = held.settled(key, photographs.choose(experiment, page=key, key=held.name(key)))
        for title, (draw, open_) in _SECTIONS.items():
            with st.expander(title, expanded=open_):
                experiment = draw(experiment, key)
        held.choose_device(key)
    held.hold(key, experiment)
    return experiment


def experiments(experiment: Inversion, key: str) -> list[Inversion]:
    """Return what one press of the button asks for: the experiment, or one for each view when both are wanted."""
    if not st.session_state.get(f"{key}.both"):
        return [experiment]
    return [experiment.changed(("scenario", "federation", "view"), view) for view in ("per-client", "aggregated")]


def mend(experiment: Inversion, key: str, *more: str) -> bool:
    """Say what the attack lacks, with a button that mends it where one press can; return whether it may start.

    `more` is what else keeps this page from starting.
    """
    missing = [line for one in experiments(experiment, key) for line in _missing(one)]
    for line in dict.fromkeys([*more, *missing]):
        st.warning(line, icon=":material/help:")
    if missing and not experiment.scenario.threat.labels:
        told = experiment.changed(("scenario", "threat", "labels"), True)
        if not any(_missing(one) for one in experiments(told, key)):
            st.button("Tell the attacker the labels", key=f"{key}.tell", on_click=held.adopt, args=(key, told))
    return not (more or missing)


def _missing(experiment: Inversion) -> list[str]:
    try:
        return list(experiment.recipe.missing(experiment.scenario.outline()))
    except Refusal as refusal:
        return [str(refusal)]


def landscape(experiment: Inversion, key: str) -> Landscape:
    """Draw the controls of a survey and return it."""
    cut = st.session_state.get(f"{key}.cut") or Landscape()
    own = [knob for knob in walk(cut) if len(knob.path) == 1 and knob.level == "basic"]
    with st.container(horizontal=True):
        cut = forms.edit(cut, own, key=f"{key}.cut")
    st.session_state[f"{key}.cut"] = cut
    return cut.model_copy(update={"inversion": experiment})


def surveys(cut: Landscape, key: str) -> list[Landscape]:
    """Return the surveys one press asks for: one, or one for each view when both are wanted."""
    return [cut.model_copy(update={"inversion": one}) for one in experiments(cut.inversion, key)]


def _plain(experiment: Inversion, key: str, *, title: str, prefixes: tuple[str, ...]) -> Inversion:
    """Draw the knobs whose paths begin so, the rarely used ones behind a switch."""
    basic = forms.knobs(experiment, *prefixes, level="basic")
    experiment = held.settled(key, forms.edit(experiment, basic, key=held.name(key)))
    return _more(experiment, key, title=title, prefixes=prefixes)


def _federation(experiment: Inversion, key: str) -> Inversion:
    prefixes = ("scenario.federation",)
    basic = [knob for knob in forms.knobs(experiment, *prefixes, level="basic") if knob.path[-1] != "view"]
    experiment = held.settled(key, forms.edit(experiment, basic, key=held.name(key)))
    return _more(_view(experiment, key), key, title="Federation", prefixes=prefixes)


def _more(experiment: Inversion, key: str, *, title: str, prefixes: tuple[str, ...]) -> Inversion:
    knobs = forms.knobs(experiment, *prefixes, level="advanced")
    if knobs and st.toggle("More", key=f"{key}.more.{title}", help=_MORE):
        experiment = held.settled(key, forms.edit(experiment, knobs, key=held.name(key)))
    return experiment


def _view(experiment: Inversion, key: str) -> Inversion:
    names = {"per-client": "each client", "aggregated": "the average", "both": "both"}
    path = ("scenario", "federation", "view")
    now = "both" if st.session_state.get(f"{key}.both") else experiment.at(path)
    chosen = st.segmented_control(
        "The attacker sees", list(names), default=now, required=True, format_func=names.get,
        key=f"{held.name(key)}.view", width="stretch",
        help="Each client's own update, only the average of them all, or one attack on each. "
        "*In the mathematics:* one client's gradient, or the mean weighted by images.",
    )  # fmt: skip
    st.session_state[f"{key}.both"] = chosen == "both"
    return experiment if chosen in ("both", experiment.at(path)) else experiment.changed(path, chosen)


def _by(title: str, *prefixes: str) -> Callable[[Inversion, str], Inversion]:
    return partial(_plain, title=title, prefixes=prefixes)


_NETWORK, _TOLD, _SEED = "Network", "What the attacker is told", "Seed and precision"
_SECTIONS: dict[str, tuple[Callable[[Inversion, str], Inversion], bool]] = {  # what draws it, and whether it is open
    "Federation": (_federation, True),
    "Attack": (recipes.choose, True),
    _NETWORK: (_by(_NETWORK, "scenario.network", "scenario.num_classes"), False),
    _TOLD: (_by(_TOLD, "scenario.threat"), False),
    _SEED: (_by(_SEED, "seed", "attack_seed", "precision", "record_every"), False),
}
