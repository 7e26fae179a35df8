"""An address as a code to point a telephone at; it is drawn here and asks nobody."""

from html import escape
from urllib.parse import urlsplit

import segno

_HERE = ("localhost", "127.0.0.1", "::1")


def code(address: str) -> str:
    """Return an address as a QR code in HTML, dark on light whatever the page's colours are; empty when too long."""
    try:
        drawn = segno.make(address, error="l", micro=False)
    except segno.DataOverflowError:
        return ""
    image = escape(drawn.svg_data_uri(dark="#000", light="#fff", border=4, omitsize=True))
    # Long addresses are read out letter by letter: wherever the code stands, the address stands as text.
    return f'<img class="leaklab-qr" src="{image}" alt="QR code of the address that stands with it">'


def reachable(address: str) -> bool:
    """Return whether an address means the same on another machine."""
    host = urlsplit(address).hostname
    return host is not None and host not in _HERE
