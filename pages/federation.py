"""Federation: one round of several clients, and who can be recognised in it from three places."""

import streamlit as st

from leaklab.ui import session, words

session.begin("federation")
words.lead("federation")
with st.spinner("Loading PyTorch, once ..."):
    from leaklab.ui import federation, guesses, held, source, viewpoints, watch

KEY = "federation"
experiment = federation.choose(KEY)
federation.diagram(experiment, KEY)
ready = federation.ready(experiment, KEY)
with st.container(horizontal=True, vertical_alignment="bottom", key="actions"):
    pressed = st.button(
        "Attack from three places", type="primary", key="attack", icon=":material/visibility:", shortcut="Ctrl+Enter",
        disabled=not ready,
    )  # fmt: skip
    st.button(
        "New seed", key="reseed", icon=":material/casino:", on_click=held.reseed, args=(KEY,),
        help="Draws other photographs (where none are chosen), another network and other noise at the next attack.",
    )  # fmt: skip
if pressed:
    watch.launch([federation.everywhere(experiment)], KEY, held.device(KEY))
watch.follow(KEY, viewpoints.show, tell=viewpoints.tell)
guesses.ask(experiment, device=held.device(KEY))
source.show(*source.of_federation())
words.tell("federation", "How to read it")
words.tell("federation", "When would this not work?")
