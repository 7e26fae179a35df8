"""Story: what a gradient gives away, for someone who has never heard the word; it moves before anything is computed."""

import streamlit as st

from leaklab.ui import recognising, session, story, words

session.begin("story")
words.lead("story")
story.film()
for number, (heading, _) in enumerate(story.steps(), start=1):
    story.step(number, heading)
st.markdown(f"### {story.TRY}")
words.tell("story", story.TRY)
story.live()
st.markdown(f"### {story.GUESS}")
words.tell("story", story.GUESS)
recognising.play()
st.markdown(f"### {story.FAILS}")
story.doubts()
st.page_link("pages/playground.py", label="Try it yourself in the playground", icon=":material/experiment:")
