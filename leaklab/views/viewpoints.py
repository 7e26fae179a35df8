"""A round as three places see it: every photograph beside what each place rebuilds, and sentences that compare them.

Pictures travel inside the HTML, as PNG: a page that follows a run shows them several times a second, and an address
that is fetched each time would come too late.
"""

import math
from collections.abc import Mapping
from html import escape

import numpy as np

from leaklab.experiments.frame import Frame
from leaklab.experiments.viewpoints import VIEWS
from leaklab.federation.rounds import Federation, View
from leaklab.views import strips
from leaklab.views.captions import masked

Pictures = Mapping[str, np.ndarray]

PLACES: dict[View, str] = {
    "per-client": "The server at each client", "aggregated": "The server at the average", "client": "A client",
}  # fmt: skip

LEGEND = (
    "At the left of each pair the private photograph, at the right what was rebuilt of it. At the end ✓ says that it "
    "is recognisable (20 dB, and 3 dB better than without any attack), ✗ that it is not."
)

_RECOGNISED, _NOT = "✓", "✗"
_FEW, _MOST = 4, 24  # photographs that are shown large, and that are shown at all
_LARGE, _SMALL = 96, 64  # pixels on the screen
_UNLIKE, _SOMEWHAT = 0.1, 0.5  # correlations below which one list says nothing of another, or not much


def describe(federation: Federation, view: View) -> str:
    """Say in a sentence what is looked at from a place."""
    if view == "client":
        return (
            "Client 1 takes part, and subtracts two global models in a row: what is left is the average of all. "
            "Its own photographs it knows."
        )
    if view == "aggregated":
        return "Nothing but the average update of all clients: whose part is whose cannot be told."
    if masked(federation):
        return "Every packet as it comes in, before the sum: each update lies under masks that only the sum takes off."
    return "Every client's own update as it comes in, before anything is averaged."


def board(frame: Frame, view: View, pictures: Pictures) -> str:
    """Return HTML that shows every photograph beside its reconstruction, with whose it is and how near it came."""
    whose = [int(client) for client in frame.series[f"client.{view}"]]
    private, rebuilt = (strips.split(pictures[f"{name}.{view}"], len(whose)) for name in ("truth", "reconstruction"))
    cells = "".join(
        _cell(private[n], rebuilt[n], f"client {client + 1}", _said(frame, view, n), large=len(whose) <= _FEW)
        for n, client in enumerate(whose[:_MOST])
    )
    more = len(whose) - _MOST
    rest = f'<p class="more">and {more} more, which count in the mean</p>' if more > 0 else ""
    return f'<div class="leaklab-board {"large" if len(whose) <= _FEW else "small"}">{cells}{rest}</div>'


def worth(frame: Frame, view: View) -> str:
    """Say how near the reconstructions came in the mean, and once it is certain, how many are recognisable."""
    values = [frame.series[f"psnr.{view}"][n] for n in others(frame, view)]
    whose = " of the others'" if view == "client" else ""
    finite = values and all(map(math.isfinite, values))
    mean = f"Mean PSNR{whose} {sum(values) / len(values):.1f} dB" if finite else f"Mean PSNR{whose} –"
    if (counted := recognised(frame, view)) is None:
        return mean
    many, all_ = counted
    return f"{mean}, {many} of {all_} recognisable"


def others(frame: Frame, view: View) -> list[int]:
    """Return which photographs are somebody else's: for a client that looks, all but its own."""
    whose = frame.series[f"client.{view}"]
    return [n for n, client in enumerate(whose) if view != "client" or client != 0]


def recognised(frame: Frame, view: View) -> tuple[int, int] | None:
    """Return how many of how many photographs of others are recognisable; None while that is not known."""
    known = frame.series.get(f"recognised.{view}")
    if known is None:
        return None
    found = [known[n] > 0 for n in others(frame, view)]
    return sum(found), len(found)


def lost(note: str, view: View) -> str:
    """Return why nothing can be seen from a place; nothing where something can."""
    return next((line.partition(": ")[2] for line in note.split("\n") if line.startswith(f"{view}: ")), "")


