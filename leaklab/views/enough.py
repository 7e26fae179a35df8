"""A search for the strength that is enough, drawn as an ECharts option: every probe, and the mark to fall below."""

import math

from leaklab.experiments.frame import Frame
from leaklab.views.defences import fraction, number
from leaklab.views.options import Option, Stroke, axis, chart, finite, line, rounded
from leaklab.views.palette import ink

_NONE = "No strength has been tried yet."


def probes(frame: Frame, *, below: float, dark: bool = False) -> Option:
    """Draw the similarity at every strength tried, over powers of ten, with the mark as a dashed line."""
    colours, found = ink(dark), _tried(frame)
    drawn = chart(dark=dark)
    drawn["tooltip"]["trigger"] = "item"
    drawn["legend"] = {"show": False}
    drawn["grid"] |= {"top": 34}
    logs = [math.log10(strength) for strength, *_ in found]
    reach = {"min": math.floor(min(logs)), "max": math.ceil(max(logs))} if logs else {}
    drawn["xAxis"] = axis("strength σ", colours) | reach | {"minInterval": 1}
    drawn["xAxis"]["axisLabel"] = drawn["xAxis"]["axisLabel"] | {"formatter": "1e{value}"}
    drawn["xAxis"]["axisLine"] |= {"onZero": False}
    drawn["yAxis"] = axis("SSIM of what is rebuilt", colours, side="left") | {"max": 1}
    drawn["series"] = [
        line("probes", [], Stroke(colours.line(0), opacity=0.5))
        | {
            "symbol": "circle", "symbolSize": 9,
            "data": [
                {"value": [rounded(math.log10(one[0])), rounded(one[1])], "tooltip": {"formatter": _told(*one)}}
                for one in found
            ],
            "markLine": {
                "symbol": "none", "silent": True, "label": {"formatter": f"{below:g}", "color": colours.words},
                "lineStyle": {"color": colours.line(1), "type": "dashed", "width": 1.5}, "data": [{"yAxis": below}],
            },
        }
    ]  # fmt: skip
    return drawn


def probes_alt(frame: Frame, *, below: float) -> str:
    """Say in a sentence between which strengths the similarity falls below the mark."""
    found = _tried(frame)
    if not found:
        return _NONE
    seen = [strength for strength, ssim, _ in found if ssim >= below]
    lost = [strength for strength, ssim, _ in found if ssim < below]
    told = f"{len(found)} strengths tried, from {found[0][0]:.2g} to {found[-1][0]:.2g}"
    if not seen or not lost:
        return f"{told}: SSIM is {'below' if lost else 'above'} {below:g} at all of them."
    return f"{told}: SSIM falls below {below:g} between {max(seen):.3g} and {min(lost):.3g}."


def _tried(frame: Frame) -> list[tuple[float, float, float]]:
    """Return strength, similarity and noise by signal of every probe that came to a number, the weakest first."""
    rows = zip(*(frame.series.get(name, []) for name in ("strength", "ssim", "ratio")), strict=True)
    return sorted(
        (strength, ssim, ratio) for strength, ssim, ratio in rows if finite(ssim) is not None and strength > 0
    )


def _told(strength: float, ssim: float, ratio: float) -> str:
    return f"σ = {strength:.3g}<br>SSIM {fraction(ssim)}<br>noise / signal {number(finite(ratio))}"
