"""Playground: choose a victim and an attack, press the button, watch the photograph come back."""

import streamlit as st

from leaklab.ui import session, words

session.begin("playground")
words.lead("playground")
with st.spinner("Loading PyTorch, once ..."):
    from leaklab.ui import choose, cost, held, machines, show, source, sweeps, tour, watch

KEY = "playground"
tour.offer(KEY)
experiment = choose.inversion(KEY)
ready = choose.mend(experiment, KEY)
with st.container(horizontal=True, vertical_alignment="bottom", key="actions"):
    pressed = st.button(
        "Attack", type="primary", key="attack", icon=":material/bolt:", shortcut="Ctrl+Enter", disabled=not ready
    )
    st.button(
        "Again, same seed", key="again", icon=":material/replay:", on_click=held.again, args=(KEY,),
        disabled=not ready,
        help="Starts over from the very same noise; on a CPU the picture is identical.",
    )  # fmt: skip
    st.button(
        "New seed", key="reseed", icon=":material/casino:", on_click=held.reseed, args=(KEY,),
        help="Draws other photographs (where none are chosen), another network and other noise at the next attack.",
    )  # fmt: skip
    sweeps.offer(experiment)
if ready:
    cost.before(experiment)
if pressed or held.asked_again(KEY):
    watch.launch(choose.experiments(experiment, KEY), KEY, held.device(KEY))
show.before(experiment, KEY)
watch.follow(KEY, show.inversion)
show.next_steps(KEY)
with st.expander("Who sees what", expanded=True, icon=":material/visibility:"):
    show.threat(experiment)
show.pins(KEY)
machines.ask(experiment, device=held.device(KEY))
source.show(*source.of_attack(experiment))
words.tell("playground", "When would this not work?")
