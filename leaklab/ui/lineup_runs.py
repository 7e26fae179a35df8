"""The runs of the page Compare: one for each attack, found where anybody has asked for it, or begun."""

import json
from collections.abc import Sequence

import streamlit as st

from leaklab.experiments.command import command_line
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.lineup import MOST, Lineup
from leaklab.settings import Refusal, to_link
from leaklab.ui import address, held, lineup, lineup_results, shared
from leaklab.ui.lineup import KEY


def attend(wanted: Lineup, *, pressed: bool) -> list[str | None]:
    """See to the run of every attack, and return them in order, None where there is none; the address follows."""
    asked = {inversion.model_dump_json(): inversion for inversion in wanted.inversions}
    _brought(asked)
    for number in range(MOST):
        _let_go(name(number), asked, again=pressed)
    missing = lineup.lacking(wanted)
    for number, inversion in enumerate(wanted.inversions):
        if not missing[number]:
            _see_to(inversion, name(number), begin=lineup.goes(wanted), own=not lineup.offered(wanted))
    found = [(st.session_state.get(name(number)) or [None])[0] for number in range(len(wanted.entries))]
    address.show(list(dict.fromkeys(filter(None, found))))
    return found


def name(number: int) -> str:
    """Return under which name the session keeps the run of an attack."""
    return f"{KEY}.{number}.runs"


def _brought(asked: dict[str, Inversion]) -> None:
    """Put the runs that an address has named to the attacks they are of; others are not shown."""
    places = list(asked)
    for run_id in st.session_state.pop(f"{KEY}.runs", ()):
        run = shared.state(run_id)
        if run and run.experiment in asked:
            st.session_state[name(places.index(run.experiment))] = [run_id]


def _let_go(kept: str, asked: dict[str, Inversion], *, again: bool) -> None:
    """Forget a run that nobody here asks for any more, and one that ended early or is gone where it is asked anew."""
    run = shared.first(kept)
    left = run is not None and run.experiment not in asked
    if left and not run.over:
        shared.cancel(run.id)
    if left or (again and (run is None or (run.over and run.status != "finished"))):
        st.session_state.pop(kept, None)


def _see_to(inversion: Inversion, kept: str, *, begin: bool, own: bool) -> None:
    """Keep, under a name, a run of an attack that is known, or a new one; one that was deleted is not begun anew."""
    run = shared.first(kept)
    if run and run.experiment == inversion.model_dump_json():
        return
    gone = run is None and bool(st.session_state.get(kept))
    try:
        found = shared.find(inversion)
        if found is None and begin and not gone:
            found = shared.begin(inversion, device=held.device(KEY), own=own)
    except Refusal as refusal:
        st.error(str(refusal), icon=":material/error:")
        return
    if found or not gone:
        st.session_state[kept] = [found] if found else []


def take_home(wanted: Lineup, ids: Sequence[str | None]) -> None:
    """Offer the line-up for keeping, with everything that is known of it."""
    settings = json.loads(wanted.model_dump_json(context={"public_only": True}))
    commands = [command_line(inversion) for inversion in wanted.inversions]
    seen = lineup_results.shown(ids, wanted.titles)
    lineup_results.take_home(seen, settings, f"x={to_link(wanted)}", commands, KEY)
