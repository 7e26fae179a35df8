"""A defence as a visitor sees it: what is sent, what two attackers make of it, what it costs; HTML and sentences.

Pictures travel inside the HTML, as PNG: a page that follows a run shows them several times a second.
"""

import math
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import torch

from leaklab.evaluation.verdict import Level, Verdict, verdict
from leaklab.experiments.frame import Frame
from leaklab.protocol.defences.contract import Place
from leaklab.views import strips
from leaklab.views.options import finite

Pictures = Mapping[str, np.ndarray]
Facts = list[tuple[str, str]]

PLACES: dict[Place, str] = {
    "photographs": "on the photographs", "network": "inside the network", "local step": "in every local step",
    "update": "on what is sent",
}  # fmt: skip

_BASELINE = "baseline."
_LEVELS: dict[Level, str] = {
    "recovered": "recovered", "recognisable": "recognisable", "hint": "only a hint", "not recovered": "not recovered",
}  # fmt: skip
_ALIKE = {"recovered": "Recovered by both attacks.", "not recovered": "Not recovered by either attack."}
_BEST: tuple[Level, ...] = ("recovered", "recognisable", "hint", "not recovered")
_SEEN = ("recovered", "recognisable")
_PREFIX = {"reconstruction": "", "adaptive": "adaptive."}  # picture -> what its numbers begin with
_VERDICTS = ("plain: ", "adaptive: ")  # what stands elsewhere in a word
_UNSAID = "LPIPS is not measured"  # nor is it shown
_STRIP = 16  # rows of numbers that stand for what is sent
_BEYOND = "beyond all bounds"
_LONG = 1000  # numbers from here on have their zeros written out


def pictured(frame: Frame) -> tuple[str, ...]:
    """Return the names of the reconstructions that a frame has: one where nobody adapts, or not yet."""
    plain, adaptive = (frame.series.get(name) for name in ("psnr", "adaptive.psnr"))
    own = adaptive is not None and adaptive != plain
    return ("reconstruction",) * (plain is not None) + ("adaptive",) * own


def pair(frame: Frame, pictures: Pictures) -> str:
    """Return HTML with what is sent as a strip of grey tones, and below it what each attacker makes of it."""
    strip = _figure(pictures["sent"][:_STRIP], "what is sent: first numbers", "what is sent, as grey tones")
    shown = pictured(frame)
    plain = _rebuilt(frame, pictures, "reconstruction", "plain") if "reconstruction" in shown else _empty("plain")
    if "adaptive" in shown:
        adaptive = _rebuilt(frame, pictures, "adaptive", "adaptive")
    elif "adaptive.psnr" in frame.series:
        adaptive = _rebuilt(frame, pictures, "reconstruction", "adaptive")
    else:
        adaptive = _empty("adaptive")
    return f'<div class="leaklab-defended">{strip}{plain}{adaptive}</div>'


def beginning(frame: Frame, pictures: Pictures) -> str:
    """Return HTML with the private photographs, their gradient, and what comes back where nobody defends."""
    count = images(frame)
    several = "s" if count > 1 else ""
    figures = [
        _figure(strips.mosaic(pictures["truth"], count), f"private photograph{several}"),
        _figure(pictures["sent"], "its gradient, first numbers", "a gradient, as grey tones"),
        _rebuilt(frame, pictures, "reconstruction", "what comes back"),
    ]  # fmt: skip
    return f'<div class="leaklab-defended first">{"".join(figures)}</div>'


def images(frame: Frame) -> int:
    """Return how many photographs are attacked."""
    return max(1, len(frame.series.get("psnr") or frame.series.get("adaptive.psnr") or ()))


def near(frame: Frame, name: str) -> str:
    """Say how near a reconstruction comes."""
    prefix = _PREFIX[name]
    psnr, ssim = (finite(frame.scalars.get(f"{prefix}{metric}")) for metric in ("psnr", "ssim"))
    return f"{decibels(psnr)}, SSIM {fraction(ssim)}"


def mark(frame: Frame, name: str) -> str:
    """Return a tick or a cross once it is certain whether one sees who it is; nothing before."""
    found = outcome(frame, _PREFIX[name]) if frame.final else None
    return "" if found is None else "✓" if found.level in _SEEN else "✗"


def outcome(frame: Frame, prefix: str = "") -> Verdict | None:
    """Return what one attack of a finished run amounts to; None where there was nothing to attack."""
    if f"{prefix}psnr" not in frame.series:
        return None  # it could not be carried out
    bars = {
        name.removeprefix(_BASELINE): torch.tensor(values, dtype=torch.float32)
        for name, values in frame.series.items() if name.startswith(_BASELINE)
    }  # fmt: skip
    found = torch.tensor(frame.series[f"{prefix}psnr"], dtype=torch.float32)
    return verdict(found, bars) if bars else None


def sentence(frame: Frame) -> str:
    """Say in a sentence what both attackers see, the more successful one first."""
    plain, adaptive = outcome(frame), outcome(frame, "adaptive.")
    if plain is None and adaptive is None:
        return frame.note.split("\n")[0]
    if "adaptive" not in pictured(frame):
        return f"{_said(plain).capitalize()}."
    told = {"plain attack": plain, "adaptive attack": adaptive}
    (first, best), (second, worst) = sorted(told.items(), key=lambda held: _rank(held[1]))
    if _said(best) == _said(worst):
        return _ALIKE.get(_said(best), f"Either attack: {_said(best)}.")
    if best.level == "recovered" and best.total == 1 and worst:
        how = "not" if worst.level == "not recovered" else _said(worst)
        return f"Recovered by the {first}, {how} by the {second}."
    return f"{first.capitalize()}: {_said(best)}; {second}: {_said(worst)}."


