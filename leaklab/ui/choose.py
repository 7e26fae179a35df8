"""Pick an experiment: a preset, a link or a past run to start from, and then a widget for every knob."""

from collections.abc import Callable, Mapping
from functools import partial

import streamlit as st

from leaklab.experiments import catalogue
from leaklab.experiments.catalogue import Preset
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.landscape import Landscape
from leaklab.federation.rounds import Federation, View
from leaklab.images.source import Photos
from leaklab.settings import Refusal, choices, walk
from leaklab.ui import classroom, forms, held, photographs, recipes

_MORE = "Show the rarely used settings."
_VIEW = ("scenario", "federation", "view")
_DEFENCES = ("scenario", "federation", "defences")
_TELL = {  # what one press can tell the attacker, the least first
    ("labels",): "Tell the attacker the labels",
    ("defences",): "Tell the attacker the defences",
    ("labels", "defences"): "Tell the attacker the labels and the defences",
}


def inversion(
    key: str, *, default: Preset = catalogue.DEFAULT, presets: Mapping[str, Preset] = catalogue.PRESETS,
    from_everywhere: bool = False,
) -> Inversion:  # fmt: skip
    """Draw the controls of an attack in the sidebar and return it, whole and valid; the address follows.

    Of one that is carried out `from_everywhere` nobody chooses what the attacker sees.
    """
    held.begin(key, default.experiment)
    if from_everywhere:
        _anywhere(key)
    held.presets(key, presets)
    experiment = controls(key, view=None if from_everywhere else _view)
    held.hold(key, experiment)
    return experiment


def controls(key: str, *, view: Callable[[Inversion, str], Inversion] | None = None) -> Inversion:
    """Draw in the sidebar a widget for every knob of the attack that a key holds, and return it with what was changed.

    `view` draws the choice of what the attacker sees, where there is one.
    """
    experiment = held.experiment(key)
    sections = _SECTIONS | {"Federation": (partial(_federation, draw=view), True)}
    with st.sidebar:
        experiment = held.settled(key, _photographs(experiment, key))
        for title, (draw, open_) in sections.items():
            with st.expander(title, expanded=open_):
                experiment = draw(experiment, key)
        held.choose_device(key)
    return experiment


def one_view(experiment: Inversion, key: str) -> Inversion:
    """Draw the choice of what the attacker sees, one view at a time."""
    return _view(experiment, key, both=False)


def _photographs(experiment: Inversion, key: str) -> Inversion:
    """Draw the choice of photographs, or what a teacher's link leaves of it."""
    hidden, locked = (classroom.asks(how, "photographs") for how in classroom.HOWS)
    if not (hidden or locked):
        return photographs.choose(experiment, page=key, key=held.name(key))
    with st.expander("Photographs", expanded=True):
        if not hidden:
            source = experiment.source
            which = source.names if isinstance(source, Photos) and source.names else (forms.plain(source.kind),)
            st.caption(f":material/lock: Locked by this link: {', '.join(which)}.")
        size = forms.knobs(experiment, "scenario.image_size", level="basic")
        return forms.edit(experiment, size, key=held.name(key))


def _anywhere(key: str) -> None:
    """Forget from where the attack looks that a link or a run has brought."""
    st.session_state[f"{key}.both"] = False
    st.session_state[f"{key}.experiment"] = seen(held.experiment(key), "per-client")


def experiments(experiment: Inversion, key: str) -> list[Inversion]:
    """Return what one press of the button asks for: the experiment, or one for each view when both are wanted."""
    if not st.session_state.get(f"{key}.both"):
        return [experiment]
    return [seen(experiment, view) for view in ("per-client", "aggregated")]


def seen(experiment: Inversion, view: View) -> Inversion:
    """Return the same attack from another place."""
    return experiment.changed(_VIEW, view)


def mend(experiment: Inversion, key: str, *more: str) -> bool:
    """Say what the attack lacks, with a button that mends it where one press can; return whether it may start.

    `more` is what else keeps this page from starting.
    """
    missing = [line for one in experiments(experiment, key) for line in lacking(one)]
    for line in dict.fromkeys([*more, *missing]):
        st.warning(line, icon=":material/help:")
    if missing:
        offer(experiment, key, lambda told: not any(lacking(one) for one in experiments(told, key)))
    return not (more or missing)


