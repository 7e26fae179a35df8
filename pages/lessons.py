"""Lessons: half-hours for a class, in which every answer is predicted first and then decided by a run."""

import streamlit as st

from leaklab.ui import session, words

session.begin("lessons")
words.lead("lessons")
with st.spinner("Loading PyTorch, once ..."):
    from leaklab.ui import lessons

if lessons.draw():
    st.page_link(
        "pages/playground.py", label="A tour of the playground, in six steps", icon=":material/tour:",
        query_params={"tour": "1"},
    )  # fmt: skip
    words.tell("lessons", "How to teach with it")
words.tell("lessons", "When would this not work?")
