"""A client that is not told everything: what it tries, how well its own photographs come back, and what it chooses."""

import math

import numpy as np
import streamlit as st

from leaklab.experiments.guessing import Guessing
from leaklab.experiments.inversion import Inversion
from leaklab.ui import choose, session, watch, words
from leaklab.ui.watch import Watched
from leaklab.views import guesses

KEY = "guess"
_RATE, _NUMBER = "the learning rate", "the number of photographs"
_GRID = tuple(float(f"{mantissa}e{power}") for power in range(-5, 0) for mantissa in (1, 3)) + (1.0,)
_TRIED = 5
_ALONE = "There is nobody else in this round: with two clients or more, one of them can be curious."


def ask(experiment: Inversion, *, device: str) -> None:
    """Offer the same round to a client that is not told everything, and show what it finds out."""
    shown = bool(st.session_state.get(f"{KEY}.runs"))
    with st.expander("When a client does not know the learning rate", expanded=shown, icon=":material/help_center:"):
        st.markdown(words.parts("federation")["When a client does not know the learning rate"])
        unknown = st.segmented_control(
            "It is not told", (_RATE, _NUMBER), default=_RATE, required=True, key=f"{KEY}.unknown"
        )
        guessing = of_rate(experiment) if unknown == _RATE else of_number(experiment)
        reasons = lacking(guessing)
        for line in reasons:
            st.caption(f":material/block: {line}")
        if st.button("Try them all", key=f"{KEY}.start", icon=":material/casino:", disabled=bool(reasons)):
            watch.launch([guessing], KEY, device)
        watch.follow(KEY, show)


def of_rate(experiment: Inversion) -> Guessing:
    """Return the trial of five learning rates, the true one among them but seldom in the middle."""
    true = experiment.scenario.federation.schedule.learning_rate
    nearest = min(range(len(_GRID)), key=lambda place: abs(math.log(_GRID[place] / true)))
    first = min(max(nearest - nearest % 2 - 1, 0), len(_GRID) - _TRIED)
    rates = [true if place == nearest else _GRID[place] for place in range(first, first + _TRIED)]
    return Guessing(inversion=experiment, rates=tuple(sorted(rates)))


def of_number(experiment: Inversion) -> Guessing:
    """Return the trial of several numbers of photographs, the true one among them."""
    federation = experiment.scenario.federation
    true, counts = federation.images, federation.partition.counts(federation.images, federation.clients)
    least = counts[0] + 1 if counts else 2
    numbers = sorted({number for number in (true // 2, true - 1, true, true + 1, 2 * true) if number >= least})
    return Guessing(inversion=experiment, rates=(), numbers=tuple(numbers))


def lacking(guessing: Guessing) -> list[str]:
    """Return what keeps a client from trying, as sentences."""
    if guessing.inversion.scenario.federation.clients == 1:
        return [_ALONE]
    return [] if guessing.numbers else choose.lacking(choose.seen(guessing.inversion, "client"))


def show(watched: Watched, key: str) -> None:
    """Show the guesses tried so far."""
    if not watched.frames:
        if not watched.run.over:
            st.skeleton(height=240)
        return
    frame = watched.last
    if not frame.series["own"]:
        return
    if frame.final:
        st.html(guesses.sheet(_found(watched), frame))
    st.echarts_chart(
        guesses.against_guess(frame, dark=session.dark()), key=f"{key}.guesses", height=300, alt=guesses.alt(frame)
    )
    for note in frame.note.split("\n")[1:] if frame.final else ():
        st.caption(f":material/info: {note}")


def _found(watched: Watched) -> dict[str, np.ndarray]:
    """Return the client's own photographs, and what it took for them under each guess that could be tried."""
    last, tried = watched.last, watched.last.series["own"]
    names = [f"own.guess.{number}" for number, value in enumerate(tried) if math.isfinite(value)]
    return {name: picture for (_, name), picture in watched.at([(0, "own"), *((last.index, n) for n in names)]).items()}
