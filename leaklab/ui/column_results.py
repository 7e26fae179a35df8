"""What came of one column: what is sent, what two attackers see, in a sentence and in numbers, while it comes."""

import streamlit as st

from leaklab.experiments.comparison import NONE, Comparison
from leaklab.runs.records import Run
from leaklab.settings import Refusal
from leaklab.ui import defences, shared, watch
from leaklab.ui.watch import Told, Watched
from leaklab.views import defences as views

_SLOWER = 1.0  # seconds between two looks at a training, which has no pictures
_UNCHANGED = ("‖signal‖", "sent")  # what is said in numbers where nobody defends


def result(comparison: Comparison, place: str, key: str) -> None:
    """Show a column's run as far as it has come, redrawn while it goes on."""
    wanted = comparison.defended(place, comparison.strength(place) or 0.0).model_dump_json()
    ids, attacked = st.session_state.get(defences.runs(place)) or [], watch.running(f"{key}.{place}")
    learning = training(comparison, place)
    trained = learning is not None and not learning.over

    def show() -> None:
        watched, learnt = watch.look(ids[0]) if ids else None, training(comparison, place)
        with st.container(key=f"{key}.result.{place}", gap="small"):
            if watched is None:
                _missing(ids)
            else:
                facts = _facts(comparison, place, watched, learnt)
                _shown(watched, facts, stale=watched.run.experiment != wanted, place=place)
        if (attacked and (watched is None or watched.run.over)) or (trained and (learnt is None or learnt.over)):
            st.rerun()

    every = watch.tick() if attacked else _SLOWER if trained else None
    st.fragment(show, run_every=every)()


def training(comparison: Comparison, place: str) -> Run | None:
    """Return how the training under a column's defence stands; None where there is none of its present strength."""
    run = shared.first(defences.runs(f"{place}.utility"))
    wanted = comparison.utility(place, comparison.strength(place) or 0.0).model_dump_json()
    return run if run and run.experiment == wanted else None


def undefended(comparison: Comparison) -> float | None:
    """Return how well is learnt where nobody defends, once that is known."""
    run = training(comparison, NONE)
    return run.summary.get("accuracy") if run and run.status == "finished" else None


def tell(watched: Watched) -> Told:
    """Return in a sentence what both attackers have seen."""
    return (views.sentence(watched.last), []) if watched.last and watched.last.final else ("", [])


def remarks(watched: Watched) -> list[str]:
    """Return what should be known beside the sentence: warnings, what is promised, what the attacker made out."""
    ends = (watched.frames[0], watched.last) if watched.frames else ()
    return list(dict.fromkeys(line for frame in ends for line in views.remarks(frame)))


def _missing(ids: list[str]) -> None:
    for sentence in [st.session_state.get("gone", {}).get(run_id) for run_id in ids]:
        if sentence:
            st.info(sentence, icon=":material/search_off:")
    if not ids:
        st.caption("Not attacked yet: press **Attack them all**.")


def _shown(watched: Watched, facts: views.Facts, *, stale: bool, place: str) -> None:
    """Show a run in the order in which it is read: pictures, what they come to, numbers, and what to know beside."""
    try:
        left, right = st.columns([3, 2], vertical_alignment="center") if place == NONE else [st.container()] * 2
        with left:
            _pictures(watched, place)
        with right:
            if place == NONE:
                st.markdown("**Without any defence**")
            watch.status(watched, f"defences.{place}", tell=tell)
            if stale:
                st.caption(":material/history: Of earlier settings. **Attack them all** brings it up to date.")
            if watched.frames:
                st.html(views.listed(facts))
            for line in remarks(watched) if place != NONE else ():
                st.caption(f":material/info: {line}")
    except Refusal as refusal:  # deleted at this very moment, or a store in trouble
        st.info(str(refusal), icon=":material/search_off:")


def _pictures(watched: Watched, place: str) -> None:
    if not watched.frames:
        if not watched.run.over:
            st.skeleton(height=180)
        return
    wanted = {(watched.frames[0].index, "sent")} | {(watched.last.index, name) for name in views.pictured(watched.last)}
    if place == NONE:
        wanted |= {(watched.frames[0].index, "truth")}
    found = {name: picture for (_, name), picture in watched.at(wanted).items()}
    st.html((views.beginning if place == NONE else views.pair)(watched.last, found))


def _facts(comparison: Comparison, place: str, watched: Watched, learnt: Run | None) -> views.Facts:
    """Return a column in numbers, with what is learnt under its defence, beside what is learnt without."""
    if not watched.frames:
        return []
    found = [(term, said) for term, said in views.facts(watched.last) if place != NONE or term in _UNCHANGED]
    beside = undefended(comparison) if place != NONE else None
    return [*found, *views.learning(learnt.summary if learnt else {}, beside)]
