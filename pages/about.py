"""About: what leaklab rests on, what of it is exact, who may attack what, and whose pictures these are."""

import streamlit as st

from leaklab.ui import session, words

session.begin("about")
words.lead("about")
with st.spinner("Loading PyTorch, once ..."):
    from leaklab.ui import about

st.subheader("Papers", anchor=False)
about.papers()
st.subheader("What is exact, and what is in the style of", anchor=False)
about.exact()
st.subheader("Ethics", anchor=False)
words.tell("about", "Ethics")
st.subheader("Licences", anchor=False)
about.licences()
st.subheader("Glossary", anchor=False)
about.terms()
words.tell("about", "When would this not work?")
st.caption(about.numbered())
