"""Privacy against learning, drawn as ECharts options, with everything behind it as a table, as CSV and as JSON.

A line a defence, a point a strength: right is the better the photograph can be seen, up the better is learnt.
"""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from leaklab.views.defences import accuracy, decibels, fraction, number, promised
from leaklab.views.options import Option, Stroke, axis, chart, finite, line, rounded
from leaklab.views.palette import Ink, ink

Scalars = Mapping[str, float | None]

_MARKS = ("circle", "rect", "triangle", "diamond", "roundRect")  # told apart without colour
_STAR = "path://M50,0 L61,35 L98,35 L68,57 L79,91 L50,70 L21,91 L32,57 L2,35 L39,35 Z"
_SMALLEST, _GROWS = 8, 3  # of a mark, and from one strength to the next
_ADAPTS = "adaptive attack"
_NONE = "No point has been measured yet."
_PREFIX = {"plain": "", "adaptive": "adaptive."}


@dataclass(frozen=True)
class Spot:
    """One defence at one strength, with what was measured there so far."""

    protection: str  # its key; "none" for no defence
    title: str
    strength: float
    unit: str = ""
    attacked: Scalars | None = None  # what the attacks end with
    learnt: Scalars | None = None  # what the training ends with
    pictures: Mapping[str, str] = field(default_factory=dict)  # attack -> address that carries its reconstruction

    @property
    def named(self) -> str:
        """The defence and its strength in words."""
        return f"{self.title}, {self.strength:g} ({self.unit})" if self.unit else self.title

    @property
    def accuracy(self) -> float | None:
        """The share of test images that are recognised."""
        return finite((self.learnt or {}).get("accuracy"))

    def score(self, attack: str, metric: str) -> float | None:
        """Return how near an attack comes."""
        return finite((self.attacked or {}).get(f"{_PREFIX[attack]}{metric}"))

    def place(self, attack: str) -> tuple[float, float] | None:
        """Return where an attack puts this point: similarity, and accuracy in percent."""
        seen, learnt = self.score(attack, "ssim"), self.accuracy
        return None if seen is None or learnt is None else (seen, 100 * learnt)


def figure(spots: Sequence[Spot], *, dark: bool = False) -> Option:
    """Draw accuracy against similarity: a line a defence, solid for the plain attack, dashed for the adaptive one."""
    colours = ink(dark)
    drawn = chart(dark=dark)
    drawn["tooltip"] |= {"trigger": "item", "confine": True}
    drawn["legend"] |= {"itemStyle": {"opacity": 1}, "data": []}
    drawn["xAxis"] = axis("SSIM of what is rebuilt: to the left less is seen", colours) | _reach(spots)
    drawn["xAxis"] |= {"splitLine": {"show": True, "lineStyle": {"color": colours.hairline}}}
    drawn["yAxis"] = axis("accuracy, %", colours, side="left") | _height(spots)
    for name in ("xAxis", "yAxis"):
        drawn[name]["axisLine"] |= {"onZero": False}
    for index, (title, held) in enumerate(_by_defence(spots).items()):
        drawn["series"] += _lines(title, held, index, colours)
        drawn["legend"]["data"].append({"name": title})
    drawn["series"] += _undefended(spots, colours)
    drawn["legend"]["data"] += [{"name": held["name"]} for held in drawn["series"][len(drawn["series"]) - 1 :]
                                if held["type"] == "scatter"]  # fmt: skip
    return drawn


def figure_alt(spots: Sequence[Spot]) -> str:
    """Say in a sentence, for each defence, what its best point keeps of both: little seen, much learnt."""
    told = [said for title, held in _by_defence(spots).items() if (said := _best(title, held))]
    none = next((spot for spot in spots if not spot.unit and spot.place("plain")), None)
    first = [f"Without a defence SSIM {fraction(none.score('plain', 'ssim'))} at {none.accuracy:.0%}"] if none else []
    return "; ".join([*first, *told]) + "." if first or told else _NONE


