"""A raw reconstruction and what enhancers made of it, side by side: pictures, where they were invented, and numbers.

Pictures travel inside the HTML, as PNG: a page that follows a run shows them several times a second, and an address
that is fetched each time would come too late.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Literal

import numpy as np

from leaklab.experiments.exhibits import RAW
from leaklab.experiments.frame import Frame
from leaklab.views import strips

Pictures = Mapping[str, np.ndarray]
Heat = Literal["none", "invented", "error"]  # no map, how far from the raw picture, or how far from the truth

FULL = 0.4  # of the way from black to white: as far as this, or farther, the heat is at its brightest
HEATS: dict[Heat, str] = {"none": "none", "invented": "against raw", "error": "against the truth"}

_HEAT = ((0, 0, 4), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164))  # evenly apart, ever brighter
_ABOUT = {"direct": "DDRM", "semantic": "diffusion", "gan": "restoration"}
_KNOWN = {"invented": ("moved", "{:.1%}")}  # what an attacker can measure too
_JUDGED = {
    "psnr": ("PSNR", "{:.1f} dB"), "ssim": ("SSIM", "{:.2f}"), "lpips": ("LPIPS", "{:.3f}"),
    "nearer": ("pixels nearer", "{:.0%}"), "farther": ("pixels farther", "{:.0%}"),
}  # fmt: skip
_MEANT = {"invented": "where {} left the raw picture", "error": "where {} is off the truth"}
_GAP = 2  # pixels between two photographs in a picture to keep
_KEPT = 4  # pixels of it for one of the photographs


def titled(name: str) -> str:
    """Return a column's title: its name, and in brackets what works there."""
    if name == RAW:
        return "Raw"
    kind, _, number = name.partition(" ")
    return f"{'GAN' if kind == 'gan' else kind.capitalize()} ({_ABOUT[kind]}){number and ' ' + number}"


def board(frame: Frame, names: Sequence[str], pictures: Pictures, *, heat: Heat, truth: bool) -> str:
    """Return HTML with a column for the raw picture and for each way, the private photographs before them if shown."""
    private = [_figure([_picture(pictures["truth"], "the private photographs")], "The truth", "")] if truth else []
    columns = [_column(frame, name, pictures, heat=heat, truth=truth) for name in (RAW, *names)]
    return f'<div class="leaklab-board exhibits">{"".join(private + columns)}</div>{_scale() if heat != "none" else ""}'


def strip(frame: Frame, name: str, picture: np.ndarray, *, chosen: bool, truth: bool) -> str:
    """Return HTML that shows how a way went on, moment by moment; the last one is the attacker's choice if it ended."""
    distances, ssim = (frame.series[f"{key}.strip.{name}"] for key in ("distance", "ssim"))
    rows = np.split(picture, len(distances))
    figures = []
    for number, row in enumerate(rows):
        last = chosen and number == len(rows) - 1
        head = "✓ chosen" if last else f"{number + 1}"
        facts = {"from raw": f"{distances[number]:.1%}"} | ({"SSIM": f"{ssim[number]:.2f}"} if truth else {})
        alt = f"{'the choice' if last else f'moment {number + 1}'} of the {name} way, {facts['from raw']} from raw"
        figures.append(_figure([_picture(row, alt)], head, _facts(facts), kind="chosen" if last else ""))
    return f'<div class="leaklab-board moments">{"".join(figures)}</div>'


def lost(note: str, name: str) -> str:
    """Return what is said of a column, empty where nothing is."""
    return next((line.partition(": ")[2] for line in note.split("\n") if line.startswith(f"{name}: ")), "")


def remarks(note: str, names: Sequence[str]) -> list[str]:
    """Return what is said beside a verdict and of no single column."""
    return [line for line in note.split("\n")[1:] if line and not line.startswith(tuple(f"{name}: " for name in names))]


def table(frame: Frame, names: Sequence[str]) -> dict[str, list[str]]:
    """Return all numbers by column: a row a measure."""
    measures = _JUDGED | _KNOWN
    found = {name: dict(_measured(frame, name, measures)) for name in (RAW, *names) if f"psnr.{name}" in frame.scalars}
    titles = [title for title, _ in measures.values() if any(title in facts for facts in found.values())]
    heads = {"": titles}
    return heads | {titled(name): [facts.get(title, "–") for title in titles] for name, facts in found.items()}


def kept(frame: Frame, names: Sequence[str], pictures: Pictures) -> bytes:
    """Return private photographs, raw pictures and all ways as one PNG, a row each."""
    shown = ["truth", *(name for name in (RAW, *names) if f"psnr.{name}" in frame.scalars)]
    gap = np.full((_GAP, pictures["truth"].shape[1], 3), 255, np.uint8)
    rows = [row for name in shown for row in (gap, pictures[name])][1:]
    return strips.png(strips.enlarge(np.concatenate(rows), _KEPT))


def heated(picture: np.ndarray) -> np.ndarray:
    """Return a map of distances as colours, ever brighter from black to pale yellow."""
    share = np.minimum(picture[..., 0] / 255 / FULL, 1)
    anchors = np.linspace(0, 1, len(_HEAT))
    channels = [np.interp(share, anchors, [colour[channel] for colour in _HEAT]) for channel in range(3)]
    return np.stack(channels, -1).round().astype(np.uint8)


def _column(frame: Frame, name: str, pictures: Pictures, *, heat: Heat, truth: bool) -> str:
    title = titled(name)
    if name not in pictures:
        words = "left out, see below" if lost(frame.note, name) else "not done" if frame.final else "yet to come"
        return _figure([f'<div class="none">{words}</div>'], title, "")
    shown = [_picture(pictures[name], f"{title}: the photographs as they look there")]
    if f"{heat}.{name}" in pictures:
        shown.append(_picture(heated(pictures[f"{heat}.{name}"]), f"heat map: {_MEANT[heat].format(title)}"))
    facts = dict(_measured(frame, name, _KNOWN | (_JUDGED if truth else {})))
    return _figure(shown, title, _facts(facts))


def _measured(frame: Frame, name: str, measures: Mapping[str, tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for key, (title, form) in measures.items():
        if (value := frame.scalars.get(f"{key}.{name}")) is not None:
            yield title, form.format(value)


def _figure(shown: Sequence[str], title: str, facts: str, *, kind: str = "") -> str:
    caption = f"<figcaption>{facts}</figcaption>" if facts else ""
    return f'<figure class="{kind}"><b>{escape(title)}</b>{"".join(shown)}{caption}</figure>'


def _facts(facts: Mapping[str, str]) -> str:
    if not facts:
        return ""
    pairs = "".join(f"<dt>{escape(title)}</dt><dd>{escape(value)}</dd>" for title, value in facts.items())
    return f'<dl class="leaklab-facts">{pairs}</dl>'


def _picture(picture: np.ndarray, alt: str) -> str:
    shown = strips.mosaic(picture, len(strips.squares(picture)))
    return f'<img src="{strips.uri(strips.png(shown))}" alt="{escape(alt)}">'


def _scale() -> str:
    colours = ", ".join("#{:02x}{:02x}{:02x}".format(*colour) for colour in _HEAT)
    return (
        f'<p class="leaklab-scale">no difference <i style="background: linear-gradient(90deg, {colours})"></i> '
        f"{FULL:.0%} of the way from black to white, or more</p>"
    )