def remarks(frame: Frame) -> list[str]:
    """Return what a run says besides how its attacks went."""
    lines = [line for line in frame.note.split("\n") if line and not line.startswith(_UNSAID)]
    if frame.final and outcome(frame) is None:
        return lines[1:]
    same = "adaptive" not in pictured(frame)
    said = [line.removeprefix(_VERDICTS[1]) if same and line.startswith(_VERDICTS[1]) else line for line in lines]
    return [f"{line[0].upper()}{line[1:]}" for line in said if not line.startswith(_VERDICTS)]


def facts(frame: Frame) -> Facts:
    """Return what became of the update, in numbers, line by line."""
    scalars = frame.scalars
    signal, noise, ratio = (finite(scalars.get(name)) for name in ("signal", "noise", "ratio"))
    return [
        ("‖signal‖", number(signal)),
        ("‖noise‖", number(noise)),
        ("noise / signal", number(ratio)),
        ("sent", weight(scalars["bytes"], scalars["bytes.plain"])),
        ("ε", promised(scalars)),
    ]


def promised(scalars: Mapping[str, float | None]) -> str:
    """Return the guarantee in numbers, or that there is none."""
    if "epsilon" not in scalars:
        return "no guarantee"
    value = finite(scalars["epsilon"])
    if value is None:
        return _BEYOND
    return f"{value:.3g}" if value < _LONG else f"{float(f'{value:.3g}'):,.0f}"


def weight(sent: float, plain: float) -> str:
    """Say how much goes over the wire, beside what would without a defence."""
    if sent == plain:
        return size(sent)
    share = sent / plain
    return f"{size(sent)}, {share:.0%} of plain" if share < 2 else f"{size(sent)}, {share:.1f} × plain"


def size(count: float) -> str:
    """Return a number of bytes in the unit that suits it."""
    for unit, large in (("MB", 1e6), ("kB", 1e3)):
        if count >= large:
            return f"{count / large:.3g} {unit}"
    return f"{count:.0f} bytes"


def learning(scalars: Mapping[str, float | None], undefended: float | None = None) -> Facts:
    """Return what a training under the defence comes to, with what is promised of all its rounds together."""
    told = [("accuracy", accuracy(scalars, undefended))]
    return [*told, ("ε of training", promised(scalars))] if "epsilon" in scalars else told


def accuracy(scalars: Mapping[str, float | None], undefended: float | None = None) -> str:
    """Say how well is learnt, beside how well without a defence where that is known."""
    value = finite(scalars.get("accuracy"))
    if value is None:
        return "–"
    done, of = scalars.get("round"), scalars.get("rounds")
    so_far = f" after {done:.0f} of {of:.0f} rounds" if done is not None and of is not None and done < of else ""
    lost = "" if undefended is None or so_far else f", {100 * (value - undefended):+.1f} points".replace("-", "−")
    return f"{value:.1%}{so_far}{lost}"


def listed(found: Sequence[tuple[str, str]]) -> str:
    """Return facts as an HTML list of terms and what is said of them."""
    rows = "".join(f"<dt>{escape(term)}</dt><dd>{escape(said)}</dd>" for term, said in found)
    return f'<dl class="leaklab-facts">{rows}</dl>'


def number(value: float | None) -> str:
    """Return a number as briefly as it can be read."""
    return "–" if value is None else "0" if value == 0 else f"{value:.3g}"


def decibels(value: float | None) -> str:
    """Return a PSNR with its unit."""
    return "–" if value is None else f"{value:.0f} dB"


def fraction(value: float | None) -> str:
    """Return an SSIM to two digits, a tiny one without a sign before its zero."""
    return "–" if value is None else f"{value:.2f}".replace("-0.00", "0.00")


def _rank(found: Verdict | None) -> tuple[int, float]:
    return (len(_BEST), 0.0) if found is None else (_BEST.index(found.level), -found.psnr)


def _said(found: Verdict | None) -> str:
    if found is None:
        return "could not be carried out"
    if found.total == 1:
        return _LEVELS[found.level]
    if found.recovered == found.total:
        return f"all {found.total} recovered"
    seen = sum(found.count(level) for level in _SEEN)
    return f"{seen or 'none'} of {found.total} recognisable"


def _rebuilt(frame: Frame, pictures: Pictures, name: str, caption: str) -> str:
    board = strips.mosaic(pictures[name], images(frame))
    return _figure(board, f"{caption} {mark(frame, name)}", f"reconstruction, {caption}", below=near(frame, name))


def _empty(caption: str) -> str:
    return f"<figure><div></div><figcaption>{caption}</figcaption></figure>"


def _figure(picture: np.ndarray, caption: str, alt: str = "", *, below: str = "") -> str:
    if not math.prod(picture.shape):
        return ""
    words = f"{escape(caption)}<br>{escape(below)}" if below else escape(caption)
    told = ", ".join(filter(None, (alt or caption, below)))
    src = strips.uri(strips.png(picture))
    return f'<figure><img src="{src}" alt="{escape(told)}"><figcaption>{words}</figcaption></figure>'
