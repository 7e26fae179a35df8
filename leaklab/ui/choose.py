"""Pick an experiment: a preset, a link or a past run to start from, and then a widget for every knob."""

import secrets
from dataclasses import replace

import streamlit as st

from leaklab.experiments import catalogue
from leaklab.experiments.devices import available
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.landscape import Landscape
from leaklab.settings import Knob, Refusal, walk
from leaklab.ui import address, forms, photographs, session

_SECTIONS = (
    ("Federation", ("scenario.federation",), True),
    ("Attack", ("recipe",), True),
    ("Network", ("scenario.network", "scenario.num_classes"), False),
    ("What the attacker is told", ("scenario.threat",), False),
    ("Seed and precision", ("seed", "attack_seed", "precision", "record_every"), False),
)


def inversion(key: str) -> Inversion:
    """Draw the controls of an attack in the sidebar and return it, whole and valid; the address follows."""
    _begin(key)
    _presets(key)
    experiment = _held(key)
    with st.sidebar:
        experiment = _settled(key, photographs.choose(experiment, page=key, key=_name(key)))
        for title, prefixes, open_ in _SECTIONS:
            with st.expander(title, expanded=open_):
                experiment = _section(experiment, title, prefixes, key)
        _device(key)
    _hold(key, experiment)
    return experiment


def experiments(experiment: Inversion, key: str) -> list[Inversion]:
    """Return what one press of the button asks for: the experiment, or one for each view when both are wanted."""
    if not st.session_state.get(f"{key}.both"):
        return [experiment]
    return [experiment.changed(("scenario", "federation", "view"), view) for view in ("per-client", "aggregated")]


def mend(experiment: Inversion, key: str) -> bool:
    """Say what the attack lacks, with a button that mends it where one press can; return whether it may start."""
    missing = [line for one in experiments(experiment, key) for line in _missing(one)]
    for line in dict.fromkeys(missing):
        st.warning(line, icon=":material/help:")
    if missing and not experiment.scenario.threat.labels:
        told = experiment.changed(("scenario", "threat", "labels"), True)
        if not any(_missing(one) for one in experiments(told, key)):
            st.button("Tell the attacker the labels", key=f"{key}.tell", on_click=adopt, args=(key, told))
    return not missing


def _missing(experiment: Inversion) -> list[str]:
    try:
        return list(experiment.recipe.missing(experiment.scenario.outline()))
    except Refusal as refusal:
        return [str(refusal)]


def adopt(key: str, experiment: Inversion) -> None:
    """Put an experiment into a page's controls, as if the visitor had set every one of them."""
    st.session_state[f"{key}.experiment"] = experiment
    # Widgets keep their own values under their keys: new keys make them read the new experiment.
    st.session_state[f"{key}.generation"] = st.session_state.get(f"{key}.generation", 0) + 1


def again(key: str) -> None:
    """Ask for the same attack once more: the same seed, the same noise, the same picture."""
    st.session_state[f"{key}.again"] = True


def asked_again(key: str) -> bool:
    """Return whether the same attack was asked for once more, and forget that it was."""
    return bool(st.session_state.pop(f"{key}.again", False))


def reseed(key: str) -> None:
    """Draw another seed."""
    adopt(key, _held(key).changed(("seed",), secrets.randbelow(2**31)))


def landscape(experiment: Inversion, key: str) -> Landscape:
    """Draw the controls of a survey and return it."""
    held = st.session_state.get(f"{key}.cut") or Landscape()
    own = [knob for knob in walk(held) if len(knob.path) == 1 and knob.level == "basic"]
    with st.container(horizontal=True):
        held = forms.edit(held, own, key=f"{key}.cut")
    st.session_state[f"{key}.cut"] = held
    return held.model_copy(update={"inversion": experiment})


def surveys(cut: Landscape, key: str) -> list[Landscape]:
    """Return the surveys one press asks for: one, or one for each view when both are wanted."""
    return [cut.model_copy(update={"inversion": one}) for one in experiments(cut.inversion, key)]


def device(key: str) -> str:
    """Return where the next run computes."""
    return st.session_state.get(f"{key}.device") or "auto"


def _begin(key: str) -> None:
    """Start, whenever the page is entered, from what its address asks for, from what was held, or from the default."""
    entered, held = session.entered(), st.session_state.get(f"{key}.experiment")
    if held is not None and not entered:
        return
    start, complaints = address.asked(key, held or catalogue.DEFAULT.experiment)
    if complaints:
        begins = (
            "The page starts from its default." if start is catalogue.DEFAULT.experiment else "The settings are kept."
        )
        st.session_state[f"{key}.complaint"] = " ".join([*complaints, begins])
    if start != held:
        adopt(key, start)


