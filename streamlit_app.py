"""The app: its list of pages and nothing else."""

import streamlit as st

from leaklab.ui import session

st.set_page_config("leaklab", page_icon="assets/logo.svg", layout="wide")
st.logo("assets/logo.svg", size="large")
session.preload()

GROUPS = {  # pages/NAME.py with its icon, by the word they are found under; the first stand in the open
    "": {
        "story": "auto_stories", "playground": "experiment", "lessons": "school", "compare": "compare",
        "runs": "photo_library",
    },
    "Look closer": {"landscape": "landscape", "labels": "sell", "federation": "hub", "drift": "route"},
    "Go further": {"defences": "shield", "enhance": "auto_fix_high", "sweeps": "grid_on"},
    "Behind it": {"check": "fact_check", "about": "info"},
}  # fmt: skip
PAGES = {
    word: [
        st.Page(f"pages/{name}.py", title=name.capitalize(), icon=f":material/{icon}:", default=name == "story")
        for name, icon in group.items()
    ]
    for word, group in GROUPS.items()
}
page = st.navigation(PAGES, position="top")
with session.refusals():
    page.run()
