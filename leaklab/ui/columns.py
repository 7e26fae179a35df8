"""One photograph, one gradient, and a column for each defence: its strength, what two attackers see, what it costs."""

import json
from typing import Any

import streamlit as st

from leaklab.experiments import command  # TEMP
from leaklab.experiments.comparison import NONE, Comparison
from leaklab.experiments.defended import Defended
from leaklab.experiments.protections import PROTECTIONS, Protection
from leaklab.experiments.utility import Utility
from leaklab.runs.records import Run
from leaklab.settings import Knob, Refusal, to_link, walk
from leaklab.ui import address, defences, forms, held, session, shared, watch, words
from leaklab.ui.watch import Told, Watched
from leaklab.views import defences as views
from leaklab.views import tradeoff

_NARROW = 205  # pixels of a column, at least
_FINE = 20  # steps of a share
_SLOWER = 1.0  # seconds between two looks at a training, which has no pictures


def draw(comparison: Comparison, key: str, *, pressed: bool) -> Comparison:
    """Draw the undefended row and all columns, see to their runs, and return the comparison with its new strengths."""
    before = comparison
    _attend(comparison, NONE, 0.0, key=key, pressed=pressed)
    with st.container(border=True):
        _result(comparison, NONE, key)
    grid = st.grid(max(len(comparison.columns), 1), min_column_width=_NARROW)
    for column in comparison.columns:
        with grid, st.container(border=True, height="stretch", key=f"{key}.column.{column.protection}"):
            comparison = _column(comparison, column.protection, key, pressed=pressed)
    _learn(comparison, key, pressed=pressed)
    if comparison != before:
        held.hold(key, comparison)
    return comparison


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
            defended = comparison.defended()
            line = getattr(command, "defend_command_line", lambda *a: "TEMP")(defended, column.protection, column.strength)
            st.code(line, language="bash", wrap_lines=True)


def tell(watched: Watched) -> Told:
    """Return in a sentence what both attackers have seen, and what should be known beside it."""
    opening = views.remarks(watched.frames[0].note) if watched.frames else []
    if not (watched.last and watched.last.final):
        return "", opening
    return views.sentence(watched.last), list(dict.fromkeys([*opening, *views.remarks(watched.last.note)]))


def _column(comparison: Comparison, name: str, key: str, *, pressed: bool) -> Comparison:
    """Draw one defence, with the strength that its slider says."""
    protection, said = PROTECTIONS[name], words.defences()[name]
    st.markdown(f"**{protection.title}**  \n:small[{views.PLACES[protection.part.place]}]")
    st.caption(f"{said['idea']} {words.cited(said['source'])}.")
    value = _strength(protection, comparison.strength(name), key)
    if value != comparison.strength(name):
        comparison = comparison.stronger(name, value)
    lacking = defences.lacking(comparison, name, value)
    for line in lacking:
        st.warning(line, icon=":material/help:")
    if lacking:
        return comparison
    _attend(comparison, name, value, key=key, pressed=pressed)
    _result(comparison, name, key)
    return comparison


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


def _attend(comparison: Comparison, place: str, strength: float, *, key: str, pressed: bool) -> None:
    """See to it that a column shows a run of what it says: one that is known, or, where it goes by itself, a new one."""
    _see_to(comparison.defended(place, strength), defences.runs(place), comparison, key, pressed=pressed)


def _learn(comparison: Comparison, key: str, *, pressed: bool) -> None:
    """See to the trainings of all columns, after the attacks, which are quicker and show more."""
    for name in (NONE, *_keys(comparison)):
        strength = comparison.strength(name) or 0.0
        if name == NONE or not defences.lacking(comparison, name, strength):
            training = comparison.utility(name, strength)
            _see_to(training, defences.runs(f"{name}.utility"), comparison, key, pressed=pressed)


def _see_to(experiment: Defended | Utility, name: str, comparison: Comparison, key: str, *, pressed: bool) -> None:
    held_ids = st.session_state.get(name) or []
    run = shared.state(held_ids[0]) if held_ids else None
    if run and run.experiment == experiment.model_dump_json() and not (pressed and _ended_early(run)):
        return
    try:
        found = shared.find(experiment)
        if found is None and (pressed or defences.goes(key, comparison)):
            _supersede(run)
            own = not (defences.offered(comparison) or isinstance(experiment, Utility))
            found = shared.begin(experiment, device=held.device(key), own=own)
    except Refusal as refusal:
        st.error(str(refusal), icon=":material/error:")
        return
    if found:
        st.session_state[name] = [found]