def remarks(note: str) -> list[str]:
    """Return what is said of the whole round, and of no single place."""
    return [line for line in note.split("\n") if line and not line.startswith(tuple(f"{view}: " for view in VIEWS))]


def compare(frame: Frame, federation: Federation) -> str:
    """Say in one sentence how much each place sees of a round whose attacks are over."""
    found = {view: counted for view in VIEWS if (counted := recognised(frame, view)) is not None}
    where = {"per-client": "at each client", "aggregated": "in the average"}
    server = [f"{found[view][0]} of {found[view][1]} {words}" for view, words in where.items() if view in found]
    told = [f"the server recognises {' and '.join(server)}"] if server else []
    if "client" in found:
        told.append("a client {} of {} of the others'".format(*found["client"]))
    gist, told = _gist(found, federation), ", and ".join(told)
    return f"{gist}: {told}." if gist else f"{told[:1].upper()}{told[1:]}."


def likeness(correlation: float) -> str:
    """Say in words how like what arrives is to what a client has sent."""
    size = abs(correlation)
    if size < _UNLIKE:
        return f"Correlation {correlation:.3f}, as good as none: from a single packet nothing can be read."
    if size < _SOMEWHAT:
        return f"Correlation {correlation:.2f}: some of the update shows through."
    return f"Correlation {correlation:.2f}: the server reads the update nearly as it was."


def envelopes(pictures: Pictures) -> str:
    """Return HTML that shows the first numbers of one update as it was, and as the server receives it."""
    captions = {"update.true": "as client 1 computed it", "update.sent": "as it reaches the server"}
    figures = "".join(
        f"<figure>{_picture(pictures[name], f'an update {words}, as grey tones', _SMALL * 2)}"
        f"<figcaption>{words}</figcaption></figure>"
        for name, words in captions.items()
    )
    return f'<div class="leaklab-envelopes">{figures}</div>'


def titled(line: str) -> str:
    """Return a line that begins with a place's key with the place's title instead; any other as it is."""
    key, colon, rest = line.partition(": ")
    return f"{PLACES[key]}{colon}{rest}" if key in PLACES else line


def _cell(private: np.ndarray, rebuilt: np.ndarray, owner: str, said: str, *, large: bool) -> str:
    size = _LARGE if large else _SMALL
    pair = _picture(private, f"private photograph of {owner}", size)
    spoken = said.replace(_RECOGNISED, "recognisable").replace(_NOT, "not recognisable")
    pair += _picture(rebuilt, f"what was rebuilt of it: {spoken}", size)
    return f"<figure><div>{pair}</div><figcaption><b>{owner}</b> {escape(said)}</figcaption></figure>"


def _picture(picture: np.ndarray, alt: str, size: int) -> str:
    # Whole multiples of a pixel, so that all of them are squares of one size.
    width = picture.shape[1] * max(1, size // picture.shape[1])
    shown = min(width, 2 * size)
    return f'<img src="{strips.uri(strips.png(picture))}" alt="{escape(alt)}" width="{shown}">'


def _said(frame: Frame, view: View, number: int) -> str:
    value = frame.series[f"psnr.{view}"][number]
    near = f"{value:.0f} dB" if math.isfinite(value) else "–"
    if number not in others(frame, view):
        return f"{near}, its own"
    known = frame.series.get(f"recognised.{view}")
    if known is None:
        return near
    return f"{near} {_RECOGNISED if known[number] > 0 else _NOT}"


def _gist(found: Mapping[View, tuple[int, int]], federation: Federation) -> str:
    """Return the heart of a comparison, before the numbers; nothing where there is nothing to compare."""
    if not any(many for many, _ in found.values()):
        return "Nobody is recognisable from anywhere"
    alone, of = found.get("per-client", (0, 0))
    together = found.get("aggregated", (0, 0))[0]
    if masked(federation) and together > alone:
        return "Masks hide every single update, but not what the average tells"
    if federation.clients == 1 or "aggregated" not in found:
        return ""
    if together == of:
        return "Averaging hides nobody"
    if not together:
        return "Averaging leaves nobody clear"
    return "Averaging leaves fewer clear" if together < alone else "Averaging hides no more than single updates do"
