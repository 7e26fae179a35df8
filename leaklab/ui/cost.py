"""What an attack will cost, before it is asked for, and what it took."""

import statistics

import streamlit as st

from leaklab.experiments import costs
from leaklab.experiments.experiment import read
from leaklab.experiments.inversion import Inversion
from leaklab.settings import Refusal
from leaklab.ui import session
from leaklab.ui.watch import Watched
from leaklab.views.costs import ended, expected, taken


def before(experiment: Inversion) -> None:
    """Say in a caption how many evaluations an attack takes, and how many seconds where earlier runs tell."""
    if said := expected(costs.evaluations(experiment), _seconds(experiment)):
        st.caption(f":material/timer: {said}")


def after(watched: Watched) -> None:
    """Say in a caption what a finished run took, and why it ended."""
    experiment, last = read(watched.run.experiment), watched.last
    if isinstance(experiment, Inversion) and last:
        said = [ended(last.scalars), taken(last.scalars, last.seconds, experiment.seed)]
        st.caption(f":material/timer: {' '.join(one for one in said if one)}")


def _seconds(experiment: Inversion) -> float | None:
    """Return the usual seconds of an experiment by earlier runs of the same pace; None where there are none."""
    try:
        earlier = session.services().store.lengths(experiment.title)
        found = [(read(text), seconds, count) for text, seconds, count in earlier]
    except Refusal:
        return None
    pace, wanted = costs.alike(experiment), costs.evaluations(experiment)
    known = [
        (before.recipe.iterations, seconds, count)
        for before, seconds, count in found
        if isinstance(before, Inversion) and costs.alike(before) == pace
    ]
    whole = [seconds for iterations, seconds, _ in known if iterations == experiment.recipe.iterations]
    if whole:
        return statistics.median(whole)
    paces = [seconds / count for _, seconds, count in known if count]
    return statistics.median(paces) * wanted.count if paces and wanted and wanted.count else None
