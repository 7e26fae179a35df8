"""Several attacks abreast, at the same number of evaluations: a row each, and one scrubber that moves them all.

It is drawn and moved in the browser alone; the server sends a sheet of pictures for each row, and its numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from leaklab.ui.watch import Watched
from leaklab.views import lineup, strips
from leaklab.views.lineup import Row
from leaklab.views.lineup_curves import stroke

_LIVE, _RESTING = (12, 160_000), (18, 400_000)  # marks and pixels sent: several times a second, or once

_HERE = Path(__file__).with_name("abreast")
_HTML, _CSS, _JS = (_HERE.with_suffix(kind).read_text(encoding="utf-8") for kind in (".html", ".css", ".js"))
_mount = st.components.v2.component("leaklab_abreast", html=_HTML, css=_CSS, js=_JS)

Pictures = Mapping[int, np.ndarray]  # place of a frame in its row -> reconstruction


@dataclass(frozen=True)
class Shown:
    """One attack and its run, None where there is none."""

    row: Row
    watched: Watched | None
    gone: str = ""  # why there is none any more


def abreast(shown: Sequence[Shown], pair: tuple[int, int] | None, *, key: str, dark: bool) -> None:
    """Show all attacks; curves with the same key share their cursor, which survives reruns."""
    _mount(key=key, data=payload(shown, pair, dark=dark) | {"group": key})


def payload(shown: Sequence[Shown], pair: tuple[int, int] | None, *, dark: bool) -> dict[str, Any]:
    """Return what is sent to the browser; of a `pair` of attacks the difference too."""
    begun = [one for one in shown if one.watched and one.row.begun]
    live = any(one.watched and not one.watched.run.over for one in shown)
    truth = begun[0].watched.first("truth") if begun else np.zeros((32, 32, 3), np.uint8)
    most, pixels = _LIVE if live else _RESTING
    fitting = strips.affordable(truth, pixels // (len(shown) + 1))
    marks = lineup.marks([one.row for one in shown], min(most, fitting)) if begun else ()
    held = [pictures(one, [one.row.place(mark) for mark in marks]) for one in shown]
    rows = [
        _line(one, found, marks) | _stroke(number, dark)
        for number, (one, found) in enumerate(zip(shown, held, strict=True))
    ]
    if pair and all(held[number] for number in pair):
        rows.append(_between([(shown[number].row, held[number]) for number in pair], marks))
    tiles = len(strips.squares(truth))
    return {
        "live": live,
        "marks": list(marks),
        "truth": strips.uri(strips.png(truth)) if begun else None,
        "captions": f"Private photograph{'s' * (tiles > 1)}",
        "rows": rows,
        "tiles": tiles,
        "columns": strips.grid_columns(tiles),
        "tile": [truth.shape[0]] * 2,
    }


def pictures(one: Shown, places: Sequence[int]) -> Pictures:
    """Return what an attack had rebuilt at some of its frames, fetched where it is not yet here.

    Raises: Refusal, when the run was deleted.
    """
    if not (one.watched and one.row.begun):
        return {}
    indices = {place: one.row.frames[place].index for place in places}
    found = one.watched.at({(0, "truth"), *((index, "reconstruction") for index in indices.values())})
    return {place: found[index, "reconstruction"] for place, index in indices.items()}


def _stroke(number: int, dark: bool) -> dict[str, str]:
    drawn = stroke(number, dark=dark)
    return {"colour": drawn.colour, "dash": drawn.dash}


def _line(one: Shown, held: Pictures, marks: Sequence[int]) -> dict[str, Any]:
    """Return a row: its pictures as one sheet, and for each mark which of them it had and what is said of it."""
    row = one.row
    if not held:
        waiting = one.gone or ("Nothing to be seen yet." if one.watched else "Not attacked yet.")
        return {"title": row.title, "sheet": None, "waiting": waiting}
    order = sorted(held)
    return {
        "title": row.title,
        "outcome": lineup.outcome(row),
        "sheet": strips.uri(strips.atlas([held[place] for place in order])),
        "cells": [order.index(row.place(mark)) for mark in marks],
        "said": [lineup.caption(row, mark) for mark in marks],
        "alt": [lineup.alt(row, mark) for mark in marks],
    }


def _between(pair: Sequence[tuple[Row, Pictures]], marks: Sequence[int]) -> dict[str, Any]:
    """Return the row that shows how far two attacks are from each other."""
    (one, first), (other, second) = pair
    places = [(one.place(mark), other.place(mark)) for mark in marks]
    order = sorted(set(places))
    said = [lineup.deltas(one, other, mark) for mark in marks]
    title = f"{other.title} against {one.title}"
    return {
        "title": f"Difference: {title}",
        "sheet": strips.uri(strips.atlas([lineup.difference(first[a], second[b]) for a, b in order])),
        "cells": [order.index(place) for place in places],
        "said": said,
        "alt": [
            f"Heat map of where {title} differs, at {mark:,} evaluations: {told}"
            for mark, told in zip(marks, said, strict=True)
        ],
    }
