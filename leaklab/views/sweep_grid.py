"""What is known of a sweep as its drawings need it, and what stands in words and pictures beside one of its cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Literal

from leaklab.experiments.sweep_cells import Named, Spread
from leaklab.views.options import finite

Metric = Literal["psnr", "ssim"]
Place = tuple[int, int]

METRICS: dict[Metric, str] = {"psnr": "PSNR (dB)", "ssim": "SSIM"}

_FORMS: dict[Metric, str] = {"psnr": "{:.1f}", "ssim": "{:.2f}"}
_SIDE = 104  # of a picture beside the cursor


@dataclass(frozen=True)
class Shown:
    """A picture as an address that carries it, and how many times as wide as high it is."""

    address: str
    wide: float = 1.0


@dataclass(frozen=True)
class Grid:
    """What is known of a sweep: its axes in words, what came of each place, and the pictures by their names."""

    axes: Sequence[Named]
    spreads: Mapping[Place, Spread]
    pictures: Mapping[str, Shown] = field(default_factory=dict)

    @property
    def across(self) -> Named:
        """The first axis."""
        return self.axes[0]

    @property
    def down(self) -> Named | None:
        """The second axis, None where one knob varies alone."""
        return self.axes[1] if len(self.axes) > 1 else None

    @property
    def rows(self) -> Sequence[str]:
        """The values of the second axis, or one row without a name."""
        return self.down.values if self.down else ("",)

    def label(self, place: Place) -> str:
        """Return a place of the grid in words."""
        return ", ".join(f"{named.title} = {named.values[at]}" for named, at in zip(self.axes, place, strict=False))


def written(value: float | None, metric: Metric) -> str:
    """Return a score in as many digits as one can see."""
    return "–" if finite(value) is None else _FORMS[metric].format(value).replace("-0.00", "0.00")


def span(one: Spread, metric: Metric) -> str:
    """Return the median of some seeds, with the extremes in brackets where there are several."""
    low, middle, high = getattr(one, metric)
    said = written(middle, metric)
    return f"{said} ({written(low, metric)} to {written(high, metric)})" if one.seeds > 1 else said


def told(grid: Grid, place: Place, one: Spread) -> str:
    """Return the words and the pictures that stand beside a cell."""
    seeds = f"<br>{one.seeds} seeds: the median, and from lowest to highest" if one.seeds > 1 else ""
    names = {f"truth.{one.middle.truth}": "private", one.middle.picture: f"what came back at {grid.label(place)}"}
    shown = "".join(picture(grid, name, said, high=_SIDE) for name, said in names.items())
    return (
        f"<b>{escape(grid.label(place))}</b><br>PSNR {span(one, 'psnr')} dB<br>SSIM {span(one, 'ssim')}{seeds}"
        f'<div style="display:flex;flex-wrap:wrap;gap:4px;margin-top:6px;max-width:{2 * _SIDE + 4}px">{shown}</div>'
    )


def picture(grid: Grid, name: str, said: str, *, high: float = 0, wide: float = 0) -> str:
    """Return a picture so many pixels high or wide; both are written, for a box is placed before pictures are there."""
    if name not in grid.pictures:
        return ""
    shown = grid.pictures[name]
    size = f"width:{wide or high * shown.wide:.0f}px;height:{high or wide / shown.wide:.0f}px"
    return f'<img src="{shown.address}" alt="{escape(said)}" style="{size};image-rendering:pixelated">'
