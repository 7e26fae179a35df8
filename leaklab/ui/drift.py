"""The controls of the page Drift: which of its two parts, and a widget for every knob of that part's experiment."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace

import streamlit as st

from leaklab.experiments.catalogue import Preset
from leaklab.experiments.drift import Drift
from leaklab.experiments.drift_presets import DRIFT_DEFAULT, DRIFT_PRESETS, PATHS_DEFAULT, PATHS_PRESETS
from leaklab.experiments.experiment import read
from leaklab.experiments.older import salvaged
from leaklab.experiments.paths import Paths
from leaklab.images.source import Photos, Uploads
from leaklab.settings import Knob, Path, Refusal, walk
from leaklab.ui import address, forms, held, session, watch
from leaklab.ui.album import album
from leaklab.ui.cells import short

Asked = Paths | Drift

_CHOICE = "drift.part"
_MANY = 16  # photographs of one client: more make a path that nobody can follow
_SCHEDULE = "inversion.scenario.federation.schedule"
_OFFERED = {  # what may be measured beside each other
    "clients": (1, 2, 3, 4, 8), "local_steps": (1, 2, 3, 4, 6, 8, 12),
    "local_lr": (1e-5, 1e-4, 1e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0),
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One of the page's two parts: an experiment with controls and runs of its own."""

    title: str
    default: Preset
    presets: dict[str, Preset]
    seed: Path
    sections: dict[str, tuple[str, ...]]
    more: tuple[str, ...]  # what rarely used knobs begin with


PARTS = {
    "paths": Part(
        "The path of the weights", PATHS_DEFAULT, PATHS_PRESETS, ("inversion", "seed"),
        {
            "The client": (
                "inversion.scenario.federation.images_per_client", f"{_SCHEDULE}.batch_size", f"{_SCHEDULE}.epochs",
                f"{_SCHEDULE}.learning_rate",
            ),
            "Network": ("inversion.scenario.network.name", "inversion.scenario.image_size"),
            "The simulations": ("iterations",),
            "Seed": ("inversion.seed",),
        },
        ("inversion.scenario.source", "inversion.scenario.network.", "inversion.scenario.num_classes",
         "inversion.scenario.threat.order", "inversion.attack_seed", "inversion.precision"),
    ),
    "drift": Part(
        "How far a super-client strays", DRIFT_DEFAULT, DRIFT_PRESETS, ("seed",),
        {
            "Clients and steps": ("clients", "local_steps", "local_lr", "samples_per_client", "repeats"),
            "Network": ("network.name", "image_size"),
            "Seed": ("seed",),
        },
        ("source", "network.", "num_classes"),
    ),
}  # fmt: skip


def part() -> str:
    """Draw the choice between the two parts and return the key of the one that is chosen, or that the address names."""
    if _CHOICE not in st.session_state:
        st.session_state[_CHOICE] = _named() or st.session_state.get("drift.last", "paths")
    chosen = st.segmented_control(
        "What is shown", list(PARTS), required=True, key=_CHOICE, format_func=lambda key: PARTS[key].title,
        label_visibility="collapsed", on_change=_turn, width="stretch",
    )  # fmt: skip
    st.session_state["drift.last"] = chosen  # a widget is forgotten when its page is left
    return chosen


def choose(key: str) -> Asked:
    """Draw a part's controls in the sidebar and return its experiment, whole and valid; the address follows."""
    this, asked = PARTS[key], {"x", "run"} & set(st.query_params)
    held.begin(key, this.default.experiment)
    held.presets(key, this.presets)
    experiment = held.experiment(key)
    if not asked and f"{key}.runs" not in st.session_state:
        watch.launch_once(experiment, key)
    with st.sidebar:
        for title, names in this.sections.items():
            with st.expander(title, expanded=True):
                if title == "The client":
                    experiment = held.settled(key, _photographs(experiment, key))
                experiment = held.settled(key, _edit(experiment, _knobs(experiment, names), key))
                if title == "The client":
                    st.caption(walked(experiment))
        with st.expander("More"):
            rest = [knob.dotted for knob in _rare(experiment, this)]
            experiment = held.settled(key, _edit(experiment, _knobs(experiment, rest), key))
        held.choose_device(key)
    held.hold(key, experiment)
    return experiment


def ready(experiment: Asked) -> bool:
    """Say what keeps an experiment from starting; return whether it may start."""
    try:
        missing = experiment.missing() if isinstance(experiment, Paths) else []
    except Refusal as refusal:
        missing = [str(refusal)]
    for line in missing:
        st.warning(line, icon=":material/help:")
    return not missing


