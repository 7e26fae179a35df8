"""Labels: which classes a gradient gives away, and how often each, by every method side by side."""

import streamlit as st

from leaklab.ui import session, words

session.begin("labels")
words.lead("labels")
with st.spinner("Loading PyTorch, once ..."):
    from leaklab.ui import held, labels, readings, source, watch

KEY = "labels"
experiment = labels.choose(KEY)
ready = labels.ready(experiment)
with st.container(horizontal=True, vertical_alignment="bottom", key="actions"):
    pressed = st.button(
        "Read the labels", type="primary", key="read", icon=":material/sell:", shortcut="Ctrl+Enter",
        disabled=not ready,
    )  # fmt: skip
    st.button(
        "New seed", key="reseed", icon=":material/casino:", on_click=held.reseed, args=(KEY,),
        help="Draws other labels, other photographs and another network at the next press.",
    )  # fmt: skip
if pressed:
    watch.launch([experiment], KEY, held.device(KEY))
if ready:
    labels.before(experiment, KEY)
watch.follow(KEY, readings.show)
source.show(*source.of_labels())
words.tell("labels", "How to read it")
words.tell("labels", "When would this not work?")
