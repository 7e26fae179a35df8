"""A grid of photographs to choose from by clicking; chosen ones carry their number, in the order they are used."""

import base64
from functools import lru_cache
from pathlib import Path

import streamlit as st

from leaklab.images.photos import ALBUM, picture
from leaklab.views.strips import png

_HERE = Path(__file__).with_name("album")
_HTML, _CSS, _JS = (_HERE.with_suffix(kind).read_text(encoding="utf-8") for kind in (".html", ".css", ".js"))
_mount = st.components.v2.component("leaklab_album", html=_HTML, css=_CSS, js=_JS)


def album(chosen: tuple[str, ...], *, most: int, key: str) -> tuple[str, ...]:
    """Show the album and return the keys of the photographs that are chosen, at most so many."""
    data = {"photographs": _thumbnails(), "chosen": list(chosen), "most": most}
    answer = _mount(key=key, data=data, default={"chosen": list(chosen)}, on_chosen_change=_rerun)
    known = {photograph.key for photograph in ALBUM}
    return tuple(name for name in answer["chosen"] or () if name in known)[:most]


def _rerun() -> None:
    """A click asks for nothing but a rerun."""


@lru_cache
def _thumbnails() -> list[dict[str, str]]:
    return [
        {"key": photograph.key, "title": photograph.title, "src": _uri(photograph.key)} for photograph in ALBUM
    ]  # fmt: skip


def _uri(key: str) -> str:
    return "data:image/png;base64," + base64.b64encode(png(picture(key, 32))).decode()
