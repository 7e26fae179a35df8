"""One step of a lesson: the question, a prediction, the run that checks it, what others thought, and why it is so."""

import streamlit as st

from leaklab.experiments.lessons import Letter, Step
from leaklab.ui import glossary, lesson_runs
from leaklab.ui.lesson_runs import Place
from leaklab.ui.poll import poll, voter
from leaklab.views import lessons

_ASKED = "lesson"  # what a step's place in the poll begins with
_NO_NUMBER = "This run ended without the number that decides: look at it on its own page, and go on."
_LOST = "A run is gone, or ended early: run it again."


def draw(place: Place, step: Step) -> None:
    """Draw a step as far as this visitor has come in it."""
    st.subheader(f"{place[1]}. {step.title}", anchor=False)
    glossary.write(step.text)
    own = prediction(place)
    chosen = st.radio(
        step.question, step.letters, index=step.letters.index(own) if own else None, disabled=own is not None,
        key=f"lessons.{place[0]}.{place[1]}.choice{'' if own is None else '.made'}",
        format_func=lambda letter: f"{letter}. {step.option(letter)}",
    )  # fmt: skip
    if own is None:
        _ask(place, step, chosen)
        return
    lesson_runs.follow(place, step)
    lesson_runs.links(step)
    found = lesson_runs.finals(place, step)
    if lesson_runs.lost(place, step):
        st.button(_LOST, key="lessons.again", icon=":material/replay:", on_click=lesson_runs.begin, args=(place, step))
    elif outcome := lessons.outcome(step, found):
        st.session_state.setdefault("lessons.found", {})[place] = outcome.letter
        _checked(place, step, own, outcome)
    elif all(found):
        st.info(_NO_NUMBER, icon=":material/help:")
        glossary.write(step.explanation)


def teacher(place: Place, step: Step) -> None:
    """Put the answer, and what to talk about, behind a fold, with a button that clears the class's counts."""
    with st.expander("For the teacher: the answer, and what to discuss", icon=":material/school:"):
        st.markdown(f"**{step.check.expected}. {step.option(step.check.expected)}** {step.answer}")
        if step.discuss:
            st.markdown("**To discuss**\n\n" + "\n".join(f"- {one}" for one in step.discuss))
        count = sum(poll().counts((_ASKED, *place)).values())
        st.caption(f"{count} {'prediction is' if count == 1 else 'predictions are'} counted for this step so far.")
        st.button(
            "Clear the class's counts of this lesson", key="lessons.clear", icon=":material/delete_sweep:",
            on_click=lambda: poll().clear(_ASKED, place[0]),
            help="For everybody who is served here. Nobody's own prediction is forgotten by it.",
        )  # fmt: skip


def prediction(place: Place) -> Letter | None:
    """Return what this visitor has predicted at a step; it is kept in the session and nowhere else."""
    return st.session_state.get("lessons.predictions", {}).get(place)


def found(place: Place) -> Letter | None:
    """Return what a step's run has said to this visitor."""
    return st.session_state.get("lessons.found", {}).get(place) if prediction(place) else None


def _ask(place: Place, step: Step, chosen: Letter | None) -> None:
    st.button(
        "Run it here", type="primary", key="lessons.run", icon=":material/play_arrow:", shortcut="Ctrl+Enter",
        disabled=chosen is None, on_click=_commit, args=(place, step, chosen),
    )  # fmt: skip
    if chosen is None:
        st.caption("Predict first: choose an answer, then run it.")
    else:
        st.caption("Your prediction stays as it is once you run it.")


def _commit(place: Place, step: Step, chosen: Letter) -> None:
    """Keep a prediction, count it, and begin what checks it."""
    st.session_state.setdefault("lessons.predictions", {})[place] = chosen
    poll().vote((_ASKED, *place), voter(), chosen)
    lesson_runs.begin(place, step)


def _checked(place: Place, step: Step, own: Letter, outcome: lessons.Outcome) -> None:
    """Say what the run made of a prediction, then what the others thought, then why."""
    if own == outcome.letter:
        st.success(f"**Your prediction came true: {own}.** {outcome.said}", icon=":material/check_circle:")
    else:
        st.info(f"**You predicted {own}, and it is {outcome.letter}.** {outcome.said}", icon=":material/lightbulb:")
    if outcome.remark:
        st.caption(f":material/info: {outcome.remark}")
    votes = poll().counts((_ASKED, *place))
    st.markdown("**What was predicted in this room**")
    st.html(lessons.bars(step, votes, own=own, right=outcome.letter))
    st.caption(lessons.counted(votes, outcome.letter))
    st.markdown("**Why**")
    glossary.write(step.explanation)
    st.button("Predict once more", key="lessons.forget", icon=":material/undo:", on_click=_forget, args=(place,))


def _forget(place: Place) -> None:
    del st.session_state["lessons.predictions"][place]
    poll().withdraw((_ASKED, *place), voter())
