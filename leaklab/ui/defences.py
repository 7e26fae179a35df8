"""The page Defences: its controls, from which photograph is attacked to which defences stand in columns."""

from collections.abc import Iterable
from dataclasses import replace

import streamlit as st

from leaklab.experiments import catalogue
from leaklab.experiments.comparison import MOST, NONE, Comparison, column
from leaklab.experiments.comparison_presets import COMPARISON_DEFAULT, COMPARISON_PRESETS
from leaklab.experiments.defended import Defended
from leaklab.experiments.experiment import read
from leaklab.experiments.protections import PROTECTIONS
from leaklab.settings import Knob, Refusal, walk
from leaklab.ui import forms, held, photographs, recipes, session, shared

FEDERATION = "inversion.scenario.federation"
_PROTOCOL = (
    f"{FEDERATION}.images_per_client", f"{FEDERATION}.schedule.epochs", f"{FEDERATION}.clients",
    f"{FEDERATION}.secure_aggregation", "inversion.scenario.network.batch_norm", "dropout",
)  # fmt: skip
_VIEW = ("inversion", "scenario", "federation", "view")
_LABELS = ("inversion", "scenario", "threat", "labels")
_PLACES = {"per-client": "each client", "aggregated": "the average", "client": "as a client"}
_HIGH = {f"{FEDERATION}.images_per_client": 8, f"{FEDERATION}.clients": 8}  # a page of several attacks has to be quick
_SECTIONS = {
    "Network": ("inversion.scenario.network.name",),
    "The promise": ("bound", "delta"),
    "Seed": ("inversion.seed",),
}
_RARE = (
    "inversion.scenario.network.", "inversion.scenario.threat.", f"{FEDERATION}.schedule.", "inversion.attack_seed",
    "inversion.precision",
)  # fmt: skip
_BRIEF = 150  # iterations of a recipe that is chosen here, at most: there are as many attacks as columns, twice


def choose(key: str) -> Comparison:
    """Draw all controls but the strengths, and return what they hold, whole and valid."""
    asked = {"x", "run"} & set(st.query_params)
    entered = f"{key}.experiment" not in st.session_state
    held.begin(key, COMPARISON_DEFAULT.experiment)
    _shelve(key)
    held.presets(key, COMPARISON_PRESETS)
    comparison = held.experiment(key)
    if entered and not asked:
        press(key, comparison)
    with st.sidebar:
        comparison = _photographs(comparison, key)
        with st.expander("Protocol", expanded=True):
            comparison = _protocol(comparison, key)
        with st.expander("Attack", expanded=False):
            comparison = _attack(comparison, key)
        for title, names in _SECTIONS.items():
            with st.expander(title, expanded=False):
                comparison = _edit(comparison, names, key)
        with st.expander("More"):
            comparison = _edit(comparison, _rest(comparison), key)
        held.choose_device(key)
    comparison = _columns(comparison, key)
    held.hold(key, comparison)
    return comparison


def press(key: str, comparison: Comparison) -> None:
    """Begin, from now on, whatever run a column lacks, until what all columns have in common changes."""
    st.session_state[f"{key}.pressed"] = shared.digest(comparison.basis.model_dump_json())


def goes(key: str, comparison: Comparison) -> bool:
    """Return whether a column that lacks a run gets one by itself."""
    pressed = st.session_state.get(f"{key}.pressed")
    return pressed == shared.digest(comparison.basis.model_dump_json()) or offered(comparison)


def offered(comparison: Comparison) -> bool:
    """Return whether this is one of the starts that everybody is offered."""
    return any(comparison == preset.experiment for preset in COMPARISON_PRESETS.values())


def start(key: str, preset: str) -> None:
    """Put one of the starts into the controls."""
    held.adopt(key, COMPARISON_PRESETS[preset].experiment)


def reseed(key: str) -> None:
    """Draw another seed, and attack with it at once."""
    import secrets

    comparison = held.experiment(key).changed(("inversion", "seed"), secrets.randbelow(2**31))
    held.adopt(key, comparison)
    press(key, comparison)


def lacking(comparison: Comparison, place: str) -> list[str]:
    """Return what keeps the attacks on a column, or on none, from working, as sentences."""
    inversion = comparison.defended(place, comparison.strength(place) or 0.0).inversion
    try:
        return list(inversion.recipe.missing(inversion.scenario.outline()))
    except Refusal as refusal:
        return [str(refusal)]


def mend(comparison: Comparison, key: str) -> None:
    """Say what every attack lacks, with a button where it is but the labels."""
    missing, told = lacking(comparison, NONE), comparison.changed(_LABELS, True)
    for line in missing:
        st.warning(line, icon=":material/help:")
    if missing and not lacking(told, NONE):
        st.button("Tell the attacker the labels", key=f"{key}.tell", on_click=held.adopt, args=(key, told))


