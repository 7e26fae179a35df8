"""Show me the code: the very functions of the package that a page is about, read when somebody opens the fold."""

import inspect
from collections.abc import Iterator
from pathlib import Path

import streamlit as st

from leaklab.attacks.recipe import Recipe
from leaklab.evaluation.slices import line, plane
from leaklab.experiments.comparison import Comparison
from leaklab.experiments.divergence import divergence, second_order
from leaklab.experiments.drift import Drift
from leaklab.experiments.enhancing import Enhancing
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.label_recovery import METHODS
from leaklab.experiments.landscape import Landscape
from leaklab.experiments.paths import Paths
from leaklab.experiments.protections import PROTECTIONS
from leaklab.federation.rounds import Federation
from leaklab.protocol.defences.contract import Hooks

_ROOT = Path(__file__).parents[2]
# Where a defence may step in, and what some of them do there.
_PLACES = ("prepare", "rebuilt", "drawn", "trained", "_step", "_silenced", "protect", "_rounded")


def show(*objects: object) -> None:
    """Offer the source of functions and classes of the package, each under its name and the file it stands in."""
    fold = st.expander("Show me the code", icon=":material/code:", key="source", on_change="rerun")
    if not fold.open:
        return
    with fold:
        for one in dict.fromkeys(map(_bare, objects)):
            st.caption(f"**{one.__qualname__}** in `{place(one)}`")
            st.code(text(one), language="python", line_numbers=True)


def text(one: object) -> str:
    """Return the source of a function or a class as it stands in its file, brought to the left margin."""
    return inspect.cleandoc("\n" + inspect.getsource(_bare(one)))


def place(one: object) -> str:
    """Return the file a function or a class stands in, from the project's root, with its first line."""
    bare = _bare(one)
    return f"{Path(inspect.getsourcefile(bare)).relative_to(_ROOT).as_posix()}:{inspect.getsourcelines(bare)[1]}"


def of_attack(experiment: Inversion) -> list[object]:
    """Return what an attack is carried out by: every kind of stage it has, and what joins them."""
    stages = dict.fromkeys(type(stage) for stage in experiment.recipe.stages)
    return [*(stage.invert for stage in stages), Recipe.invert]


def of_landscape(cut: Landscape) -> list[object]:
    """Return what cuts the loss along a line or a plane."""
    return [line if cut.shape == "line" else plane, Landscape.run]


def of_federation() -> list[object]:
    """Return what plays a round."""
    return [Federation.play, Federation.played]


def of_labels() -> list[object]:
    """Return what reads the labels, by every method."""
    return [type(method).recover for method in METHODS.values()]


def of_drift(experiment: Paths | Drift) -> list[object]:
    """Return what a part of the page Drift measures by."""
    return [divergence, second_order] if isinstance(experiment, Drift) else [Paths.run]


def of_defences(comparison: Comparison) -> list[object]:
    """Return what the chosen defences do: to the photographs, the network, a step's gradient, or what is sent."""
    chosen = [PROTECTIONS[column.protection].part for column in comparison.columns]
    return [step for part in chosen for step in _steps(part)]


def of_enhancing(experiment: Enhancing) -> list[object]:
    """Return what each chosen way does to the raw picture."""
    return [step for way in experiment.enhancers for step in _ways(type(way))]


def _steps(part: type[Hooks]) -> Iterator[object]:
    for name in _PLACES:
        own = getattr(part, name, None)
        if own is not getattr(Hooks, name, None):
            yield own


def _ways(part: type) -> Iterator[object]:
    for name in ("enhance", "restored", "sample"):
        if hasattr(part, name):
            yield getattr(part, name)


def _bare(one: object) -> object:
    """Return what was written, whatever is wrapped around it."""
    return inspect.unwrap(one.fget if isinstance(one, property) else one)
