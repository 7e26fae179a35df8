"""Settings to widgets and back: one walk over the schema, a widget a knob, every change validated at once."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import streamlit as st

from leaklab.settings import Knob, Refusal, Settings, walk
from leaklab.ui import classroom, words

_FEW = 3  # choices shown side by side; more go into a list
_STEPS = 40  # whole numbers a slider may tell apart; more become powers
_WRITTEN = {
    "given_or_idlg": "given, or else iDLG", "fedsgd": "FedSGD", "fedavg": "FedAvg", "l2": "L2", "lbfgs": "L-BFGS",
    "adam": "Adam", "cmaes": "CMA-ES", "latent_kl": "latent KL", "dcgan": "DCGAN", "giml": "GIML",
    "gaussian_noise": "Gaussian noise", "laplace_noise": "Laplace noise", "clip": "clipping",
    "dp_sgd": "DP-SGD", "top_k": "top-k", "random_k": "random-k", "qsgd": "QSGD", "uniform": "uniform rounding",
    "sign": "signs alone", "soteria": "Soteria", "precode": "PRECODE", "instahide": "InstaHide",
    "ddrm": "direct (DDRM)", "masked_diffusion": "semantic (masked diffusion)", "restoration": "GAN restoration",
}  # fmt: skip
_COUNTED = 10  # whole numbers below are told apart one by one
_HUGE = 10**6  # bounds beyond which a slider makes no sense: a field to type in


def edit(settings: Settings, knobs: Iterable[Knob], *, key: str) -> Settings:
    """Draw a widget for each knob and return the settings with everything the visitor changed.

    A value that is not allowed gets its sentence under the widget, and the old value stays; what a teacher's link
    hides is not drawn.
    """
    cls = type(settings)
    for knob in told_apart(list(knobs)):
        if not classroom.shows(settings, knob):
            continue
        value = _widget(knob, f"{key}.{knob.dotted}", locked=classroom.applies("lock", cls, knob.path))
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


def parts(
    label: str,
    held: tuple[Settings, ...],
    classes: Iterable[type[Settings]],
    *,
    help: str,
    key: str,
    locked: bool = False,
) -> tuple[Settings, ...]:
    """Choose several parts of a union by their kinds: those that stay keep their settings, new ones come after."""
    by_kind = _by_kind(classes)
    present = list(dict.fromkeys(part.kind for part in held))
    chosen = st.multiselect(
        label, list(by_kind), default=present, format_func=plain, help=help, key=key, placeholder="none",
        select_all=False, disabled=locked,
    )  # fmt: skip
    stay = tuple(part for part in held if part.kind in chosen)
    return stay + tuple(by_kind[kind]() for kind in chosen if kind not in present)


def told_apart(knobs: list[Knob]) -> list[Knob]:
    """Return the knobs with different titles: those that share one have the name of their part in front."""
    titles = Counter(knob.title for knob in knobs)
    return [replace(knob, title=_with_part(knob, knobs)) if titles[knob.title] > 1 else knob for knob in knobs]


def _with_part(knob: Knob, knobs: list[Knob]) -> str:
    """Return a knob's title behind its part's name, and a number where several such parts stand in one list."""
    name = plain(knob.owner.model_fields["kind"].default if "kind" in knob.owner.model_fields else knob.owner.__name__)
    same = [one.path for one in knobs if (one.title, one.owner) == (knob.title, knob.owner)]
    number = f" {same.index(knob.path) + 1}" if len(same) > 1 else ""
    title = knob.title[0].lower() + knob.title[1:] if knob.title[1:2].islower() else knob.title
    return f"{name.capitalize() if name.islower() else name}{number}: {title}"


def _by_kind(classes: Iterable[type[Settings]]) -> dict[str, type[Settings]]:
    return {cls.model_fields["kind"].default: cls for cls in classes}


def _drawable(knob: Knob) -> bool:
    return not knob.many and not isinstance(knob.value, tuple)


def _widget(knob: Knob, key: str, *, locked: bool) -> Any:
    label = f"{knob.title} ({knob.unit})" if knob.unit else knob.title
    help = f"{knob.help} *In the mathematics:* {knob.symbol}." if knob.symbol else knob.help
    if knob.choices and isinstance(knob.choices[0], type):
        return _part(knob, label, help, key, locked=locked)
    if knob.choices:
        if len(knob.choices) <= _FEW:
            return st.segmented_control(
                label, knob.choices, default=knob.value, required=True, help=help, key=key, width="stretch",
                disabled=locked,
            )  # fmt: skip
        return st.selectbox(
            label, knob.choices, index=knob.choices.index(knob.value), help=help, key=key, disabled=locked
        )
    if isinstance(knob.value, bool):
        return st.toggle(label, knob.value, help=help, key=key, disabled=locked)
    if isinstance(knob.value, str):
        return st.text_input(label, knob.value, help=help, key=key, disabled=locked)
    return _number(knob, label, help, key, locked=locked)


def _part(knob: Knob, label: str, help: str, key: str, *, locked: bool) -> Any:
    """Choose one part of a union by its kind; its own knobs stand in the walk after it."""
    by_kind = _by_kind(knob.choices)
    kinds = list(by_kind)
    kind = st.selectbox(
        label, kinds, index=kinds.index(knob.value.kind), format_func=plain, help=help, key=key,
        disabled=locked or len(kinds) == 1,
    )  # fmt: skip
    return knob.value if kind == knob.value.kind else by_kind[kind]()


def _number(knob: Knob, label: str, help: str, key: str, *, locked: bool) -> Any:
    value, low, high = knob.value, knob.low, knob.high
    if value is None or high >= _HUGE:
        return st.number_input(
            label, int(low), int(high), value, step=1, help=help, key=key, placeholder="as the seed", disabled=locked
        )
    if uneven := rungs(knob):
        return st.select_slider(
            label, uneven, value, format_func=lambda v: f"{v:g}", help=help, key=key, disabled=locked
        )
    whole, step = isinstance(value, int), stride(knob)
    kind, written = (int, "%d") if whole else (float, "%.4g")  # of 0.999 two digits would make 1.00
    return st.slider(
        label, kind(low), kind(high), value, kind(step), format=written, help=help, key=key, disabled=locked
    )


def rungs(knob: Knob) -> list[float]:
    """Return the places of a slider whose steps grow; none for one of even steps."""
    whole, far = isinstance(knob.value, int), knob.high - knob.low > _STEPS * (knob.step or 1)
    return ladder(knob.value, knob.low, knob.high, whole=whole) if knob.log or (whole and far) else []


def stride(knob: Knob) -> float:
    """Return the step of a slider of even steps."""
    return knob.step or (1 if isinstance(knob.value, int) else (knob.high - knob.low) / 100)


def ladder(value: float, low: float, high: float, *, whole: bool) -> list[float]:
    """Return steps of 1, 2, 5 between the bounds, with zero when it is allowed and with the value itself.

    Of whole numbers none up to ten is left out: three clients are not two.
    """
    first = low or (1 if whole else high * 1e-6)
    exponents = range(math.floor(math.log10(first)) - 1, math.ceil(math.log10(high)) + 1)
    rungs = [float(f"{mantissa}e{exponent}") for exponent in exponents for mantissa in (1, 2, 5)]
    rungs += range(1, _COUNTED) if whole else ()
    inside = {rung for rung in rungs if first * (1 - 1e-9) <= rung <= high * (1 + 1e-9)} | {low, high, value}
    return sorted({round(rung) for rung in inside} if whole else {float(rung) for rung in inside})


def said(value: Any) -> str:
    """Return a knob's value in words."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(map(said, value)) or "none chosen"
    if isinstance(value, Settings):
        return plain(value.kind)
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    return "as the seed" if value is None else plain(value)


def plain(kind: str) -> str:
    """Return a kind as it is written in the literature, or in words."""
    names = {key: str(method["name"]) for key, method in words.methods().items()} | _WRITTEN
    return names.get(kind, kind.replace("_", " "))
