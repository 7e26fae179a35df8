"""The privacy-utility figure: its points are ordinary runs, asked for a few at a time, and found again later."""

import base64
from dataclasses import dataclass, field

import streamlit as st

from leaklab.experiments.comparison import MOST, NONE, Comparison, Point
from leaklab.experiments.defended import Defended
from leaklab.experiments.protections import PROTECTIONS
from leaklab.experiments.utility import Utility
from leaklab.runs.records import Run
from leaklab.settings import Refusal
from leaklab.ui import clicks, held, session, shared
from leaklab.views import tradeoff
from leaklab.views.tradeoff import Spot

TICK = 1.0  # seconds between two looks: points come every few seconds
_PICTURES = {"plain": "reconstruction", "adaptive": "adaptive"}
_HEIGHT = 460
_SHOWN = "No defence"


@dataclass
class Plan:
    """What is measured of one comparison, and how far it has come."""

    basis: Comparison
    points: tuple[Point, ...]
    on: bool = False
    runs: dict[int, str] = field(default_factory=dict)  # number of a measurement -> its run
    pictures: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def measurements(self) -> list[Defended | Utility]:
        """Every run that is needed, in order: each point's training beside the attack on it."""
        return [one for point in self.points for one in (point.defended, point.utility)]

    def state(self, number: int) -> Run | None:
        """Return how a measurement stands; None before it is asked for."""
        return shared.state(self.runs[number]) if number in self.runs else None


def ask(comparison: Comparison, key: str) -> None:
    """Draw the figure as far as it is known, with a button that measures the rest."""
    st.subheader("What privacy costs", anchor=False)
    plan = _plan(comparison, key)
    missing = len(plan.measurements) - _done(plan)
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}.figure.actions"):
        if plan.on:
            st.button("Stop", key="figure.stop", icon=":material/stop:", on_click=_stop, args=(plan,))
        else:
            st.button(
                "Measure the whole figure", key="figure.measure", icon=":material/monitoring:", disabled=not missing,
                on_click=_go, args=(plan,),
                help="Attacks five defences at five strengths each, and trains a network under every one of them. "
                "Whatever anybody has measured before is taken as it is.",
            )  # fmt: skip

    def show() -> None:
        if plan.on:
            _top_up(plan, held.device(key))
        _progress(plan)
        _drawn(_spots(plan), comparison, key, live=plan.on)
        if plan.on and _done(plan) == len(plan.measurements):
            plan.on = False
            st.rerun()

    st.fragment(show, run_every=TICK if plan.on else None)()


def _plan(comparison: Comparison, key: str) -> Plan:
    """Return this session's plan for what all columns have in common, with everything that is known already."""
    name, basis = f"{key}.plan", comparison.basis
    plan: Plan | None = st.session_state.get(name)
    if plan is None or plan.basis != basis:
        if plan:
            _stop(plan)
        plan = st.session_state[name] = Plan(basis, basis.figure())
        _look_up(plan)
    return plan


def _look_up(plan: Plan) -> None:
    """Find what was measured before, by anybody."""
    for number, experiment in enumerate(plan.measurements):
        if number not in plan.runs and (found := shared.find(experiment)):
            plan.runs[number] = found


def _go(plan: Plan) -> None:
    _look_up(plan)
    for number in [number for number in plan.runs if _failed(plan.state(number))]:
        del plan.runs[number]  # tried once more
    plan.on = True


def _stop(plan: Plan) -> None:
    """Ask for nothing more, and cancel what this session has asked for and is not over."""
    plan.on = False
    for number, run_id in list(plan.runs.items()):
        run = plan.state(number)
        if run and not run.over:
            shared.cancel(run_id)
            del plan.runs[number]


def _top_up(plan: Plan, device: str) -> None:
    """Ask for as many measurements as there are workers, and for the next one whenever one is over."""
    going = sum(1 for number in plan.runs if (run := plan.state(number)) and not run.over)
    room = max(1, session.services().pool.size) - going
    waiting = [number for number in range(len(plan.measurements)) if number not in plan.runs]
    for number in waiting[: max(room, 0)]:
        experiment = plan.measurements[number]
        try:
            plan.runs[number] = shared.find(experiment) or shared.begin(experiment, device=device)
        except Refusal as refusal:
            st.error(str(refusal), icon=":material/error:")
            return


def _failed(run: Run | None) -> bool:
    return run is None or (run.over and run.status != "finished")


def _done(plan: Plan) -> int:
    return sum(1 for number in plan.runs if (run := plan.state(number)) is None or run.over)


def _progress(plan: Plan) -> None:
    done, of = _done(plan), len(plan.measurements)
    if plan.on:
        st.progress(done / of, text=f"{done} of {of} runs are done. The points come as they are measured.")
    elif done < of:
        st.caption(f"{done} of {of} runs are known. A measurement takes some minutes on two cores, and keeps for all.")
    for sentence in dict.fromkeys(
        run.message for number in plan.runs if (run := plan.state(number)) and run.status == "failed"
    ):
        st.caption(f":material/block: {sentence}")


