"""What a finished run is worth: against no attack at all, photograph by photograph, and layer by layer."""

import streamlit as st

from leaklab.experiments.experiment import read
from leaklab.ui import cost, session
from leaklab.ui.watch import Watched
from leaklab.views import charts, tables

_BASELINE, _OURS = "baseline.", "this reconstruction"
_LOW = 180  # pixels a table takes before it scrolls


def worth(watched: Watched, key: str) -> None:
    """Show what the result is worth: against baselines that need no attack, and photograph by photograph."""
    cost.after(watched)
    left, right = st.columns(2)
    with left:
        st.markdown("**Better than no attack at all?** PSNR in dB, mean over the photographs")
        values = _bars(watched)
        st.echarts_chart(
            charts.bars(values, unit="dB", emphasised=_OURS, dark=session.dark()),
            key=f"{key}.bars", height=_LOW, alt=charts.bars_alt(values, unit="dB", emphasised=_OURS),
        )  # fmt: skip
        if sentence := tables.picked(watched.last):
            st.caption(f":material/image_search: {sentence}")
    with right:
        st.markdown("**Photograph by photograph**")
        table = tables.photographs(watched.last)
        high = _LOW if len(table["label"]) > 4 else "content"
        st.dataframe(table, hide_index=True, height=high, key=f"{key}.table")
        for sentence in (*tables.matched(watched.last), tables.flattered(watched.last)):
            if sentence:
                st.caption(f":material/info: {sentence}")
    for reason in watched.last.note.split("\n")[1:]:
        st.caption(f":material/info: {reason}")
    _layers(watched, key)


def _layers(watched: Watched, key: str) -> None:
    """Show what a closed form says of each layer it solved; nothing for a search."""
    found = tables.layers(watched.frames)
    if not found:
        return
    st.markdown("**Layer by layer**, in the order in which they were solved")
    number = st.column_config.NumberColumn
    columns = {name: number(format="localized") for name in ("unknowns", "equations", "rank")}
    columns |= {
        "condition": number(format="%.1e", help="By how much an error of the equations can grow in the answer."),
        "residual": number(format="%.1e", help="By how much the answer fails its equations, relative to them."),
    }
    st.dataframe(tables.by_layer(found), hide_index=True, height="content", column_config=columns, key=f"{key}.layers")
    stages = read(watched.run.experiment).recipe.stages
    for sentence in tables.shortfalls(found, [stage.kind for stage in stages]):
        st.caption(f":material/info: {sentence}")


def _bars(watched: Watched) -> dict[str, float | None]:
    last = watched.last
    bars = {name.removeprefix(_BASELINE): _mean(v) for name, v in last.series.items() if name.startswith(_BASELINE)}
    return {
        name: None if value is None else round(value, 1)
        for name, value in ({_OURS: last.scalars.get("psnr")} | bars).items()
    }


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