def touched(spots: Sequence[Spot], selected: Iterable[Mapping[str, Any]]) -> Spot | None:
    """Return the point that is selected in the figure, as the chart reports it; None where none is."""
    for one in selected:
        protection, _, attack = str(one.get("series_id")).partition(" ")
        placed = [spot for spot in spots if spot.unit and spot.protection == protection and spot.place(attack)]
        for index in one.get("data_indices") or ():
            if index < len(placed):
                return placed[index]
    return None


def rows(spots: Iterable[Spot]) -> list[dict[str, Any]]:
    """Return every point that something is known of as a row of numbers, in the words of `leaklab defend --json`."""
    return [_row(spot) for spot in spots if spot.attacked or spot.learnt]


def as_csv(spots: Iterable[Spot]) -> str:
    """Return every point as CSV, a row each."""
    kept, found = io.StringIO(), [_flat(row) for row in rows(spots)]
    writer = csv.DictWriter(kept, found[0] if found else ())
    writer.writeheader()
    writer.writerows(found)
    return kept.getvalue()


def as_json(spots: Iterable[Spot]) -> str:
    """Return every point as a list in JSON."""
    return json.dumps(rows(spots), indent=1, allow_nan=False)


def table(spots: Iterable[Spot]) -> list[dict[str, Any]]:
    """Return every point as a row for the screen."""
    titles = {(spot.protection, spot.strength): spot.title for spot in spots}
    return [_flat(row | {"defence": titles[row["defence"], row["strength"]]}) for row in rows(spots)]


def sheet(spots: Sequence[Spot]) -> str:
    """Return HTML with every point's pictures: a row a defence, weak to strong, plain above and adaptive below."""
    body = "".join(
        f"<tr><th scope='row'>{escape(title)}</th>{''.join(_cell(spot) for spot in held)}</tr>"
        for title, held in _by_defence(spots).items() if any(spot.pictures for spot in held)
    )  # fmt: skip
    return f'<div class="leaklab-sheet"><table>{body}</table></div>' if body else ""


def _by_defence(spots: Sequence[Spot]) -> dict[str, list[Spot]]:
    """Return the points of each defence, the weakest first as they are named in its row."""
    found: dict[str, list[Spot]] = {}
    for spot in spots:
        if spot.unit:
            found.setdefault(spot.title, []).append(spot)
    return found


def _lines(title: str, held: Sequence[Spot], index: int, colours: Ink) -> list[Option]:
    """Return a defence's line under the plain attack and, where it is another one, under the adaptive one."""
    mark, colour = _MARKS[index % len(_MARKS)], colours.line(index)
    plain = _line(title, held, "plain", Stroke(colour)) | {"symbol": mark}
    if all(spot.place("adaptive") in (None, spot.place("plain")) for spot in held):
        return [plain]
    hollow = {"color": colours.paper, "borderColor": colour, "borderWidth": 2}
    adaptive = _line(title, held, "adaptive", Stroke(colour, dash="dashed"))
    return [plain, adaptive | {"symbol": mark, "itemStyle": hollow}]


def _line(title: str, held: Sequence[Spot], attack: str, stroke: Stroke) -> Option:
    drawn = line(title, [], stroke) | {"id": f"{held[0].protection} {attack}", "selectedMode": "single"}
    # The line goes from strength to strength; what is not yet measured is left out rather than a gap.
    drawn["data"] = [
        {
            "value": [rounded(number) for number in place], "symbolSize": _SMALLEST + _GROWS * rank,
            "tooltip": {"formatter": _told(spot)},
        }
        for rank, spot in enumerate(held) if (place := spot.place(attack))
    ]  # fmt: skip
    return drawn | {"lineStyle": drawn["lineStyle"] | {"width": 2}}


def _undefended(spots: Sequence[Spot], colours: Ink) -> list[Option]:
    found = [(spot, place) for spot in spots if not spot.unit and (place := spot.place("plain"))]
    return [
        {
            "type": "scatter", "name": spot.title, "symbol": _STAR, "symbolSize": 24, "z": 5, "color": colours.paper,
            "itemStyle": {"borderColor": colours.words, "borderWidth": 2},
            "data": [{"value": [rounded(number) for number in place], "tooltip": {"formatter": _told(spot)}}],
        }
        for spot, place in found
    ]  # fmt: skip


