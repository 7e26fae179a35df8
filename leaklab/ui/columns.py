"""One photograph, one gradient, and a column for each defence: its strength, what two attackers see, what it costs."""

import json
from typing import Any

import streamlit as st

from leaklab.experiments.command import defend_command_line
from leaklab.experiments.comparison import NONE, Comparison
from leaklab.experiments.defended import Defended
from leaklab.experiments.protections import PROTECTIONS, Protection
from leaklab.experiments.utility import Utility
from leaklab.settings import Knob, Refusal, to_link, walk
from leaklab.ui import address, defences, forms, held, shared, words
from leaklab.ui.column_results import result, training
from leaklab.views import tradeoff
from leaklab.views.defences import PLACES

_NARROW = 205  # pixels of a column, at least
_FINE = 20  # steps of a share
_ROOMY = 3  # columns in which the words of all defences take a line or two


def draw(comparison: Comparison, key: str, *, pressed: bool) -> None:
    """See to the runs of the undefended row and of all columns, and draw them with their sliders."""
    if pressed:
        _try_again(comparison)
    for place in (NONE, *_keys(comparison)):
        _attend(comparison, key, place)
    _learn(comparison, key)
    defences.mend(comparison, key)
    with st.container(border=True):
        result(comparison, NONE, key)
    grid = st.grid(max(len(comparison.columns), 1), min_column_width=_NARROW)
    for name in _keys(comparison):
        with grid, st.container(border=True, height="stretch", key=f"{key}.column.{name}"):
            _column(comparison, name, key)


def spell(comparison: Comparison) -> None:
    """Write into the address which runs are shown."""
    shown = [(st.session_state.get(defences.runs(place)) or [""])[0] for place in (NONE, *_keys(comparison))]
    address.show([*filter(None, shown), *(st.session_state.get("threshold.runs") or ())])


def take_home(comparison: Comparison) -> None:
    """Offer the columns for keeping: their numbers, a link, and a command for each."""
    rows = [row for place in (NONE, *_keys(comparison)) if (row := _row(comparison, place))]
    with st.expander("Take it home: numbers, link, commands", icon=":material/download:"):
        if rows:
            settings = json.loads(comparison.model_dump_json(context={"public_only": True}))
            st.download_button(
                "Numbers (JSON)", lambda: json.dumps({"settings": settings, "columns": rows}, indent=1),
                "leaklab-defences.json", "application/json", key="defences.json", on_click="ignore",
            )  # fmt: skip
        st.markdown("This link restores every setting, and no photograph of your own:")
        st.code(f"{(st.context.url or '').split('?')[0]}?x={to_link(comparison)}", language=None, wrap_lines=True)
        if comparison.columns:
            st.markdown("The same in a shell, a command for each column:")
        for column in comparison.columns:
            command = defend_command_line(
                comparison.defended(), column.protection, column.strength, bound=comparison.bound,
                utility=comparison.utility(),
            )  # fmt: skip
            st.code(command, language="bash", wrap_lines=True)


def _column(comparison: Comparison, name: str, key: str) -> None:
    """Draw one defence; a slider that has moved is taken at its word at once."""
    protection, said = PROTECTIONS[name], words.defences()[name]
    cited = words.cited(said["source"])
    st.markdown(f"**{protection.title}**  \n:small[works {PLACES[protection.part.place]} · {cited}]")
    crowd = "idea" if len(comparison.columns) > _ROOMY else "one-idea"  # among many, all take the same room
    with st.container(key=f"{crowd}-{name}"):
        st.caption(said["idea"])
    value = _strength(protection, comparison.strength(name), key)
    if value != comparison.strength(name):
        held.hold(key, comparison.stronger(name, value))
        st.rerun()
    lacking, always = defences.lacking(comparison, name), defences.lacking(comparison, NONE)
    for line in lacking:
        if line not in always:
            st.warning(line, icon=":material/help:")
    if not lacking:
        result(comparison, name, key)


def _strength(protection: Protection, value: float, key: str) -> float:
    """Draw the slider of a defence's strength, from weak to strong as far as its numbers rise."""
    name, knob = f"{held.name(key)}.strength.{protection.key}", _knob(protection)
    if protection.low == protection.high:
        return float(st.toggle("On", bool(value), key=name, help=knob.help))
    return st.select_slider(
        f"Strength: {protection.unit}", steps(protection, knob, value), value, key=name,
        format_func=lambda one: "off" if protection.off not in (None, 0) and one == protection.off else f"{one:g}",
        help=f"{knob.help} *In the mathematics:* {knob.symbol}.",
    )  # fmt: skip


