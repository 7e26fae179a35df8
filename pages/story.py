"""Story: what a gradient gives away, for someone who has never heard the word; it moves before anything is computed."""

import streamlit as st

from leaklab.ui import session, story, words

session.begin("story")
words.lead("story")
story.film()
for number, (heading, text) in enumerate(story.steps(), start=1):
    with st.container(key=f"step-{number}"):
        st.markdown(f"### {number}. {heading}")
        picture, sentence = st.columns([1, 2], vertical_alignment="center")
        with picture:
            story.picture(number)
        with sentence:
            st.markdown(text)
st.page_link("pages/playground.py", label="Try it yourself in the playground", icon=":material/experiment:")
st.markdown(words.parts("story")["When it does not work"])