def _presets(key: str) -> None:
    if complaint := st.session_state.pop(f"{key}.complaint", None):
        st.warning(complaint, icon=":material/link_off:")
    choice = f"{key}.preset.{_generation(key)}"

    def take() -> None:
        if chosen := st.session_state.get(choice):
            st.session_state[f"{key}.both"] = False
            adopt(key, catalogue.PRESETS[chosen].experiment)

    held = _held(key)
    matching = next((k for k, preset in catalogue.PRESETS.items() if preset.experiment == held), None)
    st.pills(
        "Start from", list(catalogue.PRESETS), default=matching, key=choice, on_change=take,
        format_func=lambda name: catalogue.PRESETS[name].title,
    )  # fmt: skip
    if matching:
        st.caption(catalogue.PRESETS[matching].sentence)
    else:
        st.caption("Your own setting. Choose a start above to get back to known ground.")


def _section(experiment: Inversion, title: str, prefixes: tuple[str, ...], key: str) -> Inversion:
    if title == "Attack":
        experiment = _recipe(experiment, key)
    basic = [knob for knob in forms.knobs(experiment, *prefixes, level="basic") if not _later(knob)]
    if title == "Federation":
        basic = [knob for knob in basic if knob.path[-1] != "view"]
    experiment = _settled(key, forms.edit(experiment, basic, key=_name(key)))
    if title == "Federation":
        experiment = _view(experiment, key)
    later = [
        replace(knob, title=f"Stage {_later(knob) + 1}: {knob.title}") for knob in walk(experiment) if _offered(knob)
    ]
    advanced = forms.knobs(experiment, *prefixes, level="advanced")
    advanced = [knob for knob in advanced if not _later(knob)] + (later if title == "Attack" else [])
    if advanced and st.toggle("More", key=f"{key}.more.{title}", help="Show the rarely used settings."):
        experiment = _settled(key, forms.edit(experiment, advanced, key=_name(key)))
    return experiment


def _later(knob: Knob) -> int:
    """Return which stage after the first a knob belongs to; 0 for every other knob."""
    return int(knob.path[2]) if knob.path[:2] == ("recipe", "stages") and len(knob.path) > 3 else 0


def _offered(knob: Knob) -> bool:
    # Later stages go on from where the first one ended: what they start from and how often is settled by then.
    return bool(_later(knob)) and knob.path[-1] in ("iterations", "weight")


def _recipe(experiment: Inversion, key: str) -> Inversion:
    keys = list(catalogue.RECIPES)
    held = experiment.recipe
    chosen = st.selectbox(
        "Recipe", keys, index=keys.index(held.key) if held.key in keys else 0, key=f"{_name(key)}.recipe",
        format_func=lambda name: catalogue.RECIPES[name].name,
        help="A published attack; every part of it can be changed.",
    )  # fmt: skip
    st.caption(catalogue.RECIPES[chosen].story)
    if chosen != held.key:
        adopt(key, experiment.model_copy(update={"recipe": catalogue.recipe(chosen)}))
        st.rerun()
    return experiment


def _view(experiment: Inversion, key: str) -> Inversion:
    names = {"per-client": "each client", "aggregated": "the average", "both": "both"}
    path = ("scenario", "federation", "view")
    held = "both" if st.session_state.get(f"{key}.both") else experiment.at(path)
    chosen = st.segmented_control(
        "The attacker sees", list(names), default=held, required=True, format_func=names.get,
        key=f"{_name(key)}.view", width="stretch",
        help="Each client's own update, only the average of them all, or one attack on each. "
        "*In the mathematics:* one client's gradient, or the mean weighted by images.",
    )  # fmt: skip
    st.session_state[f"{key}.both"] = chosen == "both"
    return experiment if chosen in ("both", experiment.at(path)) else experiment.changed(path, chosen)


def _device(key: str) -> None:
    devices = available()
    st.session_state[f"{key}.device"] = st.segmented_control(
        "Device", devices, default=devices[0], required=True, key=f"{key}.device.choice", disabled=len(devices) == 1,
        help="Where the attack computes; on a GPU the last digits may differ."
        + (" No CUDA GPU was found on this machine." if len(devices) == 1 else ""),
    )  # fmt: skip


def _held(key: str) -> Inversion:
    return st.session_state[f"{key}.experiment"]


def _hold(key: str, experiment: Inversion) -> None:
    """Keep what was chosen and write it into the address."""
    st.session_state[f"{key}.experiment"] = experiment
    address.spell(key, experiment)


def _settled(key: str, experiment: Inversion) -> Inversion:
    """Return the experiment, but begin anew when a part of it was swapped: that brings other widgets."""
    before, after = ([(knob.path, knob.owner) for knob in walk(one)] for one in (_held(key), experiment))
    if before != after:
        adopt(key, experiment)  # under the old keys the widgets would still hold the values of the old part
        st.rerun()
    return experiment


def _generation(key: str) -> int:
    return st.session_state.get(f"{key}.generation", 0)


def _name(key: str) -> str:
    return f"{key}.{_generation(key)}"
