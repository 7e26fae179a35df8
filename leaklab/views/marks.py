"""The marks a drawing is made of, as SVG: words with mathematics in them, boxes, arrows, photographs, packets, an eye.

Nothing here refers to anything by name, so that any number of drawings stand on one page.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import cos, radians, sin
from typing import Literal

from leaklab.views.palette import Ink

Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]

FONT = "'Source Sans 3', 'Source Sans Pro', 'Source Sans', system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif"
_SMALL = 0.78  # raised and lowered letters
_SLIM, _BROAD = frozenset(" ijlftrI.,:;'()|·‖/"), frozenset("mwMW⌈⌉Σ…")
_RAISED = re.compile(r"([\^_])\{([^}]*)\}")  # W^{(t)} and n_{k}


@dataclass(frozen=True)
class Stroke:
    """How a line looks."""

    colour: str
    thick: float = 2
    dash: str = ""

    @property
    def attributes(self) -> str:
        """The look as SVG writes it."""
        dash = f' stroke-dasharray="{self.dash}"' if self.dash else ""
        return f'stroke="{self.colour}" stroke-width="{self.thick:g}"{dash}'


@dataclass(frozen=True)
class Pen:
    """Draws on one ground in letters of one size."""

    ink: Ink
    size: float
    bold: bool = False

    def times(self, factor: float, *, bold: bool = False) -> "Pen":
        """Return a pen with larger letters."""
        return replace(self, size=factor * self.size, bold=bold)

    def text(
        self, at: Point, words: str, *, fit: float = 0, anchor: Anchor = "middle", colour: str = ""
    ) -> str:  # fmt: skip
        """Return a line of words; W^{t} raises, n_{k} lowers, and words that could be wider than `fit` are smaller."""
        size = self.size * (min(1.0, fit / self.width(words)) if fit else 1.0)
        weight = ' font-weight="600"' if self.bold else ""
        return (
            f'<text x="{at[0]:g}" y="{at[1]:g}" font-size="{size:.3g}" text-anchor="{anchor}"{weight} '
            f'fill="{colour or self.ink.words}">{_mathematics(words, size)}</text>'
        )

    def width(self, words: str) -> float:
        """Return how wide a line of words is at most."""
        small = "".join(part for _, part in _RAISED.findall(words))
        return self.size * (_ems(_RAISED.sub("", words)) + _SMALL * _ems(small))

    def lines(self, words: str, width: float) -> list[str]:
        """Return words broken into lines that are nowhere wider."""
        broken: list[str] = []
        for word in words.split():
            longer = f"{broken[-1]} {word}" if broken else word
            if broken and self.width(longer) <= width:
                broken[-1] = longer
            else:
                broken.append(word)
        return broken

    def box(self, at: Point, size: Point, stroke: Stroke, *, name: str = "", round_by: float = 6) -> str:
        """Return a rectangle around a point."""
        return (
            f'<rect{_class(name)} x="{at[0] - size[0] / 2:g}" y="{at[1] - size[1] / 2:g}" width="{size[0]:g}" '
            f'height="{size[1]:g}" rx="{round_by:g}" fill="{self.ink.paper}" {stroke.attributes}/>'
        )

    def line(self, points: Sequence[Point], stroke: Stroke) -> str:
        """Return a line through points."""
        path = "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
        return f'<path d="{path}" fill="none" {stroke.attributes}/>'

    def arrow(self, start: Point, end: Point, stroke: Stroke, *, name: str = "") -> str:
        """Return an upright or level arrow."""
        length = abs(end[0] - start[0]) + abs(end[1] - start[1])
        along = (end[0] - start[0]) / length, (end[1] - start[1]) / length
        head = 5 + 2 * stroke.thick
        neck = end[0] - head * along[0], end[1] - head * along[1]
        return f"<g{_class(name)}>{self.line((start, neck), stroke)}{_head(neck, along, head, stroke.colour)}</g>"

    def loop(self, at: Point, radius: float, stroke: Stroke) -> str:
        """Return an arrow that goes nearly all the way round a point, clockwise."""
        first, last = radians(-60), radians(230)
        start = at[0] + radius * cos(first), at[1] + radius * sin(first)
        neck = at[0] + radius * cos(last), at[1] + radius * sin(last)
        arc = f"M{start[0]:.1f} {start[1]:.1f}A{radius:g} {radius:g} 0 1 1 {neck[0]:.1f} {neck[1]:.1f}"
        head = _head(neck, (-sin(last + 0.2), cos(last + 0.2)), 13, stroke.colour)
        return f'<g class="loop"><path d="{arc}" fill="none" {stroke.attributes}/>{head}</g>'

    def model(self, at: Point, words: str, stroke: Stroke) -> str:
        """Return a box for the weights of a network."""
        size = 3.9 * self.size if len(words) > 8 else 3.2 * self.size, 2 * self.size
        return self.box(at, size, stroke) + self.text((at[0], at[1] + 0.35 * self.size), words, fit=size[0] - 6)

    def photographs(self, at: Point, layers: int, *, certain: bool = True) -> str:
        """Return a stack of photographs, dashed where nobody can say how many there are."""
        step, size, look = 3.5, (25.0, 20.0), Stroke(self.ink.words, 1.3, "" if certain else "3 3")
        left, top = at[0] - (layers - 1) * step / 2, at[1] + (layers - 1) * step / 2
        places = [(left + layer * step, top - layer * step) for layer in reversed(range(layers))]
        stack = "".join(self.box(place, size, look, round_by=2, name="photograph") for place in places)
        hill = [(left - 10, top + 6), (left - 4, top - 2), (left, top + 3), (left + 4, top - 1), (left + 10, top + 6)]
        sun = f'<circle cx="{left + 6:g}" cy="{top - 5:g}" r="2" fill="{self.ink.words}"/>'
        return stack + (self.line(hill, look) + sun if certain else "")

    def packet(self, at: Point, words: str, *, colour: str, masked: bool, noisy: bool) -> str:
        """Return what travels up: an envelope, hatched where it is masked and speckled where noise was added."""
        whole, plate = (3.5 * self.size, 2.6 * self.size), (2.1 * self.size, 1.4 * self.size)
        corner = at[0] - whole[0] / 2, at[1] - whole[1] / 2
        inside = self.box(at, whole, Stroke(colour, 2.2), round_by=3)
        if masked:
            inside += _marks("hatch", _hatch(corner, whole), Stroke(colour, 1.6))
            inside += self.box(at, plate, Stroke(self.ink.paper, 0), round_by=4)
        if noisy:
            inside += _marks("speckle", _speckle(at, whole, plate), Stroke(self.ink.words, 2.2))
        name = self.text((at[0], at[1] + 0.35 * self.size), words)
        kind = " masked" * masked + " noisy" * noisy
        return f'<g class="packet{kind}">{inside}{name}</g>'

    def eye(self, at: Point, *, colour: str, name: str, width: float = 42) -> str:
        """Return the eye of whoever looks."""
        (x, y), half, lid = at, width / 2, width * 0.57
        left, right = f"{x - half:g} {y:g}", f"{x + half:g} {y:g}"
        lids = f"M{left}Q{x:g} {y - lid:g} {right}Q{x:g} {y + lid:g} {left}Z"
        return (
            f'<g class="eye {name}">'
            f'<path d="{lids}" fill="{self.ink.paper}" stroke-linejoin="round" {Stroke(colour, 2.5).attributes}/>'
            f'<circle cx="{x:g}" cy="{y:g}" r="{width * 0.19:g}" fill="{colour}"/>'
            f'<circle cx="{x:g}" cy="{y:g}" r="{width * 0.085:g}" fill="{self.ink.paper}"/></g>'
        )


def sheet(parts: Sequence[str], *, width: float, height: float, title: str) -> str:
    """Return a whole drawing, with the sentence that a screen reader speaks."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="{FONT}"><title>{title}</title>{"".join(parts)}</svg>'
    )


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _ems(words: str) -> float:
    """Return how wide words are in the widest of the fonts, by the size of its letters."""
    return sum(0.42 if letter in _SLIM else 0.98 if letter in _BROAD else 0.64 for letter in words)


