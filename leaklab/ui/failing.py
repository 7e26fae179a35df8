"""What fails: the ways in which defences disappoint, each in plain words with the start that shows it."""

import re

import streamlit as st

from leaklab.experiments.comparison_presets import COMPARISON_PRESETS
from leaklab.ui import defences, words

_HEADING = "What fails: "
_PRESET = re.compile(r"\n*\[start: ([a-z-]+)\]\s*$")


def tell(key: str) -> None:
    """Tell every failure, with a button that puts it into the columns where there is a setting that shows it."""
    st.subheader("What fails", anchor=False)
    st.markdown(words.parts("defences")["What fails"])
    for title, (text, preset) in told().items():
        with st.expander(title):
            st.markdown(text)
            if preset:
                st.button(
                    "Show it in the columns", key=f"{key}.show.{preset}", icon=":material/play_arrow:",
                    on_click=defences.start, args=(key, preset), help=COMPARISON_PRESETS[preset].sentence,
                )  # fmt: skip


def told() -> dict[str, tuple[str, str]]:
    """Return each failure's title with its text and the start that shows it; nothing where no setting can."""
    found = {}
    for heading, text in words.parts("defences").items():
        if heading.startswith(_HEADING):
            start = _PRESET.search(text)
            found[heading.removeprefix(_HEADING)] = (_PRESET.sub("", text), start[1] if start else "")
    return found
