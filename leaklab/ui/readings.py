"""Result panels of a label recovery: the batch, the bars the methods look at, and what each method made of them."""

import json

import streamlit as st

from leaklab.experiments.command import label_command_line
from leaklab.experiments.experiment import read
from leaklab.experiments.frame import Frame
from leaklab.experiments.label_recovery import LabelRecovery
from leaklab.settings import Refusal, to_link
from leaklab.ui import session, words
from leaklab.ui.watch import Watched
from leaklab.views import counting, export, readings, strips
from leaklab.views.readings import Reading

_TILE = 40  # pixels on the screen


def show(watched: Watched, key: str) -> None:
    """Show a run as far as it has come."""
    if not watched.frames:
        if not watched.run.over:
            st.skeleton(height=260)
        return
    frame = watched.last
    _batch(watched, frame)
    if not {"bias", "rows"} & set(frame.series):
        return
    _bars(frame, key)
    found = readings.readings(frame, words.methods())
    _methods(frame, found, key)
    if frame.final:
        st.markdown("**The same in numbers**")
        st.table(readings.table(found))
        _take_home(watched, key)


def _batch(watched: Watched, frame: Frame) -> None:
    """Show the private photographs, as many as the run has kept, and how many classes they are of."""
    true = readings.true_counts(frame)
    images, classes = sum(true), sum(count > 0 for count in true)
    try:
        picture = watched.first("batch")
    except Refusal:
        return  # the run was recorded without one
    tiles = strips.squares(picture)
    first = f", the first {len(tiles)} of them" if len(tiles) < images else ""
    st.markdown(f"**The private batch:** {_many(images, 'photograph')} of {_many(classes, 'class', 'es')}{first}")
    st.image(tiles, width=_TILE, output_format="PNG", alt=[f"private photograph {n}" for n in range(1, len(tiles) + 1)])
    for note in readings.notes(frame, words.methods()):
        if note not in watched.frames[0].note.split("\n"):  # those stand above already
            st.caption(f":material/info: {note}")


def _bars(frame: Frame, key: str) -> None:
    st.markdown(f"**What the server sees:** the gradient of {counting.signs_of(frame)}, a bar for each class")
    st.echarts_chart(
        counting.signs(frame, dark=session.dark()), key=f"{key}.signs", height=280, alt=counting.signs_alt(frame)
    )
    st.caption(f"{counting.signs_alt(frame)} {counting.signs_note(frame)}")


def _methods(frame: Frame, found: list[Reading], key: str) -> None:
    """Show a panel for each method that counted, and a sentence for each that could not."""
    st.markdown("**What each method reads from it:** the outlines are the truth, the filled bars what the method says")
    if note := counting.shown_note(frame):
        st.caption(note)
    grid = st.grid(2, min_column_width=320)
    for reading in found:
        if reading.counts is not None:
            with grid, st.container(border=True, height="stretch"):
                _panel(frame, reading, key)
    for reading in found:
        if reading.counts is None and reading.remark:
            st.caption(f":material/block: **{reading.words['name']}** does not apply. {reading.remark}")


def _panel(frame: Frame, reading: Reading, key: str) -> None:
    name, images = reading.words["name"], sum(readings.true_counts(frame))
    st.markdown(f"**{name}**: {readings.score(reading, images)}, in {readings.duration(reading.seconds)}")
    st.caption(str(reading.words["idea"]))
    st.echarts_chart(
        counting.counts(frame, reading.key, dark=session.dark()), key=f"{key}.{reading.key}", height=150,
        alt=counting.counts_alt(frame, reading),
    )  # fmt: skip
    if reading.remark:
        st.caption(f":material/warning: {reading.remark}")


def _take_home(watched: Watched, key: str) -> None:
    """Offer a finished run for keeping: its numbers, a link and a command."""
    experiment = read(watched.run.experiment)
    if not isinstance(experiment, LabelRecovery):
        return
    settings = json.loads(experiment.model_dump_json(context={"public_only": True}))
    with st.expander("Take it home: numbers, link, command", icon=":material/download:"):
        st.download_button(
            "Numbers (JSON)", lambda: export.record(settings, watched.frames[-1:]), f"leaklab-{watched.run.id}.json",
            "application/json", key=f"{key}.json", on_click="ignore",
        )  # fmt: skip
        st.markdown("This link restores every setting:")
        st.code(f"{(st.context.url or '').split('?')[0]}?x={to_link(experiment)}", language=None, wrap_lines=True)
        st.markdown("The same in a shell:")
        st.code(label_command_line(experiment), language="bash", wrap_lines=True)


def _many(count: int, word: str, several: str = "s") -> str:
    return f"{count:,} {word}{several * (count != 1)}"
