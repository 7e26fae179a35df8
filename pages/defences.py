"""Defences: one photograph and its gradient under several defences, two attackers, and what learning loses."""

import streamlit as st

from leaklab.ui import session, words

session.begin("defences")
words.lead("defences")
with st.spinner("Loading PyTorch, once ..."):
    from leaklab.ui import columns, defences, enough, failing, figure, show, source

KEY = "defences"
comparison = defences.choose(KEY)
with st.container(horizontal=True, vertical_alignment="bottom", key="actions"):
    pressed = st.button(
        "Attack them all", type="primary", key="attack", icon=":material/bolt:", shortcut="Ctrl+Enter",
        help="Attacks whatever is not known yet. From then on, a column whose slider moves is attacked by itself.",
    )  # fmt: skip
    st.button(
        "New seed", key="reseed", icon=":material/casino:", on_click=defences.reseed, args=(KEY,),
        help="Draws another network, other dice and other noise, and attacks once more.",
    )  # fmt: skip
if pressed:
    defences.press(KEY, comparison)
columns.draw(comparison, KEY, pressed=pressed)
enough.ask(comparison, KEY)
figure.ask(comparison, KEY)
with st.expander("Who sees what", icon=":material/visibility:"):
    show.threat(comparison.inversion)
failing.tell(KEY)
columns.take_home(comparison)
source.show(*source.of_defences(comparison))
words.tell("defences", "How to read it")
words.tell("defences", "When would this not work?")
columns.spell(comparison)
