"""Sweeps: one knob of an attack or two at several values each, and what comes back at every combination."""

import streamlit as st

from leaklab.ui import session, words

session.begin("sweeps")
words.lead("sweeps")
with st.spinner("Loading PyTorch, once ..."):
    from leaklab.ui import held, source, sweep_results, sweeps, watch

sweep, ready = sweeps.choose_sweep()
with st.container(horizontal=True, vertical_alignment="bottom", key="actions"):
    pressed = st.button(
        "Sweep", type="primary", key="sweep", icon=":material/grid_on:", shortcut="Ctrl+Enter", disabled=not ready,
        help="Attacks every cell, the corners first.",
    )  # fmt: skip
    st.button(
        "New seed", key="reseed", icon=":material/casino:", on_click=sweeps.reseed,
        help="Draws another network and other noise, and photographs where none are chosen, at the next press.",
    )  # fmt: skip
if pressed:
    watch.launch([sweep], sweeps.KEY, held.device(sweeps.ATTACK))
watch.follow(sweeps.KEY, sweep_results.show)
source.show(*sweeps.code(), *source.of_attack(sweep.inversion))
words.tell("sweeps", "How to read it")
words.tell("sweeps", "When would this not work?")
