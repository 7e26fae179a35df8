"""The controls of the page Sweeps: an attack, one knob or two that vary with their values, and how many seeds."""

import re
import secrets

import streamlit as st

from leaklab.experiments import sweep_knobs
from leaklab.experiments.experiment import read
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.sweep import VALUES, Axis, Sweep, axis, made
from leaklab.experiments.sweep_cells import order
from leaklab.experiments.sweep_knobs import KNOBS
from leaklab.experiments.sweep_presets import SWEEP_DEFAULT, SWEEP_PRESETS
from leaklab.settings import Refusal, to_link, walk
from leaklab.ui import address, choose, held, shared, watch

KEY = "sweeps"
ATTACK = "sweeps.attack"  # under which the attack's own controls keep it

_SEEDS = 5  # a setting is attacked with, to tell luck from skill
_NONE = "nothing else"
_NO_NUMBER = "{}: {!r} is no number; write numbers with commas between them, such as {}."


def link(inversion: Inversion, name: str) -> dict[str, str]:
    """Return the address at which a knob of an attack is swept, its present value among the usual ones.

    `name` is a knob's name in the table of sweeps, or its dotted path.
    Raises: Refusal, when there is no such knob.
    """
    key = sweep_knobs.name(inversion, name) or name
    now = sweep_knobs.at(inversion, key)
    values = KNOBS[key].values if key in KNOBS else ()
    if now is None and not values:
        sweep_knobs.applied(inversion, key, 0.0)
    with_present = sorted({*values, *([] if now is None else [now])})
    return {"x": to_link(made(inversion, (axis(key, with_present[:VALUES]),)))}


def luck(inversion: Inversion) -> dict[str, str]:
    """Return the address at which an attack is carried out with several seeds, and nothing else varies."""
    alone = axis("clients", [inversion.scenario.federation.clients])
    return {"x": to_link(made(inversion, (alone,), _SEEDS))}


def offer(inversion: Inversion) -> None:
    """Offer several seeds and every knob of an attack for a sweep; the addresses are made when somebody looks."""
    opened = st.popover("Sweep a knob", icon=":material/grid_on:", key="sweep-a-knob", on_change="rerun")
    if opened.open:
        with opened:
            st.page_link(
                "pages/sweeps.py", label=f"Is it luck? The same with {_SEEDS} seeds", query_params=luck(inversion)
            )
            for name in filter(lambda name: _there(inversion, name), KNOBS):
                st.page_link(
                    "pages/sweeps.py", label=sweep_knobs.title(inversion, name), query_params=link(inversion, name)
                )


def choose_sweep() -> tuple[Sweep, bool]:
    """Draw all controls; return the sweep, whole and valid, and whether it is the one that the controls ask for."""
    asked = {"x", "run"} & set(st.query_params)
    held.begin(KEY, SWEEP_DEFAULT.experiment)
    held.presets(KEY, SWEEP_PRESETS)
    sweep = held.experiment(KEY)
    _adopt(sweep)
    if not asked and f"{KEY}.runs" not in st.session_state:
        watch.launch_once(sweep, KEY)
    inversion = choose.controls(ATTACK, view=choose.one_view)
    st.session_state[f"{ATTACK}.experiment"] = inversion
    try:
        sweep, good = _sweep(inversion, sweep), True
    except Refusal as refusal:
        st.error(str(refusal), icon=":material/error:")
        good = False
    held.hold(KEY, sweep)
    return sweep, good and _ready(sweep)


def reseed() -> None:
    """Draw another seed."""
    seed = secrets.randbelow(2**31)
    held.adopt(KEY, held.experiment(KEY).changed(("inversion", "seed"), seed))


def code() -> list[object]:
    """Return what makes a grid of attacks, and in which order they come."""
    return [Sweep.run, Sweep.cell, order]


def parsed(title: str, text: str, example: str) -> tuple[float, ...]:
    """Return the numbers that somebody has written.

    Raises: Refusal, when something is not a number.
    """
    found = []
    for part in filter(None, re.split(r"[,;\s]+", text.strip())):
        try:
            found.append(float(part))
        except ValueError as error:
            raise Refusal(_NO_NUMBER.format(title, part, example)) from error
    return tuple(found)