def _spots(plan: Plan) -> list[Spot]:
    """Return every point with what is known of it."""
    return sorted(
        (_spot(plan, number, point) for number, point in enumerate(plan.points)), key=lambda spot: _rank(spot)
    )  # fmt: skip


def _rank(spot: Spot) -> tuple[int, int]:
    """Return where a point stands: by its defence, and in it from weak to strong."""
    if spot.protection == NONE:
        return -1, 0
    order = list(PROTECTIONS)
    return order.index(spot.protection), PROTECTIONS[spot.protection].grid.index(spot.strength)


def _spot(plan: Plan, number: int, point: Point) -> Spot:
    attacked, learnt = plan.state(2 * number), plan.state(2 * number + 1)
    protection = PROTECTIONS.get(point.protection)
    finished = attacked is not None and attacked.status == "finished"
    return Spot(
        point.protection, protection.title if protection else _SHOWN, point.strength,
        protection.unit if protection else "",
        attacked.summary if finished else None,
        learnt.summary if learnt and learnt.status == "finished" else None,
        _pictures(plan, attacked.id) if finished else {},
    )  # fmt: skip


def _pictures(plan: Plan, run_id: str) -> dict[str, str]:
    """Return the last reconstructions of a finished run as addresses that carry them."""
    if run_id not in plan.pictures:
        found, store = {}, session.services().store
        for attack, name in _PICTURES.items():
            try:
                png = store.picture(run_id, None, name)
                found[attack] = f"data:image/png;base64,{base64.b64encode(png).decode()}"
            except Refusal:
                continue
        plan.pictures[run_id] = found
    return plan.pictures[run_id]


def _drawn(spots: list[Spot], comparison: Comparison, key: str, *, live: bool) -> None:
    """Draw what is known: the curve, and below it every point as pictures and in numbers."""
    known = [spot for spot in spots if spot.place("plain")]
    if not known:
        if live:
            st.skeleton(height=_HEIGHT)
        return
    clicked = st.echarts_chart(
        tradeoff.figure(spots, dark=session.dark()), key=f"{key}.figure", height=_HEIGHT,
        alt=tradeoff.figure_alt(spots), on_select="rerun",
    )  # fmt: skip
    st.caption(
        "Solid: the plain attack; dashed and hollow: the one that adapts, where it finds more or less. Marks grow with "
        "the strength. Best is the upper left corner. Point at a mark, or touch it, to see what was rebuilt; click it, "
        "and its defence stands above at that strength."
    )
    if spot := tradeoff.touched(spots, clicks.fresh(clicked.selection.selected, f"{key}.figure")):
        _take(spot, comparison, key)
    if sheet := tradeoff.sheet(spots):
        with st.expander("Every point as a picture", icon=":material/grid_view:"):
            st.html(sheet)
            st.caption(
                "From weak to strong; of two pictures the second is the adaptive attack's. Below: the strength, and "
                "the accuracy."
            )
    with st.expander("Every point in numbers", icon=":material/table:"):
        _table(spots, key)


def _take(spot: Spot, comparison: Comparison, key: str) -> None:
    """Put a point among the columns, or its strength into the column of its defence."""
    keys = [column.protection for column in comparison.columns]
    if spot.protection not in keys and len(keys) == MOST:
        st.toast(f"There are {MOST} columns, and no more would fit: take one out first.", icon=":material/view_column:")
        return
    shown = comparison if spot.protection in keys else comparison.showing([*keys, spot.protection])
    held.adopt(key, shown.stronger(spot.protection, spot.strength))
    st.rerun()


def _table(spots: list[Spot], key: str) -> None:
    number = st.column_config.NumberColumn
    columns = {
        "strength": number(format="%g"), "epsilon": number("ε of the round", format="%.3g"),
        "bytes": number(format="localized"),
        "signal": number("‖signal‖", format="%.3g"), "noise": number("‖noise‖", format="%.3g"),
        "ratio": number("noise / signal", format="%.3g"),
        "psnr": number("PSNR (dB), plain", format="%.1f"), "ssim": number("SSIM, plain", format="%.2f"),
        "accuracy": number(format="percent"), "adaptive.psnr": number("PSNR (dB), adaptive", format="%.1f"),
        "adaptive.ssim": number("SSIM, adaptive", format="%.2f"),
        "trained_epsilon": number("ε of the training", format="%.3g"),
    }  # fmt: skip
    st.dataframe(tradeoff.table(spots), hide_index=True, column_config=columns, key=f"{key}.figure.table")
    with st.container(horizontal=True):
        st.download_button(
            "Points (CSV)", lambda: tradeoff.as_csv(spots), "leaklab-defences.csv", "text/csv", on_click="ignore",
            key=f"{key}.figure.csv",
        )  # fmt: skip
        st.download_button(
            "Points (JSON)", lambda: tradeoff.as_json(spots), "leaklab-defences.json", "application/json",
            on_click="ignore", key=f"{key}.figure.json",
        )  # fmt: skip
