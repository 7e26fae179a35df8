"""Enhance: a raw reconstruction made presentable in three ways, and how much of each was never in any gradient."""

import streamlit as st

from leaklab.ui import session, words

session.begin("enhance")
words.lead("enhance")
with st.spinner("Loading PyTorch, once ..."):
    from leaklab.ui import enhance, held, invented, source, watch

KEY = enhance.KEY
experiment = enhance.choose()
ready = enhance.ready(experiment)
with st.container(horizontal=True, vertical_alignment="bottom", key="actions"):
    pressed = st.button(
        "Enhance", type="primary", key="enhance.start", icon=":material/auto_fix_high:", shortcut="Ctrl+Enter",
        disabled=not ready,
    )  # fmt: skip
    st.button(
        "New seed", key="reseed", icon=":material/casino:", on_click=enhance.reseed,
        help="Draws another network and other noise, and photographs where none are chosen, at the next press.",
    )  # fmt: skip
if pressed:
    watch.launch([experiment], KEY, held.device(KEY))
watch.follow(KEY, invented.show, tell=invented.tell)
source.show(*source.of_enhancing(experiment))
words.tell("enhance", "How to read it")
words.tell("enhance", "When would this not work?")
words.tell("enhance", "What is not included")
