"""Marks of a chart as buttons: what is selected counts as a click once, at the moment it is made."""

from typing import Any

import streamlit as st


def fresh(selected: list[Any], key: str) -> list[dict[str, Any]]:
    """Return what has just been selected in the chart of a key; nothing where that is selected already.

    Points that come in shift the numbers of those behind them: only another selection is another click.
    """
    now, name = [dict(one) for one in selected], f"{key}.clicked"
    before, st.session_state[name] = st.session_state.get(name, []), now
    return now if now != before else []
