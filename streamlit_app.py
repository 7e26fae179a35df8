"""The app: its list of pages and nothing else."""

import streamlit as st

from leaklab.ui import session

st.set_page_config("leaklab", page_icon="assets/logo.svg", layout="wide")
st.logo("assets/logo.svg", size="large")
session.preload()

PAGES = {
    "": [
        st.Page("pages/story.py", title="Story", icon=":material/auto_stories:", default=True),
        st.Page("pages/playground.py", title="Playground", icon=":material/experiment:", url_path="playground"),
        st.Page("pages/lessons.py", title="Lessons", icon=":material/school:", url_path="lessons"),
        st.Page("pages/compare.py", title="Compare", icon=":material/compare:", url_path="compare"),
        st.Page("pages/runs.py", title="Runs", icon=":material/photo_library:", url_path="runs"),
    ],
    "Look closer": [
        st.Page("pages/landscape.py", title="Landscape", icon=":material/landscape:", url_path="landscape"),
        st.Page("pages/labels.py", title="Labels", icon=":material/sell:", url_path="labels"),
        st.Page("pages/federation.py", title="Federation", icon=":material/hub:", url_path="federation"),
        st.Page("pages/drift.py", title="Drift", icon=":material/route:", url_path="drift"),
    ],
    "Go further": [
        st.Page("pages/defences.py", title="Defences", icon=":material/shield:", url_path="defences"),
        st.Page("pages/enhance.py", title="Enhance", icon=":material/auto_fix_high:", url_path="enhance"),
        st.Page("pages/sweeps.py", title="Sweeps", icon=":material/grid_on:", url_path="sweeps"),
    ],
    "Behind it": [
        st.Page("pages/check.py", title="Check", icon=":material/fact_check:", url_path="check"),
        st.Page("pages/about.py", title="About", icon=":material/info:", url_path="about"),
    ],
}
page = st.navigation(PAGES, position="top")
with session.refusals():
    page.run()
