"""Landscape: the loss the attack climbs about in, cut through the truth, with every restart's path on it."""

import streamlit as st

from leaklab.ui import session, words

session.begin("landscape")
words.lead("landscape")
with st.spinner("Loading PyTorch, once ..."):
    from leaklab.ui import choose, held, show, source, watch

KEY = "landscape"
experiment = choose.inversion(KEY)
cut = choose.landscape(experiment, KEY)
ready = choose.mend(experiment, KEY, *cut.missing())
if st.button("Survey", type="primary", key="survey", icon=":material/terrain:", disabled=not ready):
    watch.launch(choose.surveys(cut, KEY), KEY, held.device(KEY))
watch.follow(KEY, show.landscape)
source.show(*source.of_landscape(cut))
words.tell("landscape", "How to read it")
words.tell("landscape", "When would this not work?")
