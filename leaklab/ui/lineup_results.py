"""What came of several attacks: pictures abreast, what each was worth at what cost, and all of it to take home."""

import json
from collections.abc import Sequence
from typing import Any

import streamlit as st

from leaklab.experiments.inversion import Inversion
from leaklab.settings import Refusal
from leaklab.ui import abreast, cost, session, watch, words
from leaklab.ui.abreast import Shown
from leaklab.ui.curve import curve
from leaklab.views import lineup, lineup_curves, lineup_sheet, strips
from leaklab.views.lineup import Row

_NARROW = 205  # pixels of a state, at least
_MARKS = 12  # columns of a sheet to keep


def follow(ids: Sequence[str | None], titles: Sequence[str], attacks: Sequence[Inversion], *, key: str) -> None:
    """Show the runs of several attacks, redrawn a few times a second while one of them goes on."""
    going = any(one.watched and not one.watched.run.over for one in shown(ids, titles))

    def show() -> None:
        seen = shown(ids, titles)
        try:
            rows = st.container()
            _states(seen, attacks, key)
            pair = _pair(titles, key)
            with rows:
                abreast.abreast(seen, pair, key=f"{key}.abreast", dark=session.dark())
            _costs([one.row for one in seen], key, attacks[0].seed)
        except Refusal as refusal:  # deleted at this very moment, or a store in trouble
            st.info(str(refusal), icon=":material/search_off:")
        if going and all(one.watched is None or one.watched.run.over for one in seen):
            st.rerun()

    st.fragment(show, run_every=watch.tick() if going else None)()


def shown(ids: Sequence[str | None], titles: Sequence[str]) -> list[Shown]:
    """Return every attack with its run as far as it has come."""
    found = []
    for run_id, title in zip(ids, titles, strict=True):
        watched = watch.look(run_id) if run_id else None
        if watched:
            found.append(Shown(Row(title, watched.frames, stopped=watched.run.over), watched))
        else:
            found.append(Shown(Row(title, ()), None, st.session_state.get("gone", {}).get(run_id, "")))
    return found


def take_home(seen: Sequence[Shown], settings: dict[str, Any], address: str, commands: Sequence[str], key: str) -> None:
    """Offer everything for keeping: numbers, a sheet of pictures, a link, and a command for each attack."""
    rows = [one.row for one in seen]
    with st.expander("Take it home: numbers, pictures, link, commands", icon=":material/download:"):
        with st.container(horizontal=True):
            if any(row.begun for row in rows):
                st.download_button(
                    "Numbers (JSON)", lambda: json.dumps(lineup.record(rows, settings), indent=1, allow_nan=False),
                    "leaklab-compare.json", "application/json", key=f"{key}.json", on_click="ignore",
                )  # fmt: skip
                st.download_button(
                    "Sheet (PNG)", lambda: sheet(seen), "leaklab-compare.png", "image/png", key=f"{key}.png",
                    on_click="ignore",
                )  # fmt: skip
        st.markdown("This link shows the same again, and no photograph of your own:")
        st.code(f"{(st.context.url or '').split('?')[0]}?{address}", language=None, wrap_lines=True)
        st.markdown("The same in a shell, a command for each attack:")
        for command in commands:
            st.code(command, language="bash", wrap_lines=True)


def sheet(seen: Sequence[Shown]) -> bytes:
    """Return all attacks that have begun as one labelled picture.

    Raises: Refusal, when a run was deleted.
    """
    begun = [one for one in seen if one.watched and one.row.begun]
    marks = lineup.marks([one.row for one in begun], _MARKS)
    truth = begun[0].watched.first("truth")
    rows = []
    for one in begun:
        held = abreast.pictures(one, places := [one.row.place(mark) for mark in marks])
        rows.append((one.row.title, [held[place] for place in places]))
    return strips.png(lineup_sheet.sheet(truth, rows, marks, tiles=len(strips.squares(truth))))


def _states(seen: Sequence[Shown], attacks: Sequence[Inversion], key: str) -> None:
    """Say in a cell each how every attack stands, and once what is to be known of all."""
    grid, notes = st.grid(len(seen), min_column_width=_NARROW), []
    for number, (one, attack) in enumerate(zip(seen, attacks, strict=True)):
        with grid, st.container(key=f"{key}.state.{number}", gap="small"):
            st.markdown(f"**{number + 1} · {words.literal(one.row.title)}**")
            if one.watched:
                watch.status(one.watched, f"{key}.{number}", tell=lambda watched: (watched.verdict, []))
                notes += watch.told(one.watched)[1]
            else:
                st.caption(one.gone or "Not attacked yet.")
                cost.before(attack)
    for note in dict.fromkeys(notes):
        st.caption(f":material/info: {note}")


def _pair(titles: Sequence[str], key: str) -> tuple[int, int] | None:
    """Draw the choice of two attacks whose difference is shown."""
    pairs = [(a, b) for a in range(len(titles)) for b in range(a + 1, len(titles))]
    if len(pairs) == 1:
        return pairs[0]
    return st.selectbox(
        "Difference of", pairs, index=0, key=f"{key}.pair.{len(titles)}",
        format_func=lambda pair: f"{titles[pair[1]]} against {titles[pair[0]]}",
        help="Where two pictures differ at the same number of evaluations: black is equal, bright is far apart.",
    )  # fmt: skip


def _costs(rows: Sequence[Row], key: str, seed: int) -> None:
    """Draw what every attack was worth at what cost, and what each came to."""
    if said := lineup.headline(rows, seed):
        st.markdown(f"**{words.literal(said)}**")
    against = st.segmented_control(
        "Against", ("evaluations", "seconds"), default="evaluations", required=True, key=f"{key}.against",
        help="Evaluations are the same on every machine; seconds are of this one, and of whatever else it does.",
    )  # fmt: skip
    dark, group = session.dark(), f"{key}.abreast" if against == "evaluations" else ""
    for column, score in zip(st.columns(2), ("psnr", "loss"), strict=True):
        with column:
            curve(
                lineup_curves.curves(rows, score, against, dark=dark), key=f"{key}.{score}", group=group, height=260,
                alt=lineup_curves.curves_alt(rows, score, against),
            )  # fmt: skip
    st.table(lineup.table(rows))