def runs(place: str) -> str:
    """Return under which name the session keeps the run of a column, or of its training."""
    return f"defences.{place}.runs"


def _shelve(key: str) -> None:
    """Put the runs that an address has named into their columns."""
    for name in (key, "utility"):
        for run_id in st.session_state.pop(f"{name}.runs", ()):
            experiment = read(session.services().store.run(run_id, session.visitor()).experiment)
            chain = experiment.chain if isinstance(experiment, Defended) else experiment.scenario.federation.defences
            suffix = "" if isinstance(experiment, Defended) else ".utility"
            place, _ = column(chain, held.experiment(key).dropout)
            st.session_state[runs(place + suffix)] = [run_id]


def _photographs(comparison: Comparison, key: str) -> Comparison:
    inversion = photographs.choose(comparison.inversion, page=key, key=held.name(key))
    return held.settled(key, comparison.model_copy(update={"inversion": inversion}))


def _protocol(comparison: Comparison, key: str) -> Comparison:
    """Draw what protects by the way in which is trained and sent."""
    comparison = _edit(comparison, _PROTOCOL[:3], key)
    if comparison.at(_VIEW) != "per-client" or comparison.inversion.scenario.federation.clients > 1:
        chosen = st.segmented_control(
            "The attacker sees", list(_PLACES), default=comparison.at(_VIEW), required=True, format_func=_PLACES.get,
            key=f"{held.name(key)}.view", width="stretch",
            help="The server at each client's own update, or at the average of them all; or one of the clients.",
        )  # fmt: skip
        comparison = comparison if chosen == comparison.at(_VIEW) else comparison.changed(_VIEW, chosen)
    comparison = _edit(comparison, _PROTOCOL[3:], key)
    st.caption(
        "These are defences too, of the protocol rather than of the update, and hold in every column: larger batches, "
        "more local steps, more clients behind one average, averages of the batch inside the network, and dropout."
    )
    return comparison


def _attack(comparison: Comparison, key: str) -> Comparison:
    """Draw which attack is carried out, how long, and what the one that adapts goes by."""
    keys, recipe = recipes.ordered(), comparison.inversion.recipe
    chosen = st.selectbox(
        "Recipe", keys, index=keys.index(recipe.key) if recipe.key in keys else None, key=f"{held.name(key)}.recipe",
        format_func=lambda name: catalogue.RECIPES[name].name, placeholder="composed by hand",
        help="A published attack, with fewer iterations than published; the playground has all its parts.",
    )  # fmt: skip
    if chosen and chosen != recipe.key:
        row = catalogue.RECIPES[chosen]
        most = max((getattr(stage, "iterations", 0) for stage in row.stages), default=0)
        brief = catalogue.tuned(row, iterations=min(most, _BRIEF) or None)
        inversion = comparison.inversion.model_copy(update={"recipe": brief})
        comparison = held.settled(key, comparison.model_copy(update={"inversion": inversion}))
    searched = [knob.dotted for knob in walk(comparison) if knob.path[-1] in ("iterations", "restarts")]
    return _edit(comparison, (*searched, "adaptive"), key)


def _columns(comparison: Comparison, key: str) -> Comparison:
    """Draw the choice of the defences that stand in columns."""
    now = [one.protection for one in comparison.columns]
    chosen = st.multiselect(
        "Defences side by side", list(PROTECTIONS), default=now, max_selections=MOST, key=f"{held.name(key)}.columns",
        format_func=lambda name: PROTECTIONS[name].title, placeholder="none", select_all=False,
        help="Each gets a column with its own strength; everything else is the same in all of them.",
    )  # fmt: skip
    return comparison if chosen == now else comparison.showing(chosen)


def _edit(comparison: Comparison, names: Iterable[str], key: str) -> Comparison:
    by_name = {knob.dotted: knob for knob in walk(comparison)}
    knobs = [_fitted(by_name[name]) for name in names]
    return held.settled(key, forms.edit(comparison, knobs, key=held.name(key)))


def _fitted(knob: Knob) -> Knob:
    high = _HIGH.get(knob.dotted)
    return knob if high is None else replace(knob, high=max(high, knob.value), log=False)


def _rest(comparison: Comparison) -> list[str]:
    """Return the rarely used knobs that mean something here."""
    had = {*_PROTOCOL, *(name for names in _SECTIONS.values() for name in names)}
    offered = [knob for level in ("basic", "advanced") for knob in forms.knobs(comparison, *_RARE, level=level)]
    return [knob.dotted for knob in offered if knob.dotted not in had]