def _ended_early(run: Run) -> bool:
    return run.over and run.status != "finished"


def _supersede(run: Run | None) -> None:
    """Cancel the visitor's own run that a new strength leaves behind."""
    if run and not run.over and run.owner == session.visitor():
        watch.cancel(run.id)


def _result(comparison: Comparison, place: str, key: str) -> None:
    """Show a column's run as far as it has come, redrawn while it goes on."""
    strength = comparison.strength(place) or 0.0
    wanted = comparison.defended(place, strength).model_dump_json()
    ids, trainings = (st.session_state.get(defences.runs(name)) or [] for name in (place, f"{place}.utility"))
    learning = next((run for run in map(shared.state, trainings) if run), None)
    attacked = watch.running(f"{key}.{place}")
    going = attacked or (learning is not None and not learning.over)

    def show() -> None:
        watched = watch.look(ids[0]) if ids else None
        training = shared.state(trainings[0]) if trainings else None
        if watched is None:
            _missing(ids)
        else:
            with st.container(key=f"{key}.result.{place}", gap="small"):
                _show(watched, training, stale=watched.run.experiment != wanted, place=place)
        if going and (watched is None or watched.run.over) and (training is None or training.over):
            st.rerun()

    st.fragment(show, run_every=(watch.TICK if attacked else _SLOWER) if going else None)()


def _missing(ids: list[str]) -> None:
    for sentence in [st.session_state.get("gone", {}).get(run_id) for run_id in ids]:
        if sentence:
            st.info(sentence, icon=":material/search_off:")
    if not ids:
        st.caption("Not attacked yet: press **Attack them all**.")


def _show(watched: Watched, training: Run | None, *, stale: bool, place: str) -> None:
    try:
        watch.status(watched, f"defences.{place}", tell=tell)
        if stale:
            st.caption(":material/history: Of earlier settings. **Attack them all** brings it up to date.")
        _draw(watched, training, place)
    except Refusal as refusal:  # deleted at this very moment, or a store in trouble
        st.info(str(refusal), icon=":material/search_off:")


def _draw(watched: Watched, training: Run | None, place: str) -> None:
    """Show the pictures and the numbers of a run."""
    if not watched.frames:
        if not watched.run.over:
            st.skeleton(height=220)
        return
    frame, first = watched.last, watched.frames[0]
    wanted = {(first.index, name) for name in ("truth", "sent")}
    wanted |= {(_newest(watched, name), name) for name in views.pictured(frame)}
    pictures = {name: picture for (_, name), picture in watched.at(wanted).items()}
    if place == NONE:
        left, right = st.columns([3, 2], vertical_alignment="center")
        left.html(views.beginning(frame, pictures))
        right.html(views.listed(_facts(watched, training, place)))
    else:
        st.html(views.pair(frame, pictures))
        st.html(views.listed(_facts(watched, training, place)))


def _newest(watched: Watched, name: str) -> int:
    """Return the newest frame that has a picture: an attack that is over shows its last guess."""
    return watched.last.index if name in ("reconstruction", "adaptive") else watched.frames[0].index


def _facts(watched: Watched, training: Run | None, place: str) -> views.Facts:
    found = views.facts(watched.last)
    if place == NONE:
        found = [(term, said) for term, said in found if term in ("‖signal‖", "sent")]
    scalars = training.summary if training else {}
    return [*found, ("accuracy", views.accuracy(scalars, _undefended() if place != NONE else None))]


def _row(comparison: Comparison, place: str) -> dict[str, Any]:
    """Return what is known of a column in numbers; nothing where nothing is."""
    strength = comparison.strength(place) or 0.0
    ids, trainings = (st.session_state.get(defences.runs(name)) or [] for name in (place, f"{place}.utility"))
    attacked, learnt = (shared.state(found[0]) if found else None for found in (ids, trainings))
    if attacked is None or attacked.status != "finished":
        return {}
    known = learnt.summary if learnt and learnt.status == "finished" else None
    [row] = tradeoff.rows([tradeoff.Spot(place, place, strength, attacked=attacked.summary, learnt=known)])
    return row


def _undefended() -> float | None:
    """Return how well is learnt where nobody defends, once that is known."""
    ids = st.session_state.get(defences.runs(f"{NONE}.utility")) or []
    run = shared.state(ids[0]) if ids else None
    return run.summary.get("accuracy") if run and run.status == "finished" else None


def _keys(comparison: Comparison) -> list[str]:
    return [column.protection for column in comparison.columns]
