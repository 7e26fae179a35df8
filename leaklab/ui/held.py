"""The experiment a page holds: where it starts from, the widgets that show it, and how it is asked for once more."""

import secrets
from collections.abc import Mapping

import streamlit as st

from leaklab.experiments.catalogue import Preset
from leaklab.experiments.devices import available
from leaklab.settings import Settings, walk
from leaklab.ui import address, session


def begin(key: str, default: Settings) -> None:
    """Start, whenever the page is entered, from what its address asks for, from what was held, or from the default."""
    entered, held = session.entered(), st.session_state.get(f"{key}.experiment")
    if held is not None and not entered:
        return
    start, complaints = address.asked(key, held or default)
    if complaints:
        begins = "The page starts from its default." if start is default else "The settings are kept."
        st.session_state[f"{key}.complaint"] = " ".join([*complaints, begins])
    if start != held:
        adopt(key, start)


def presets(key: str, offered: Mapping[str, Preset]) -> None:
    """Offer starts to choose from, with the sentence of the one that is held."""
    if complaint := st.session_state.pop(f"{key}.complaint", None):
        st.warning(complaint, icon=":material/link_off:")
    choice = f"{key}.preset.{_generation(key)}"

    def take() -> None:
        if chosen := st.session_state.get(choice):
            st.session_state[f"{key}.both"] = False
            adopt(key, offered[chosen].experiment)

    matching = next((k for k, preset in offered.items() if preset.experiment == experiment(key)), None)
    st.pills(
        "Start from", list(offered), default=matching, key=choice, on_change=take,
        format_func=lambda name: offered[name].title,
    )  # fmt: skip
    if matching:
        st.caption(offered[matching].sentence)
    else:
        st.caption("Your own setting. Choose a start above to get back to known ground.")


def experiment(key: str) -> Settings:
    """Return the experiment that a page's controls show."""
    return st.session_state[f"{key}.experiment"]


def hold(key: str, chosen: Settings) -> None:
    """Keep what was chosen and write it into the address."""
    st.session_state[f"{key}.experiment"] = chosen
    address.spell(key, chosen)


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
