"""A curve that may change many times a second: it keeps its zoom and its hidden lines, and shares the reel's cursor.

Streamlit's own ECharts element starts its chart anew at every change of the data, so a zoom would last one tick;
for a drawing that stands still it is the better choice.
"""

from pathlib import Path

import streamlit as st

from leaklab.views.options import Option

_HERE = Path(__file__).with_name("curve")
_HTML, _CSS, _JS = (_HERE.with_suffix(kind).read_text(encoding="utf-8") for kind in (".html", ".css", ".js"))
_mount = st.components.v2.component("leaklab_curve", html=_HTML, css=_CSS, js=_JS)


def curve(option: Option, *, key: str, alt: str, group: str = "", height: int = 300) -> None:
    """Show an option of `views.curves`; `group` is the key of the reel whose cursor it shares."""
    drawn = {name: option[name] for name in ("xAxis", "yAxis", "series", "title") if name in option}
    _mount(key=key, data={"option": drawn, "group": group, "alt": alt, "height": height})
