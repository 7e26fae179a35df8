"""The page Lessons: which lesson and which step, as the address says it; the way through, and the way onto paper."""

import streamlit as st

from leaklab.experiments.lessons import Lesson, lessons
from leaklab.settings import Refusal
from leaklab.ui import glossary, lesson_step, session
from leaklab.ui.lesson_runs import Place
from leaklab.views import lessons as views
from leaklab.views import qr

_LESSON, _STEP = "lesson", "step"
_WRONG = "There is no {what} {asked} here: choose one below."
_ONLY_HERE = (
    "This address works on this machine only. Serve with LAN=1 and open the page by this machine's name or number in "
    "the network: then the code leads the room here."
)


def draw() -> bool:
    """Draw all lessons, or the one that the address asks for, at its step; return whether it was all of them."""
    try:
        offered = lessons()
    except Refusal as refusal:
        st.error(str(refusal), icon=":material/error:")
        return True
    number, step = _place(offered)
    if number == 0:
        _choose(offered)
        return True
    lesson = offered[number - 1]
    st.markdown(f"**Lesson {number}: {lesson.title}.** {views.progress(lesson, step)}")
    st.progress(min(step, len(lesson.steps)) / len(lesson.steps))
    if step == 0:
        _cover(lesson)
    elif step > len(lesson.steps):
        _end(lesson, number)
    else:
        lesson_step.draw((number, step), lesson.steps[step - 1])
    _way((number, step), lesson)
    if 0 < step <= len(lesson.steps):
        lesson_step.teacher((number, step), lesson.steps[step - 1])
    _share(lesson, (number, step))
    return False


def go(place: Place) -> None:
    """Write into the address where the visitor is: lesson 0 is the list, step 0 a lesson's cover."""
    for word, value in zip((_LESSON, _STEP), place, strict=True):
        if value:
            st.query_params[word] = str(value)
        else:
            st.query_params.pop(word, None)


def _place(offered: tuple[Lesson, ...]) -> Place:
    """Return where the address says the visitor is; where it says nothing on entering, where the visitor last was."""
    if session.entered() and _LESSON not in st.query_params:
        go(st.session_state.get("lessons.place", (0, 0)))
    number = _asked(_LESSON, len(offered))
    step = _asked(_STEP, len(offered[number - 1].steps) + 1) if number else 0
    st.session_state["lessons.place"] = (number, step)
    return number, step


def _asked(word: str, most: int) -> int:
    asked = st.query_params.get(word, "0")
    if asked.isdecimal() and int(asked) <= most:
        return int(asked)
    st.warning(_WRONG.format(what=word, asked=asked[:40]), icon=":material/link_off:")
    st.query_params.pop(word, None)
    return 0


def _choose(offered: tuple[Lesson, ...]) -> None:
    grid = st.grid(len(offered), min_column_width=280)
    for number, lesson in enumerate(offered, start=1):
        with grid, st.container(border=True, height="stretch"):
            st.markdown(f"### {number}. {lesson.title}\n\n{lesson.minutes} minutes, {len(lesson.steps)} steps")
            st.markdown("\n".join(f"- {one}" for one in lesson.learn))
            st.button(
                f"Open lesson {number}", key=f"lessons.open.{number}", icon=":material/school:", on_click=go,
                args=((number, 0),),
            )  # fmt: skip


def _cover(lesson: Lesson) -> None:
    learn, need = st.columns(2)
    with learn:
        st.markdown("**What you will learn**\n\n" + "\n".join(f"- {one}" for one in lesson.learn))
    with need:
        st.markdown("**What you need**\n\n" + "\n".join(f"- {one}" for one in lesson.materials))
    glossary.write(f"**To begin with ({lesson.opening_minutes} minutes).** {lesson.opening}")


def _end(lesson: Lesson, number: int) -> None:
    told = {}
    for step in range(1, len(lesson.steps) + 1):
        if own := lesson_step.prediction((number, step)):
            told[step] = own, lesson_step.found((number, step))
    st.subheader("What you predicted, and what came of it", anchor=False)
    st.markdown(views.right_so_far(lesson, told))
    st.markdown("\n".join(f"{at}. {step.title}: {_came(told.get(at))}" for at, step in enumerate(lesson.steps, 1)))
    glossary.write(f"**To end with ({lesson.closing_minutes} minutes).** {lesson.closing}")


def _came(told: tuple[str, str | None] | None) -> str:
    if told is None:
        return "no prediction"
    own, found = told
    return f"predicted {own}, {'not checked' if found is None else f'it is {found}'}{' ✓' if own == found else ''}"


def _way(place: Place, lesson: Lesson) -> None:
    number, step = place
    last = len(lesson.steps) + 1
    ahead = "Begin" if step == 0 else "To the end" if step == last - 1 else "Next step"
    with st.container(horizontal=True, key="lessons.way"):
        back = (number, step - 1) if step else (0, 0)
        label = "Back" if step else "All lessons"
        st.button(label, key="lessons.back", icon=":material/arrow_back:", on_click=go, args=(back,))
        if step < last:
            kind = "primary" if step == 0 else "secondary"
            st.button(
                ahead, key="lessons.next", icon=":material/arrow_forward:", on_click=go, args=((number, step + 1),),
                type=kind,
            )  # fmt: skip
        else:
            st.button("All lessons", key="lessons.all", icon=":material/school:", on_click=go, args=((0, 0),))


def _share(lesson: Lesson, place: Place) -> None:
    """Offer a lesson's address for a whole room, and the lesson on paper."""
    number, step = place
    page = (st.context.url or "").split("?")[0]
    cover = f"{page}?{_LESSON}={number}" if page else ""
    address = f"{cover}&{_STEP}={step}" if cover and step else cover
    with st.expander("For the room: address, QR code, paper", icon=":material/qr_code_2:"):
        if address:
            code, said = st.columns([1, 2], vertical_alignment="center")
            with code:
                st.html(qr.code(address))
            with said:
                st.markdown("Whoever opens this address begins here:")
                st.code(address, language=None, wrap_lines=True)
                if not qr.reachable(address):
                    st.caption(f":material/info: {_ONLY_HERE}")
        with st.container(horizontal=True):
            for label, answers in (("Print: for the class", False), ("Print: with answers", True)):
                name = f"leaklab-lesson-{number}{'-answers' if answers else ''}.html"
                st.download_button(
                    label, lambda answers=answers: views.sheet(lesson, address=cover, answers=answers), name,
                    "text/html", key=f"lessons.print.{int(answers)}", on_click="ignore", icon=":material/print:",
                )  # fmt: skip
        st.caption("A page of HTML with everything in it: open it and print it from the browser, or keep it.")
