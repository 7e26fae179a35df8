"""Check: whether everything stands ready for a class, a test attack, and a clean table afterwards."""

import streamlit as st

from leaklab.ui import session, words

session.begin("check")
words.lead("check")
with st.spinner("Loading PyTorch, once ..."):
    from leaklab.ui import check, source

check.findings()
st.subheader("A test attack", anchor=False)
check.attack()
source.show(*source.of_attack(check.TEST))
st.subheader("After a class", anchor=False)
check.clear()
words.tell("check", "When would this not work?")