def reseed(key: str) -> None:
    """Draw another seed."""
    held.adopt(key, held.experiment(key).changed(PARTS[key].seed, secrets.randbelow(2**31)))


def walked(experiment: Paths) -> str:
    """Say how many steps the client takes, and what is peculiar about them."""
    federation = experiment.inversion.scenario.federation
    count, schedule = federation.images_per_client, federation.schedule
    steps, size = schedule.steps(count), min(schedule.batch_size or count, count)
    each = steps // schedule.epochs
    if steps == 1:
        return "One step is a straight line: there is nothing to bend."
    epochs = f"{schedule.epochs} epoch{'s' * (schedule.epochs != 1)}"
    if each == 1:
        return f"{epochs}, each a single step with all photographs: {steps} local steps, and no order to guess."
    last = count % size
    said = f"{epochs} of {each} steps: {steps} local steps."
    return f"{said} The last batch of an epoch has {last} instead of {size}." if last else said


def _photographs(experiment: Paths, key: str) -> Paths:
    """Draw the album where the photographs come from it."""
    source, needed = experiment.source, experiment.inversion.scenario.federation.images_per_client
    if not isinstance(source, Photos):
        return experiment
    names = album(source.names, most=needed, key=f"{held.name(key)}.album")
    if len(names) < needed:
        st.caption(f"{needed - len(names)} of {needed} are drawn by the seed.")
    if names == source.names:
        return experiment
    return experiment.changed(("inversion", "scenario", "source", "names"), names)


def _knobs(experiment: Asked, names: Iterable[str]) -> list[Knob]:
    by_name = {knob.dotted: knob for knob in walk(experiment)}
    return [_fitted(by_name[name], experiment) for name in names]


def _rare(experiment: Asked, this: Part) -> list[Knob]:
    """Return the knobs that no section has and that mean something here."""
    had = {name for names in this.sections.values() for name in names}
    offered = [knob for level in ("basic", "advanced") for knob in forms.knobs(experiment, *this.more, level=level)]
    return [knob for knob in offered if knob.dotted not in had]


def _fitted(knob: Knob, experiment: Asked) -> Knob:
    """Return a knob as it is said of one client here, with bounds that a drawing can bear."""
    if knob.dotted == "inversion.scenario.federation.images_per_client":
        return replace(knob, title="Photographs", high=max(_MANY, knob.value))
    if knob.dotted == f"{_SCHEDULE}.batch_size":
        return replace(knob, high=max(experiment.inversion.scenario.federation.images_per_client, knob.value))
    if knob.dotted.endswith("source"):
        # One's own photographs are taken in on the playground; of a drift they would say nothing.
        offered = tuple(choice for choice in knob.choices if choice is not Uploads or isinstance(knob.value, Uploads))
        return replace(knob, choices=offered)
    return knob


def _edit(experiment: Asked, knobs: Iterable[Knob], key: str) -> Asked:
    """Draw a widget for each knob: pills for a list of numbers, what the forms have for all others."""
    for knob in knobs:
        if knob.dotted in _OFFERED:
            experiment = _several(experiment, knob, key)
        else:
            experiment = forms.edit(experiment, [knob], key=held.name(key))
    return experiment


def _several(experiment: Asked, knob: Knob, key: str) -> Asked:
    """Draw the choice of several numbers; those that say nothing, one client or one step, are measured last."""
    chosen = st.pills(
        knob.title, sorted({*_OFFERED[knob.dotted], *knob.value}), selection_mode="multi", default=knob.value,
        format_func=short, help=f"{knob.help} *In the mathematics:* {knob.symbol}.",
        key=f"{held.name(key)}.{knob.dotted}",
    )  # fmt: skip
    if set(chosen) == set(knob.value):
        return experiment
    try:
        return experiment.changed(knob.path, sorted(chosen, key=lambda number: (number == 1, number)))
    except Refusal as refusal:
        st.error(str(refusal), icon=":material/error:")
        return experiment


def _turn() -> None:
    """Let the address speak of the other part."""
    for word in ("x", "run"):
        st.query_params.pop(word, None)
    address.show(address.beside(st.session_state[_CHOICE]))


def _named() -> str | None:
    """Return which part the address names, by its settings, its start or its runs."""
    link, runs = st.query_params.get("x"), st.query_params.get_all("run")
    for key, this in PARTS.items():
        try:
            if salvaged(type(this.default.experiment), link) if link else st.query_params.get("preset") in this.presets:
                return key
        except Refusal:
            continue
    try:
        past = [read(session.services().store.run(run, session.visitor()).experiment) for run in runs]
    except Refusal:
        return None  # the part says so itself
    return next((one.kind for one in past if one.kind in PARTS), None)
