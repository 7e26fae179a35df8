"""The controls of the page Compare: which attacks stand side by side, and the observation that all of them share."""

import secrets
from collections.abc import Iterable
from dataclasses import replace

import streamlit as st

from leaklab.experiments import catalogue
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.lineup import FEWEST, MOST, Lineup, brief, main_knobs
from leaklab.experiments.lineup_presets import LINEUP_DEFAULT, LINEUP_PRESETS
from leaklab.settings import Knob, walk
from leaklab.ui import choose as attacks
from leaklab.ui import forms, held, photographs, recipes, shared, words

KEY = "compare"

_FEDERATION = "base.scenario.federation."
_VIEW = ("base", "scenario", "federation", "view")
_PLACES = {"per-client": "each client", "aggregated": "the average", "client": "as a client"}
_HIGH = {f"{_FEDERATION}images_per_client": 8, f"{_FEDERATION}clients": 8}  # a page of several attacks has to be quick
_SECTIONS = {
    "Network": ("base.scenario.network.name",),
    "What all are told": ("base.scenario.threat.labels",),
    "Seed": ("base.seed",),
}
_RARE = (
    "base.scenario.network.", "base.scenario.num_classes", "base.scenario.threat.", _FEDERATION, "base.attack_seed",
    "base.precision",
)  # fmt: skip
_TELL = {  # what one press can tell all attackers, the least first
    ("labels",): "Tell all attackers the labels",
    ("defences",): "Tell all attackers the defences",
    ("labels", "defences"): "Tell all attackers the labels and the defences",
}


def link(first: str, second: str) -> dict[str, str]:
    """Return what an address of this page asks for where it shows two finished runs side by side."""
    return {"a": first, "b": second}


def choose() -> Lineup:
    """Draw all controls in the sidebar and return what they hold, whole and valid; the address follows."""
    held.begin(KEY, LINEUP_DEFAULT.experiment)
    held.presets(KEY, LINEUP_PRESETS)
    lineup = held.experiment(KEY)
    with st.sidebar:
        for number in range(len(lineup.entries)):
            lineup = _entry(lineup, number)
        _add(lineup)
        lineup = _photographs(lineup)
        with st.expander("Federation"):
            lineup = _federation(lineup)
        for title, names in _SECTIONS.items():
            with st.expander(title):
                lineup = _edit(lineup, [knob for knob in walk(lineup) if knob.dotted in names])
        with st.expander("More"):
            lineup = _edit(lineup, forms.knobs(lineup, *_RARE, level="advanced"))
        held.choose_device(KEY)
    held.hold(KEY, lineup)
    return lineup


def press(lineup: Lineup) -> None:
    """Begin, from now on, whatever attack is not known, until something changes."""
    st.session_state[f"{KEY}.pressed"] = shared.digest(lineup.model_dump_json())


def goes(lineup: Lineup) -> bool:
    """Return whether an attack that is not known begins by itself."""
    return st.session_state.get(f"{KEY}.pressed") == shared.digest(lineup.model_dump_json()) or offered(lineup)


def offered(lineup: Lineup) -> bool:
    """Return whether this is one of the starts that everybody is offered."""
    return any(lineup == preset.experiment for preset in LINEUP_PRESETS.values())


def reseed() -> None:
    """Draw another seed, and attack with it at once."""
    lineup = held.experiment(KEY).changed(("base", "seed"), secrets.randbelow(2**31))
    held.adopt(KEY, lineup)
    press(lineup)


def mend(lineup: Lineup) -> bool:
    """Say what an attack lacks, with a button that mends it where one press can; return whether any may start."""
    missing = lacking(lineup)
    for title, lines in zip(lineup.titles, missing, strict=True):
        for line in lines:
            st.warning(f"{words.literal(title)}: {line}", icon=":material/help:")
    if any(missing):
        for facts, label in _TELL.items():
            if not any(lacking(told := lineup.told(*facts))):
                st.button(label, key=f"{KEY}.tell", on_click=held.adopt, args=(KEY, told))
                break
    return not all(missing)


def lacking(lineup: Lineup) -> list[list[str]]:
    """Return what keeps each attack from working, as sentences."""
    return [attacks.lacking(inversion) for inversion in lineup.inversions]


def _entry(lineup: Lineup, number: int) -> Lineup:
    """Draw one attack: its recipe, its main knobs, and the way out."""
    entry, path = lineup.entries[number], ("entries", number, "recipe")
    # A name of its own lets it stay open while its title changes.
    with st.expander(
        f"{number + 1} · {words.literal(lineup.titles[number])}", expanded=number == 0, key=f"{held.name(KEY)}.{number}"
    ):
        keys = recipes.ordered()
        chosen = st.selectbox(
            "Recipe", keys, index=keys.index(entry.recipe.key) if entry.recipe.key in keys else None,
            key=f"{held.name(KEY)}.recipe.{number}", format_func=lambda key: catalogue.RECIPES[key].name,
            placeholder="composed by hand",
            help="A published attack, with fewer iterations than published; the playground has all its parts.",
        )  # fmt: skip
        if chosen and chosen != entry.recipe.key:
            _adopt(lineup.replaced(number, brief(chosen)))
        if story := entry.recipe.story:
            st.caption(story)
        found = _edit(lineup, main_knobs(entry.recipe, path))
        lineup = lineup.replaced(number, found.entries[number].recipe)
        if st.button(
            "Take it out", key=f"{KEY}.out.{number}", icon=":material/close:", type="tertiary",
            disabled=len(lineup.entries) <= FEWEST,
            help="Two attacks are the fewest that can be compared." if len(lineup.entries) <= FEWEST else None,
        ):  # fmt: skip
            _adopt(lineup.without(number))
    return lineup


def _add(lineup: Lineup) -> None:
    full = len(lineup.entries) >= MOST
    chosen = st.selectbox(
        "Add an attack", recipes.ordered(), index=None, key=f"{held.name(KEY)}.add", disabled=full,
        format_func=lambda key: catalogue.RECIPES[key].name, placeholder=f"{MOST} are the most" if full else "choose",
        help="The same recipe may stand here twice, with other settings.",
    )  # fmt: skip
    if chosen:
        _adopt(lineup.with_entry(brief(chosen)))


def _adopt(lineup: Lineup) -> None:
    held.adopt(KEY, lineup)
    st.rerun()


def _photographs(lineup: Lineup) -> Lineup:
    base: Inversion = photographs.choose(lineup.base, page=KEY, key=held.name(KEY))
    return held.settled(KEY, lineup.model_copy(update={"base": base}))


def _federation(lineup: Lineup) -> Lineup:
    """Draw what is trained and sent, and from where the attackers look."""
    basic = [knob for knob in forms.knobs(lineup, _FEDERATION, level="basic") if knob.path != _VIEW]
    lineup = _edit(lineup, [_fitted(knob) for knob in basic])
    chosen = st.segmented_control(
        "The attackers see", list(_PLACES), default=lineup.at(_VIEW), required=True, format_func=_PLACES.get,
        key=f"{held.name(KEY)}.view", width="stretch",
        help="The server at each client's own update, or at the average of them all; or one of the clients.",
    )  # fmt: skip
    return lineup if chosen == lineup.at(_VIEW) else lineup.changed(_VIEW, chosen)


def _fitted(knob: Knob) -> Knob:
    high = _HIGH.get(knob.dotted)
    return knob if high is None else replace(knob, high=max(high, knob.value), log=False)


def _edit(lineup: Lineup, knobs: Iterable[Knob]) -> Lineup:
    return held.settled(KEY, forms.edit(lineup, knobs, key=held.name(KEY)))
