"""Two finished runs side by side, as an address asks for them: whatever they attacked, at the same evaluations."""

import json
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from leaklab.experiments.command import command_line
from leaklab.experiments.experiment import read
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.lineup import Entry, Lineup, apart, of_runs
from leaklab.settings import Refusal
from leaklab.ui import held, lineup, lineup_results, session, show, words
from leaklab.ui.lineup import KEY

_PLACE = f"{KEY}.two"


def asked() -> tuple[str, str] | None:
    """Return the two runs that the address names; None where it does not name two."""
    first, second = (st.query_params.get(word) for word in lineup.link("", ""))
    return (first, second) if first and second else None


def draw(ids: tuple[str, str]) -> None:
    """Show two runs side by side, and offer to go on from them with the controls of the page."""
    try:
        first, second = (_attack(run_id) for run_id in ids)
    except Refusal as refusal:
        st.warning(str(refusal), icon=":material/search_off:")
        st.button("Compare attacks of your own", key=f"{_PLACE}.leave", on_click=_leave)
        return
    titles = Lineup(base=first, entries=(Entry(recipe=first.recipe), Entry(recipe=second.recipe))).titles
    differ = apart(first, second)
    said = words.parts(KEY)["Two runs of one observation" if not differ else "Two runs of different observations"]
    st.markdown(said.replace("[what differs]", ", ".join(differ[:5]) + (" and more" if len(differ) > 5 else "")))
    if not differ:
        st.button(
            "Go on from these two", key=f"{_PLACE}.adopt", on_click=_adopt, args=(first, second),
            icon=":material/tune:", help="Puts both attacks into the controls of this page.",
        )  # fmt: skip
    else:
        st.button("Compare attacks on one observation", key=f"{_PLACE}.leave", on_click=_leave)
    lineup_results.follow(ids, titles, (first, second), key=_PLACE)
    with st.expander("Who sees what", icon=":material/visibility:"):
        show.threat(first)
    settings = {run_id: _public(one) for run_id, one in zip(ids, (first, second), strict=True)}
    commands = [command_line(one) for one in (first, second)]
    address = urlencode(lineup.link(*ids))
    lineup_results.take_home(lineup_results.shown(ids, titles), settings, address, commands, _PLACE)


def _attack(run_id: str) -> Inversion:
    """Return the attack that a run was of.

    Raises: Refusal, when it cannot be opened, or is of another kind.
    """
    found = read(session.services().store.run(run_id, session.visitor()).experiment)
    if not isinstance(found, Inversion):
        raise Refusal(f"Run {run_id} is of another kind than can be compared here: open it from the page Runs.")
    return found


def _public(inversion: Inversion) -> dict[str, Any]:
    return json.loads(inversion.model_dump_json(context={"public_only": True}))


def _adopt(first: Inversion, second: Inversion) -> None:
    _leave()
    held.adopt(KEY, of_runs([first, second])[0])


def _leave() -> None:
    for word in lineup.link("", ""):
        st.query_params.pop(word, None)