def _reach(spots: Sequence[Spot]) -> Option:
    seen = [place[0] for spot in spots for attack in _PREFIX if (place := spot.place(attack))]
    return {"min": min(0.0, math.floor(10 * min(seen, default=0.0)) / 10), "max": 1}


def _height(spots: Sequence[Spot]) -> Option:
    learnt = [place[1] for spot in spots if (place := spot.place("plain"))]
    return {"min": max(0, 5 * math.floor(min(learnt) / 5 - 1)) if learnt else 0, "max": 100}


def _told(spot: Spot) -> str:
    """Return the words and pictures that stand beside a point."""
    facts = [
        f"{attack}: {decibels(spot.score(attack, 'psnr'))}, SSIM {fraction(spot.score(attack, 'ssim'))}"
        for attack in _attacks(spot)
    ]
    facts.append(f"accuracy {accuracy(spot.learnt or {})}")
    if spot.unit and spot.attacked:
        facts.append(f"noise / signal {number(finite(spot.attacked.get('ratio')))}")
        facts.append(f"ε: {promised(spot.attacked)}")
    shown = "".join(_picture(spot, attack, 96) for attack in _attacks(spot) if attack in spot.pictures)
    words = "<br>".join(map(escape, facts))
    return f'<b>{escape(spot.named)}</b><br>{words}<div style="display:flex;gap:4px;margin-top:6px">{shown}</div>'


def _attacks(spot: Spot) -> tuple[str, ...]:
    same = spot.score("plain", "psnr") == spot.score("adaptive", "psnr")
    return ("plain",) if same else ("plain", "adaptive")


def _picture(spot: Spot, attack: str, side: int) -> str:
    near = f"{attack} attack, SSIM {fraction(spot.score(attack, 'ssim'))}"
    return (
        f'<img src="{spot.pictures[attack]}" alt="{escape(near)}" '
        f'style="width:{side}px;height:auto;image-rendering:pixelated">'
    )


def _cell(spot: Spot) -> str:
    if not spot.pictures:
        return "<td>–</td>"
    shown = "".join(_picture(spot, attack, 64) for attack in _attacks(spot) if attack in spot.pictures)
    learnt = "" if spot.accuracy is None else f", {spot.accuracy:.0%}"
    return f"<td>{shown}<br>{spot.strength:g}{learnt}</td>"


def _best(title: str, held: Sequence[Spot]) -> str:
    """Say where a defence lets the better attack see least while learning loses at most a tenth of what is left."""
    placed = [(max(spot.place(attack)[0] for attack in _PREFIX if spot.place(attack)), spot)
              for spot in held if spot.place("plain")]  # fmt: skip
    if not placed:
        return ""
    highest = max(spot.accuracy for _, spot in placed)
    seen, spot = min((one for one in placed if one[1].accuracy >= 0.9 * highest), key=lambda one: one[0])
    return f"{title} down to SSIM {fraction(seen)} at {spot.accuracy:.0%}"


def _row(spot: Spot) -> dict[str, Any]:
    attacked, learnt = spot.attacked or {}, spot.learnt or {}
    return {
        "defence": spot.protection, "strength": spot.strength, "epsilon": finite(attacked.get("epsilon")),
        "bytes": None if "bytes" not in attacked else int(attacked["bytes"]),
        "psnr": spot.score("plain", "psnr"), "ssim": spot.score("plain", "ssim"), "accuracy": spot.accuracy,
        "adaptive": {metric: spot.score("adaptive", metric) for metric in ("psnr", "ssim")},
        **{name: finite(attacked.get(name)) for name in ("signal", "noise", "ratio")},
        "trained_epsilon": finite(learnt.get("epsilon")),
    }  # fmt: skip


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    adaptive = {f"adaptive.{metric}": value for metric, value in row["adaptive"].items()}
    return {name: value for name, value in row.items() if name != "adaptive"} | adaptive
