"""Compare: several attacks on the very same observation, aligned by what each has cost."""

import streamlit as st

from leaklab.ui import session, words

session.begin("compare")
words.lead("compare")
with st.spinner("Loading PyTorch, once ..."):
    from leaklab.ui import lineup, lineup_pair, lineup_results, lineup_runs, show

KEY = lineup.KEY
if two := lineup_pair.asked():
    lineup_pair.draw(two)
else:
    wanted = lineup.choose()
    ready = lineup.mend(wanted)
    with st.container(horizontal=True, vertical_alignment="bottom", key="actions"):
        pressed = st.button(
            "Attack with all", type="primary", key="attack", icon=":material/bolt:", shortcut="Ctrl+Enter",
            disabled=not ready,
        )  # fmt: skip
        st.button(
            "New seed", key="reseed", icon=":material/casino:", on_click=lineup.reseed,
            help="Draws another network and other noise, and photographs where none are chosen, and attacks again.",
        )  # fmt: skip
    if pressed:
        lineup.press(wanted)
    ids = lineup_runs.attend(wanted, pressed=pressed)
    lineup_results.follow(ids, wanted.titles, wanted.inversions, key=KEY)
    with st.expander("Who sees what", icon=":material/visibility:"):
        show.threat(wanted.base)
    lineup_runs.take_home(wanted, ids)
words.tell("compare", "How to read it")
words.tell("compare", "When would this not work?")
