"""The experiment a page holds: where it starts from, the widgets that show it, and how it is asked for once more."""

import secrets
from collections.abc import Mapping

import streamlit as st

from leaklab.experiments.catalogue import Preset
from leaklab.experiments.devices import available
from leaklab.experiments.unseen import secretly
from leaklab.settings import Settings, walk
from leaklab.ui import address, classroom, forms, session, share, words

_OWN = "Your own setting. Choose a start above to get back to known ground."
_CHIPS = 6  # settings that are named; more are counted


def begin(key: str, default: Settings) -> None:
    """Start, whenever the page is entered, from what its address asks for, from what was held, or from the default."""
    entered, held = session.entered(), st.session_state.get(f"{key}.experiment")
    st.session_state[f"{key}.default"] = default
    if entered:
        classroom.enter()
    if held is not None and not entered:
        return
    start, complaints = address.asked(key, held or default)
    if complaints:
        st.session_state[f"{key}.complaint"] = " ".join(complaints)
    if start != held:
        adopt(key, start)


def presets(key: str, offered: Mapping[str, Preset]) -> None:
    """Offer starts to choose from, with the sentence of the one that is held, and beside them what is to be shared."""
    classroom.begin()
    _named(key, offered)
    if complaint := st.session_state.pop(f"{key}.complaint", None):
        st.warning(words.literal(complaint), icon=":material/link_off:")
    if not classroom.asks("hide", "presets"):
        _pills(key, offered)
    matching = _matching(key, offered)
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}.starts-below"):
        st.caption(offered[matching].sentence if matching else _OWN, width="stretch")
        beside = st.container(width="content")
    st.session_state[f"{key}.places"] = beside, st.container()
    classroom.tell(key)


def _pills(key: str, offered: Mapping[str, Preset]) -> None:
    choice = f"{key}.preset.{_generation(key)}"

    def take() -> None:
        if chosen := st.session_state.get(choice):
            begin_from(key, offered[chosen])

    st.pills(
        "Start from", list(offered), default=_matching(key, offered), key=choice, on_change=take,
        format_func=lambda name: offered[name].title, disabled=classroom.asks("lock", "presets"),
    )  # fmt: skip


def _matching(key: str, offered: Mapping[str, Preset]) -> str | None:
    return next((name for name, preset in offered.items() if preset.experiment == experiment(key)), None)


def _named(key: str, offered: Mapping[str, Preset]) -> None:
    """Start from the preset that the address names, once; a link's own settings come before it."""
    name = address.preset()
    if name in offered:
        begin_from(key, offered[name])
    elif name is not None:
        before = st.session_state.get(f"{key}.complaint", "")
        said = f"There is no start {name!r} on this page: {', '.join(offered)} are those there are."
        st.session_state[f"{key}.complaint"] = f"{said} {before}".strip()


def experiment(key: str) -> Settings:
    """Return the experiment that a page's controls show."""
    return st.session_state[f"{key}.experiment"]


def hold(key: str, chosen: Settings) -> None:
    """Keep what was chosen, write it into the address, and say what of it is set out of sight."""
    st.session_state[f"{key}.experiment"] = chosen
    address.spell(key, chosen)
    classes = {type(chosen), *address.kinds(key)}
    classroom.end(classes)
    beside, below = st.session_state.pop(f"{key}.places", (None, None))
    if beside and below:
        with beside:
            share.offer(key, chosen, classes)
        with below:
            _reveal(key, chosen)


def _reveal(key: str, chosen: Settings) -> None:
    """Name what is set behind "More", or hidden by a teacher's link, and is not as usual: nothing is secretly on."""
    cls = type(chosen)
    shown = {
        knob.path for knob in walk(chosen) if knob.level == "basic" and not classroom.applies("hide", cls, knob.path)
    }
    found = forms.told_apart(secretly(chosen, st.session_state.get(f"{key}.default", chosen), shown))
    if found:
        chips = [f"{knob.title} = {words.literal(forms.said(knob.value))}" for knob in found[:_CHIPS]]
        more = f" and {len(found) - _CHIPS} more" if len(found) > _CHIPS else ""
        st.caption(f":material/tune: Also set: {' · '.join(chips)}{more}.")


def begin_from(key: str, start: Preset) -> None:
    """Put a start into a page's controls; it never asks for both ways of looking at once."""
    st.session_state[f"{key}.both"] = False
    adopt(key, start.experiment)


def adopt(key: str, chosen: Settings) -> None:
    """Put an experiment into a page's controls, as if the visitor had set every one of them."""
    st.session_state[f"{key}.experiment"] = chosen
    # Widgets keep their own values under their keys: new keys make them read the new experiment.
    st.session_state[f"{key}.generation"] = _generation(key) + 1


def settled(key: str, chosen: Settings) -> Settings:
    """Return the experiment, but begin anew when a part of it was swapped: that brings other widgets."""
    before, after = ([(knob.path, knob.owner) for knob in walk(one)] for one in (experiment(key), chosen))
    if before != after:
        adopt(key, chosen)  # under the old keys the widgets would still hold the values of the old part
        st.rerun()
    return chosen


def name(key: str) -> str:
    """Return what the keys of a page's widgets begin with; another one after each adoption."""
    return f"{key}.{_generation(key)}"


def again(key: str) -> None:
    """Ask for the same experiment once more: the same seed, the same noise, the same picture."""
    st.session_state[f"{key}.again"] = True


def asked_again(key: str) -> bool:
    """Return whether the same experiment was asked for once more, and forget that it was."""
    return bool(st.session_state.pop(f"{key}.again", False))


def reseed(key: str) -> None:
    """Draw another seed."""
    adopt(key, experiment(key).changed(("seed",), secrets.randbelow(2**31)))


def device(key: str) -> str:
    """Return where the next run computes."""
    return st.session_state.get(f"{key}.device") or "auto"


def choose_device(key: str) -> None:
    """Draw the choice of where to compute."""
    devices = available()
    st.session_state[f"{key}.device"] = st.segmented_control(
        "Device", devices, default=devices[0], required=True, key=f"{key}.device.choice", disabled=len(devices) == 1,
        help="Where the attack computes; on a GPU the last digits may differ."
        + (" No CUDA GPU was found on this machine." if len(devices) == 1 else ""),
    )  # fmt: skip


def _generation(key: str) -> int:
    return st.session_state.get(f"{key}.generation", 0)
