"""A pad to draw on in the browser: what is drawn arrives as a picture once it is used, and not before."""

import base64
import binascii
from pathlib import Path

import streamlit as st

from leaklab.settings import Refusal

_HERE = Path(__file__).with_name("pad")
_HTML, _CSS, _JS = (_HERE.with_suffix(kind).read_text(encoding="utf-8") for kind in (".html", ".css", ".js"))
_mount = st.components.v2.component("leaklab_pad", html=_HTML, css=_CSS, js=_JS)
_PNG = "data:image/png;base64,"


def pad(*, key: str) -> bytes | None:
    """Show the pad and return the drawing, as the bytes of a PNG, in the run after it was used; None otherwise.

    Raises: Refusal, when what arrived is no such picture.
    """
    return decoded(_mount(key=key, on_drawn_change=_rerun).get("drawn"))


def decoded(drawn: str | None) -> bytes | None:
    """Return the bytes of a picture that the browser wrote as text.

    Raises: Refusal, when it is no such text.
    """
    if drawn is None:
        return None
    try:
        return base64.b64decode(drawn.removeprefix(_PNG), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refusal("The drawing was changed on its way: press Use it once more.") from error


def _rerun() -> None:
    """A drawing asks for nothing but a rerun."""
