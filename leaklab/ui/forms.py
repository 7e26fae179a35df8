"""Settings to widgets and back: one walk over the schema, a widget a knob, every change validated at once."""

import math
from collections.abc import Iterable
from typing import Any

import streamlit as st

from leaklab.settings import Knob, Refusal, Settings, walk

_FEW = 3  # choices shown side by side; more go into a list
_STEPS = 40  # whole numbers a slider may tell apart; more become powers
_HUGE = 10**6  # bounds beyond which a slider makes no sense: a field to type in


def edit(settings: Settings, knobs: Iterable[Knob], *, key: str) -> Settings:
    """Draw a widget for each knob and return the settings with everything the visitor changed.

    A value that is not allowed gets its sentence under the widget, and the old value stays.
    """
    for knob in knobs:
        value = _widget(knob, f"{key}.{knob.dotted}")
        if value == knob.value:
            continue
        try:
            settings = settings.changed(knob.path, value)
        except Refusal as refusal:
            st.error(str(refusal), icon=":material/error:")
    return settings


def knobs(settings: Settings, *prefixes: str, level: str) -> list[Knob]:
    """Return the knobs of one level whose dotted path begins with one of the prefixes, in the schema's order."""
    return [k for k in walk(settings) if k.level == level and k.dotted.startswith(prefixes) and _drawable(k)]


def _drawable(knob: Knob) -> bool:
    return not knob.many and not isinstance(knob.value, tuple)


def _widget(knob: Knob, key: str) -> Any:
    label = f"{knob.title} ({knob.unit})" if knob.unit else knob.title
    help = f"{knob.help} *In the mathematics:* {knob.symbol}." if knob.symbol else knob.help
    if knob.choices and isinstance(knob.choices[0], type):
        return _part(knob, label, help, key)
    if knob.choices:
        if len(knob.choices) <= _FEW:
            return st.segmented_control(
                label, knob.choices, default=knob.value, required=True, help=help, key=key, width="stretch"
            )
        return st.selectbox(label, knob.choices, index=knob.choices.index(knob.value), help=help, key=key)
    if isinstance(knob.value, bool):
        return st.toggle(label, knob.value, help=help, key=key)
    if isinstance(knob.value, str):
        return st.text_input(label, knob.value, help=help, key=key)
    return _number(knob, label, help, key)


def _part(knob: Knob, label: str, help: str, key: str) -> Any:
    """Choose one part of a union by its kind; its own knobs stand in the walk after it."""
    by_kind = {cls.model_fields["kind"].default: cls for cls in knob.choices}
    kinds = list(by_kind)
    kind = st.selectbox(
        label, kinds, index=kinds.index(knob.value.kind), format_func=lambda kind: _plain(kind), help=help, key=key,
        disabled=len(kinds) == 1,
    )  # fmt: skip
    return knob.value if kind == knob.value.kind else by_kind[kind]()


def _number(knob: Knob, label: str, help: str, key: str) -> Any:
    value, low, high = knob.value, knob.low, knob.high
    if value is None or high >= _HUGE:
        return st.number_input(label, int(low), int(high), value, step=1, help=help, key=key, placeholder="as the seed")
    whole = isinstance(value, int)
    if knob.log or (whole and high - low > _STEPS * (knob.step or 1)):
        options = ladder(value, low, high, whole=whole)
        return st.select_slider(label, options, value, format_func=lambda v: f"{v:g}", help=help, key=key)
    step = knob.step or (1 if whole else (high - low) / 100)
    kind = int if whole else float
    return st.slider(label, kind(low), kind(high), value, kind(step), help=help, key=key)


def ladder(value: float, low: float, high: float, *, whole: bool) -> list[float]:
    """Return steps of 1, 2, 5 between the bounds, with zero when it is allowed and with the value itself."""
    first = low or (1 if whole else high * 1e-6)
    exponents = range(math.floor(math.log10(first)) - 1, math.ceil(math.log10(high)) + 1)
    rungs = [float(f"{mantissa}e{exponent}") for exponent in exponents for mantissa in (1, 2, 5)]
    inside = {rung for rung in rungs if first * (1 - 1e-9) <= rung <= high * (1 + 1e-9)} | {low, high, value}
    return sorted({round(rung) for rung in inside} if whole else {float(rung) for rung in inside})


def _plain(kind: str) -> str:
    return kind.replace("_", " ")