def offer(experiment: Inversion, key: str, mends: Callable[[Inversion], bool]) -> None:
    """Draw the button that tells the attacker no more than what mends its attack, where that is all it lacks."""
    for facts, words in _TELL.items():
        if mends(enough := told(experiment, *facts)):
            st.button(words, key=f"{key}.tell", on_click=held.adopt, args=(key, enough))
            return


def told(experiment: Inversion, *facts: str) -> Inversion:
    """Return the same attack by an attacker who is told some facts."""
    for fact in facts:
        experiment = experiment.changed(("scenario", "threat", fact), True)
    return experiment


def lacking(experiment: Inversion) -> list[str]:
    """Return what keeps an attack from working, as sentences."""
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


def _federation(experiment: Inversion, key: str, draw: Callable[[Inversion, str], Inversion] | None) -> Inversion:
    """Draw the knobs of the federation, and as the last of the usual ones what `draw` has to add."""
    prefixes = ("scenario.federation",)
    basic = [knob for knob in forms.knobs(experiment, *prefixes, level="basic") if knob.path != _VIEW]
    experiment = held.settled(key, forms.edit(experiment, basic, key=held.name(key)))
    experiment = draw(experiment, key) if draw else experiment
    return _more(experiment, key, title="Federation", prefixes=prefixes, first=_defences)


def _more(
    experiment: Inversion, key: str, *, title: str, prefixes: tuple[str, ...],
    first: Callable[[Inversion, str], Inversion] | None = None,
) -> Inversion:  # fmt: skip
    """Draw the rarely used knobs behind a switch, and before them what `first` has to add."""
    knobs = forms.knobs(experiment, *prefixes, level="advanced")
    if knobs and st.toggle("More", key=f"{key}.more.{title}", help=_MORE):
        experiment = held.settled(key, first(experiment, key)) if first else experiment
        experiment = held.settled(key, forms.edit(experiment, knobs, key=held.name(key)))
    return experiment


def _defences(experiment: Inversion, key: str) -> Inversion:
    """Draw the choice of what clients do so that less is given away; what each has to set stands above."""
    chain = experiment.at(_DEFENCES)
    if classroom.asks("hide", "defences"):
        return experiment
    found = forms.parts(
        "Defences", chain, choices(Federation.model_fields["defences"].annotation),
        key=f"{held.name(key)}.{'.'.join(_DEFENCES)}", locked=classroom.asks("lock", "defences"),
        help="What clients do so that less is given away, one after another in this order; their own settings stand "
        "above. *In the mathematics:* T_m ∘ … ∘ T₁ on the photographs, the gradient of a step, or the update.",
    )  # fmt: skip
    return experiment if found == chain else experiment.changed(_DEFENCES, [one.model_dump() for one in found])


def _view(experiment: Inversion, key: str, *, both: bool = True) -> Inversion:
    if classroom.applies("hide", type(experiment), _VIEW):
        return experiment
    names = {"per-client": "each client", "aggregated": "the average", "both": "both", "client": "as a client"}
    names = {name: words for name, words in names.items() if both or name != "both"}
    now = "both" if st.session_state.get(f"{key}.both") else experiment.at(_VIEW)
    chosen = st.segmented_control(
        "The attacker sees", list(names), default=now, required=True, format_func=names.get,
        key=f"{held.name(key)}.view", width="stretch", disabled=classroom.applies("lock", type(experiment), _VIEW),
        help="The server at each client's own update, at the average of them all, or one attack on each; or one of the "
        "clients, who subtracts two global models. "
        "*In the mathematics:* one client's gradient, or the mean weighted by images.",
    )  # fmt: skip
    st.session_state[f"{key}.both"] = chosen == "both"
    return experiment if chosen in ("both", experiment.at(_VIEW)) else seen(experiment, chosen)


def _by(title: str, *prefixes: str) -> Callable[[Inversion, str], Inversion]:
    return partial(_plain, title=title, prefixes=prefixes)


_NETWORK, _TOLD, _SEED = "Network", "What the attacker is told", "Seed and precision"
_SECTIONS: dict[str, tuple[Callable[[Inversion, str], Inversion], bool]] = {  # what draws it, and whether it is open
    "Federation": (partial(_federation, draw=_view), True),
    "Attack": (recipes.choose, True),
    _NETWORK: (_by(_NETWORK, "scenario.network", "scenario.num_classes"), False),
    _TOLD: (_by(_TOLD, "scenario.threat"), False),
    _SEED: (_by(_SEED, "seed", "attack_seed", "precision", "record_every"), False),
}
