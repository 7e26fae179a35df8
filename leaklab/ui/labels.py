"""The controls of the Labels page: a preset, a link or a past run to start from, and a widget for every knob."""

from dataclasses import replace

import streamlit as st
from jaxtyping import Int
from torch import Generator, Tensor

from leaklab.experiments import catalogue
from leaklab.experiments.frame import Frame
from leaklab.experiments.label_recovery import LabelRecovery
from leaklab.images.balance import draw
from leaklab.images.source import Uploads
from leaklab.settings import Knob, Refusal, walk
from leaklab.ui import forms, held, session, watch
from leaklab.views import counting

_SECTIONS = {
    "Batch": ("batch_size", "balance", "concentration", "num_classes"),
    "Network": ("network.name", "training"),
    "Seed": ("seed",),
}
_BALANCES = {
    "balanced": "all classes alike", "unique": "all different", "igims": "half / quarter / different",
    "dirichlet": "at random (Dirichlet)",
}  # fmt: skip


def choose(key: str) -> LabelRecovery:
    """Draw the controls of a label recovery in the sidebar and return it, whole and valid; the address follows."""
    asked = {"x", "run"} & set(st.query_params)
    held.begin(key, catalogue.LABEL_DEFAULT.experiment)
    held.presets(key, catalogue.LABEL_PRESETS)
    experiment = held.experiment(key)
    if not asked and f"{key}.runs" not in st.session_state:
        watch.launch_once(experiment, key)  # it takes a second
    with st.sidebar:
        for title, names in _SECTIONS.items():
            with st.expander(title, expanded=True):
                experiment = _edit(experiment, names, key)
        with st.expander("More"):
            experiment = _edit(experiment, _rest(experiment), key)
        held.choose_device(key)
    held.hold(key, experiment)
    return experiment


def ready(experiment: LabelRecovery) -> bool:
    """Say what contradicts itself in a batch or its network; return whether it may start."""
    try:
        experiment.outline()
        _labels(experiment)
    except Refusal as refusal:
        st.warning(str(refusal), icon=":material/help:")
        return False
    return True


def before(experiment: LabelRecovery, key: str) -> None:
    """Show how often each class will occur while nothing has been launched."""
    if st.session_state.get(f"{key}.runs"):
        return
    true = _labels(experiment).bincount(minlength=experiment.num_classes)
    frame = Frame(0, 0.0, series={"true": [float(count) for count in true]})
    st.markdown(f"**How often each class occurs** in this batch of {experiment.batch_size:,}; the server is not told.")
    st.echarts_chart(
        counting.counts(frame, "", dark=session.dark()), key=f"{key}.before", height=160, alt=counting.true_alt(frame)
    )


def _edit(experiment: LabelRecovery, names: tuple[str, ...], key: str) -> LabelRecovery:
    """Draw a widget for each knob that is named and means something here."""
    knobs = {knob.dotted: knob for knob in walk(experiment)}
    for name in names:
        if name == "balance":
            experiment = _balance(experiment, knobs[name], key)
        elif name != "concentration" or experiment.balance == "dirichlet":
            experiment = forms.edit(experiment, [_without_uploads(knobs[name])], key=held.name(key))
    return held.settled(key, experiment)


def _balance(experiment: LabelRecovery, knob: Knob, key: str) -> LabelRecovery:
    """Draw the choice of a balance in words."""
    chosen = st.selectbox(
        knob.title, knob.choices, index=knob.choices.index(knob.value), format_func=_BALANCES.get, help=knob.help,
        key=f"{held.name(key)}.balance",
    )  # fmt: skip
    return experiment.changed(knob.path, chosen)


def _rest(experiment: LabelRecovery) -> tuple[str, ...]:
    """Return the knobs that no section has."""
    had = [name for names in _SECTIONS.values() for name in names]
    offered = forms.knobs(experiment, "", level="basic") + forms.knobs(experiment, "", level="advanced")
    return tuple(knob.dotted for knob in offered if knob.dotted not in had)


def _without_uploads(knob: Knob) -> Knob:
    # One's own photographs are taken in on the playground; of labels they would say nothing.
    offered = tuple(choice for choice in knob.choices if choice is not Uploads or isinstance(knob.value, Uploads))
    return replace(knob, choices=offered)


def _labels(experiment: LabelRecovery) -> Int[Tensor, "n"]:
    """Return the labels that a run will draw.

    Raises: Refusal, when there are too few classes for them.
    """
    known = min(experiment.num_classes, experiment.source.labelled_classes)
    generator = Generator().manual_seed(experiment.seed)
    return draw(experiment.balance, experiment.batch_size, known, generator, concentration=experiment.concentration)