def steps(protection: Protection, knob: Knob, value: float) -> list[float]:
    """Return the strengths that a slider offers: those of the figure, finer ones between, and the one that is set."""
    offered = {*protection.grid, value} | ({protection.off} if protection.off is not None else set())
    low, high = min(protection.grid), max(protection.grid)
    if protection.whole and protection.high <= _FINE:
        offered |= set(range(int(protection.low), int(protection.high) + 1))
    elif knob.log or protection.whole:
        # From a tenth of the weakest to ten times the strongest that are compared.
        ends = max(low or sorted(protection.grid)[1], 1e-6) / 10, min(high * 10, protection.high)
        rungs = forms.ladder(value or ends[0], *ends, whole=protection.whole)
        offered |= {rung for rung in rungs if protection.low <= rung <= protection.high}
    else:
        offered |= {round(protection.low + n * (protection.high - protection.low) / _FINE, 6) for n in range(_FINE + 1)}
    return sorted(float(each) for each in offered)


def _knob(protection: Protection) -> Knob:
    """Return the knob that says how strong a defence is."""
    return next(knob for knob in walk(protection.part()) if knob.path == (protection.part.strength,))


def _attend(comparison: Comparison, key: str, place: str) -> None:
    """See to it that a column shows a run of what it says: one that is known, or a new one where it goes by itself."""
    if not defences.lacking(comparison, place):
        own, begin = not defences.offered(comparison), defences.goes(key, comparison)
        attack = comparison.defended(place, comparison.strength(place) or 0.0)
        _see_to(attack, defences.runs(place), begin=begin, own=own, device=held.device(key))


def _learn(comparison: Comparison, key: str) -> None:
    """See to the trainings of all columns, one after the other, so that nobody's attack has to wait for them."""
    wanted = {place: comparison.utility(place, comparison.strength(place) or 0.0) for place in _trained(comparison)}
    names = {place: defences.runs(f"{place}.utility") for place in wanted}
    for place, name in names.items():
        run = shared.first(name)
        if run and not run.over and run.experiment != wanted[place].model_dump_json():
            shared.cancel(run.id)
            del st.session_state[name]
    for place, name in names.items():
        busy = any(run and not run.over for run in map(shared.first, names.values()))
        begin = defences.goes(key, comparison) and not busy
        _see_to(wanted[place], name, begin=begin, own=False, device=held.device(key))


def _trained(comparison: Comparison) -> list[str]:
    return [place for place in (NONE, *_keys(comparison)) if not defences.lacking(comparison, place)]


def _see_to(experiment: Defended | Utility, name: str, *, begin: bool, own: bool, device: str) -> None:
    """Show, under a name, a run of an experiment that is known, or a new one."""
    run = shared.first(name)
    if run and run.experiment == experiment.model_dump_json():
        return
    try:
        found = shared.find(experiment)
        if found is None and begin:
            if run and not run.over:
                shared.cancel(run.id)
            found = shared.begin(experiment, device=device, own=own)
    except Refusal as refusal:
        st.error(str(refusal), icon=":material/error:")
        return
    if found:
        st.session_state[name] = [found]


def _try_again(comparison: Comparison) -> None:
    """Let go of the runs that ended early, so that they are asked for once more."""
    for place in (NONE, *_keys(comparison)):
        for name in (defences.runs(place), defences.runs(f"{place}.utility")):
            run = shared.first(name)
            if run and run.over and run.status != "finished":
                del st.session_state[name]


def _row(comparison: Comparison, place: str) -> dict[str, Any]:
    """Return what is known of a column in numbers; nothing where nothing is."""
    strength = comparison.strength(place) or 0.0
    attacked, learnt = shared.first(defences.runs(place)), training(comparison, place)
    if attacked is None or attacked.status != "finished":
        return {}
    known = learnt.summary if learnt and learnt.status == "finished" else None
    [row] = tradeoff.rows([tradeoff.Spot(place, place, strength, attacked=attacked.summary, learnt=known)])
    return row


def _keys(comparison: Comparison) -> list[str]:
    return [column.protection for column in comparison.columns]
