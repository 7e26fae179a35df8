"""Result panels of a measured drift: two powers beside what the lemma says, the divergence drawn, and every cell."""

import csv
import io
import json

import streamlit as st

from leaklab.experiments.command import drift_command_line
from leaklab.experiments.drift import Drift
from leaklab.experiments.drift_cells import cells, outcomes
from leaklab.experiments.experiment import read
from leaklab.experiments.frame import Frame
from leaklab.settings import to_link
from leaklab.ui import session
from leaklab.ui.watch import Watched
from leaklab.views import drift, export

_LAWS = {  # scalar: heading, unit, what the lemma says, what it means
    "exponent": (
        "Power of the learning rate", "", "2",
        "How steep the lines on the left are, at the three smallest learning rates. A power of 2: ten times the rate, "
        "a hundred times the divergence.",
    ),
    "ratio": (
        "Three steps against two", "×", "3",
        "How many times farther clients stray after three steps than after two, at the smallest learning rate: "
        "τ(τ − 1) is 6 and 2.",
    ),
    "nearness": (
        "Measured against computed", "×", "1",
        "The measured length over that of the second-order term, which is computed for these very photographs without "
        "taking a step, at the smallest learning rate.",
    ),
}  # fmt: skip


def show(watched: Watched, key: str) -> None:
    """Show a run as far as it has come."""
    experiment = read(watched.run.experiment)
    if not watched.frames or not isinstance(experiment, Drift):
        if not watched.run.over:
            st.skeleton(height=420)
        return
    frame = watched.last
    _laws(frame)
    left, right = st.columns(2)
    with left:
        _against_rate(frame, experiment, key)
    with right:
        _against_steps(frame, experiment, key)
    if said := still(frame):
        st.caption(f":material/horizontal_rule: {said}")
    for note in frame.note.split("\n")[1:] if frame.final else ():
        st.caption(f":material/info: {note}")
    if frame.final:
        _cells(watched, key)
        _take_home(watched, experiment, key)


def still(frame: Frame) -> str:
    """Say where nothing drifts, and what was measured there; empty where nothing was."""
    found = cells(frame)
    alone = [one.divergence for one in found if one.clients == 1]
    first = [one.divergence for one in found if one.steps == 1 and one.clients > 1]
    said = []
    if alone:
        said.append(f"A single client is its own super-client: measured {_zero(max(alone))}.")
    if first:
        said.append(f"After one step, the average of all steps is one common step: measured {_zero(max(first))}.")
    return " ".join(said)


def table(frame: Frame) -> str:
    """Return all cells as CSV: a row each."""
    kept, rows = io.StringIO(), outcomes(frame)
    writer = csv.DictWriter(kept, rows[0] if rows else ())
    writer.writeheader()
    writer.writerows(rows)
    return kept.getvalue()


def _laws(frame: Frame) -> None:
    grid = st.grid(3, min_column_width=220)
    for name, (heading, unit, says, meaning) in _LAWS.items():
        value = frame.scalars.get(name)
        said = "–" if value is None else f"{value:.2f}{unit and ' ' + unit}"
        with grid:
            st.metric(
                heading, said, f"the lemma says {says}", delta_color="off", delta_arrow="off", border=True,
                help=meaning, height="stretch",
            )  # fmt: skip


def _against_rate(frame: Frame, experiment: Drift, key: str) -> None:
    offered = sorted({number for number in experiment.clients if number > 1})
    st.markdown("**Against the learning rate**, a line for each number of steps")
    chosen = st.segmented_control(
        "Clients", offered, default=max(offered), required=True, key=f"{key}.clients", format_func=_clients,
        label_visibility="collapsed",
    ) if len(offered) > 1 else None  # fmt: skip
    clients = chosen if chosen in drift.crowds(frame) else None
    st.echarts_chart(
        drift.against_rate(frame, clients=clients, dark=session.dark()), key=f"{key}.rate", height=340,
        alt=drift.against_rate_alt(frame, clients=clients),
    )  # fmt: skip


def _against_steps(frame: Frame, experiment: Drift, key: str) -> None:
    offered = sorted(set(experiment.local_lr))
    st.markdown("**Against the steps**, a line for each number of clients")
    chosen = st.segmented_control(
        "Learning rate", offered, default=offered[0], required=True, key=f"{key}.lr", format_func=short,
        label_visibility="collapsed",
    ) if len(offered) > 1 else None  # fmt: skip
    st.echarts_chart(
        drift.against_steps(frame, lr=chosen, dark=session.dark()), key=f"{key}.steps", height=340,
        alt=drift.against_steps_alt(frame, lr=chosen),
    )  # fmt: skip


def _cells(watched: Watched, key: str) -> None:
    with st.expander("Every cell in numbers", icon=":material/table:"):
        number = st.column_config.NumberColumn
        columns = {
            "clients": number("clients"), "steps": number("steps"), "lr": number("learning rate", format="%.0e"),
            "images": number("photographs"), "divergence": number("divergence", format="%.3e"),
            "lemma": number("the lemma's term", format="%.3e", help="The second-order term for these photographs."),
            "law": number("τ(τ−1)η²(K−1)/N", format="%.3e", help="What the lemma prints: a proportion, no length."),
            "spread": number("spread", format="%.1e", help="Standard deviation over the repeats."),
        }  # fmt: skip
        st.dataframe(outcomes(watched.last), hide_index=True, column_config=columns, key=f"{key}.cells")
        st.download_button(
            "Cells (CSV)", lambda: table(watched.last), f"leaklab-{watched.run.id}.csv", "text/csv", key=f"{key}.csv",
            on_click="ignore",
        )  # fmt: skip


def _take_home(watched: Watched, experiment: Drift, key: str) -> None:
    """Offer a finished run for keeping: its numbers, a link and a command."""
    settings = json.loads(experiment.model_dump_json(context={"public_only": True}))
    with st.expander("Take it home: numbers, link, command", icon=":material/download:"):
        st.download_button(
            "Numbers (JSON)", lambda: export.record(settings, watched.frames[-1:]), f"leaklab-{watched.run.id}.json",
            "application/json", key=f"{key}.json", on_click="ignore",
        )  # fmt: skip
        st.markdown("This link restores every setting:")
        st.code(f"{(st.context.url or '').split('?')[0]}?x={to_link(experiment)}", language=None, wrap_lines=True)
        st.markdown("The same in a shell:")
        st.code(drift_command_line(experiment), language="bash", wrap_lines=True)


def short(rate: float) -> str:
    """Return a learning rate as it is written by hand."""
    mantissa, power = f"{rate:e}".split("e")
    return f"{float(mantissa):g}e{int(power)}" if rate < 0.01 else f"{rate:g}"


def _clients(number: int) -> str:
    return f"{number} client{'s' * (number != 1)}"


def _zero(length: float) -> str:
    return f"{length:.0e}, which is rounding" if length else "0"