def _mathematics(words: str, size: float) -> str:
    shift = {"^": -0.36 * size, "_": 0.22 * size}
    parts, back = [], 0.0
    for place, part in enumerate(_RAISED.split(words)):
        if place % 3 == 0 and part:
            parts.append(f'<tspan dy="{back:g}">{part}</tspan>' if back else part)
            back = 0.0
        elif place % 3 == 1:
            dy = back + shift[part]
            back = -shift[part]
            parts.append(f'<tspan dy="{dy:g}" font-size="{_SMALL * size:g}">')
        elif place % 3 == 2:
            parts.append(f"{part}</tspan>")
    return "".join(parts)


def _head(neck: Point, along: Point, length: float, colour: str) -> str:
    half = 0.5 * length
    tip = neck[0] + length * along[0], neck[1] + length * along[1]
    left = neck[0] - half * along[1], neck[1] + half * along[0]
    right = neck[0] + half * along[1], neck[1] - half * along[0]
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in (tip, left, right))
    return f'<polygon points="{corners}" fill="{colour}"/>'


def _marks(name: str, path: str, stroke: Stroke) -> str:
    return f'<path class="{name}" d="{path}" stroke-linecap="round" {stroke.attributes}/>'


def _hatch(corner: Point, size: Point) -> str:
    """Return slanted lines that fill a rectangle."""
    (left, top), (width, height) = corner, size
    lines, across = "", 4.0
    while across < width + height:
        from_x, to_x = max(0.0, across - height), min(across, width)
        lines += f"M{left + from_x:g} {top + across - from_x:g}L{left + to_x:g} {top + across - to_x:g}"
        across += 6
    return lines


def _speckle(at: Point, size: Point, spared: Point) -> str:
    """Return dots without any order that fill a rectangle around a point, but for the words in its middle."""
    dots = ""
    for number in range(1, 121):
        # The sine of large steps leaves no pattern that an eye could follow.
        across, down = (sin(number * step) * 43758.5453 % 1 - 0.5 for step in (12.9898, 78.233))
        x, y = across * (size[0] - 7), down * (size[1] - 7)
        if abs(x) > spared[0] / 2 or abs(y) > spared[1] / 2:
            dots += f"M{at[0] + x:.1f} {at[1] + y:.1f}h.01"
    return dots
