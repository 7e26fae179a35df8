"""Drift: the way the weights take while a client trains, and how far clients stray from one that holds everything."""

import streamlit as st

from leaklab.ui import session, words

session.begin("drift")
words.lead("drift")
with st.spinner("Loading PyTorch, once ..."):
    from leaklab.ui import cells, drift, held, source, walks, watch

BUTTONS = {"paths": ("Walk", ":material/route:", walks.show), "drift": ("Measure", ":material/straighten:", cells.show)}

KEY = drift.part()
label, icon, show = BUTTONS[KEY]
experiment = drift.choose(KEY)
ready = drift.ready(experiment)
with st.container(horizontal=True, vertical_alignment="bottom", key="actions"):
    pressed = st.button(
        label, type="primary", key=f"{KEY}.start", icon=icon, shortcut="Ctrl+Enter", disabled=not ready
    )  # fmt: skip
    st.button(
        "New seed", key="reseed", icon=":material/casino:", on_click=drift.reseed, args=(KEY,),
        help="Draws other photographs (where none are chosen), another network and other noise at the next press.",
    )  # fmt: skip
if pressed:
    watch.launch([experiment], KEY, held.device(KEY))
watch.follow(KEY, show)
source.show(*source.of_drift(experiment))
words.tell("drift", f"How to read it: {drift.PARTS[KEY].title}")
words.tell("drift", "When would this not work?")