def _adopt(sweep: Sweep) -> None:
    """Give the attack of a sweep that has just come into the controls to the attack's own, and look for its run."""
    if st.session_state.get(f"{KEY}.adopted") == held.name(KEY) and f"{ATTACK}.experiment" in st.session_state:
        return
    st.session_state[f"{KEY}.adopted"] = held.name(KEY)
    held.adopt(ATTACK, sweep.inversion)
    shown = [watch.look(run_id) for run_id in st.session_state.get(f"{KEY}.runs") or ()]
    if any(one and read(one.run.experiment) == sweep for one in shown):
        return
    if found := shared.find(sweep):  # whoever chooses what was swept before need not wait for it
        st.session_state[f"{KEY}.runs"] = [found]
        address.show([found])


def _sweep(inversion: Inversion, before: Sweep) -> Sweep:
    """Draw what varies, and return the sweep.

    Raises: Refusal, when a value is not allowed, or there are too many.
    """
    first, second, third = st.columns([5, 5, 2])
    with first:
        axes = [_axis(inversion, before, 0)]
    with second:
        axes += [other] if (other := _axis(inversion, before, 1)) else []
    with third:
        seeds = _seeds(before)
    return made(inversion, tuple(axes), seeds)


def _axis(inversion: Inversion, before: Sweep, number: int) -> Axis | None:
    """Draw the choice of a knob and its values.

    Raises: Refusal, when a value is not a number, or not allowed.
    """
    now = before.axes[number] if number < len(before.axes) else None
    name = _knob(inversion, now, number)
    if name == _NONE:
        return None
    values = now.values if now and now.name == name else KNOBS[name].values
    written = ", ".join(f"{value:g}" for value in values)
    text = st.text_input(
        "Its values", written, key=f"{held.name(KEY)}.values.{number}.{name}",
        help=f"Up to {VALUES} numbers with commas between them, such as 0, 1e-4, 0.01; they are shown in this order.",
    )  # fmt: skip
    return axis(name, parsed(sweep_knobs.title(inversion, name), text, written))


def _seeds(before: Sweep) -> int:
    """Draw the number of seeds; whether it is allowed depends on the cells beside it."""
    [knob] = [knob for knob in walk(before) if knob.path == ("seeds",)]
    return int(
        st.number_input(
            knob.title, int(knob.low), int(knob.high), before.seeds, key=f"{held.name(KEY)}.seeds", help=knob.help
        )
    )


def _knob(inversion: Inversion, now: Axis | None, number: int) -> str:
    names = [name for name in KNOBS if (now and now.name == name) or _there(inversion, name)]
    names += [now.name] if now and now.name not in names else []
    offered = [*([_NONE] if number else []), *names]
    return st.selectbox(
        "and with it" if number else "What varies", offered, index=offered.index(now.name) if now else 0,
        format_func=lambda name: name if name == _NONE else sweep_knobs.title(inversion, name),
        key=f"{held.name(KEY)}.axis.{number}",
        help="A knob of the attack, whose control at the left then means nothing; everything else is the same in all "
        "cells. Two knobs make a grid.",
    )  # fmt: skip


def _there(inversion: Inversion, name: str) -> bool:
    """Return whether an attack has a knob at all."""
    try:
        sweep_knobs.applied(inversion, name, KNOBS[name].values[0])
    except Refusal:
        return False
    return True


def _ready(sweep: Sweep) -> bool:
    """Say what keeps attacks of the grid from working, with a button where one press mends it."""
    missing = [line for one in sweep.corners() for line in choose.lacking(one)]
    for line in dict.fromkeys(missing):
        st.warning(line, icon=":material/help:")
    if missing:
        choose.offer(sweep.inversion, ATTACK, lambda told: not _lacking(sweep, told))
    return not missing


def _lacking(sweep: Sweep, told: Inversion) -> list[str]:
    return [line for one in made(told, sweep.axes).corners() for line in choose.lacking(one)]
