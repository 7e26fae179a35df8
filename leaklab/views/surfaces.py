"""Loss landscapes as plotly figures: a line or a surface, with marked points and descent paths.

Heights are log10 of the loss. What is not finite is a gap; a loss of zero, which has no logarithm, is drawn just below
the lowest loss seen. The figures stand still (plotly is drawn anew at every change), so they are for finished runs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from leaklab.experiments.frame import Frame
from leaklab.views.palette import Ink, ink

_MARKS = ("star", "circle", "x", "diamond", "square", "cross")  # told apart without colour
_SOLID_MARKS = ("diamond", "circle", "x", "square", "cross", "circle-open")  # the 3-D drawing has fewer
_DEPTH = 1e-8  # of the highest loss: what lies lower is drawn at the bottom
SCALE = "Cividis"  # even in lightness, and read alike by colour-blind eyes


@dataclass(frozen=True)
class Landscape:
    """What a landscape run has found so far: losses over a grid or along a line, marked points, paths."""

    x: Float[np.ndarray, " width"]
    y: Float[np.ndarray, " height"]
    losses: Float[np.ndarray, "height width"]
    points: dict[str, tuple[float, float, float]]  # name -> x, y, loss
    paths: dict[str, Float[np.ndarray, "2 steps"]]

    @property
    def floor(self) -> float:
        """The log10 at which a loss of zero is drawn."""
        marked = [loss for _, _, loss in self.points.values()]
        seen = np.concatenate([self.losses.ravel(), np.array(marked, float)])
        seen = seen[np.isfinite(seen) & (seen > 0)]
        if not seen.size:
            return 0.0
        # What is left by rounding alone would stretch the scale by twenty decades: below eight, all is the bottom.
        return float(np.log10(max(seen.min(), seen.max() * _DEPTH))) - 0.5

    def heights(self, losses: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
        """Return log10 of some losses: zero at the floor, gaps where they are not finite."""
        losses = np.asarray(losses, float)
        safe = np.where(np.isfinite(losses) & (losses > 0), losses, 1.0)
        logs = np.maximum(np.log10(safe), self.floor)
        return np.where(np.isfinite(losses), np.where(losses > 0, logs, self.floor), np.nan)

    def height(self, loss: float) -> float:
        """Return log10 of one loss, as `heights` does."""
        return float(self.heights(np.array(loss)))


def landscape(frames: Iterable[Frame]) -> Landscape:
    """Gather what the frames of a landscape run have brought so far; rows still missing are gaps."""
    series: dict[str, Sequence[float]] = {}
    for frame in frames:
        series |= frame.series
    x, y = (np.array(series.get(name, []), float) for name in ("x", "y"))
    if "line" in series:
        y, losses = np.zeros(1), np.array([series["line"]], float)
    else:
        losses = np.full((len(y), len(x)), np.nan)
        for k in range(len(y)):
            losses[k] = series.get(f"row.{k}", np.nan)
    paths = {
        name.removeprefix("path.").removesuffix(".x"): np.array([values, series[name.removesuffix("x") + "y"]], float)
        for name, values in series.items()
        if name.startswith("path.") and name.endswith(".x")
    }
    points = {name.removeprefix("point."): tuple(v) for name, v in series.items() if name.startswith("point.")}
    return Landscape(x=x, y=y, losses=losses, points=points, paths=paths)


def line(found: Landscape, *, dark: bool = False) -> Any:
    """Draw the loss along a line, its points marked."""
    import plotly.graph_objects as go

    colours = ink(dark)
    drawn = {"color": colours.line(0), "width": 3}
    figure = go.Figure(go.Scatter(x=found.x, y=found.heights(found.losses[0]), mode="lines", line=drawn))
    for index, (name, (x, _, loss)) in enumerate(found.points.items()):
        height = found.height(loss)
        figure.add_scatter(x=[x], y=[height], name=name, mode="markers", marker=_mark(index), cliponaxis=False)
        figure.add_annotation(x=x, y=height, **_note(name, colours))
    across, up = _axis("position along the line", colours), _axis("log10 of the loss", colours)
    return figure.update_layout(xaxis=across, yaxis=up, **_layout(colours))


def surface(found: Landscape, *, dark: bool = False) -> Any:
    """Draw the loss over a plane as a surface, with the paths of the restarts and the marked points on it."""
    import plotly.graph_objects as go

    colours = ink(dark)
    heights = found.heights(found.losses)
    figure = go.Figure(go.Surface(x=found.x, y=found.y, z=heights, colorscale=SCALE, colorbar=_bar()))
    for name, (x, y) in found.paths.items():
        for stroke in _cased(5):
            figure.add_scatter3d(
                x=x, y=y, z=_over(found, heights, x, y), mode="lines", name=f"restart {name}", line=stroke
            )
    notes = []
    for index, (name, (x, y, loss)) in enumerate(found.points.items()):
        height, mark = found.height(loss), _mark(index) | {"symbol": _SOLID_MARKS[index % len(_SOLID_MARKS)], "size": 6}
        figure.add_scatter3d(x=[x], y=[y], z=[height], name=name, mode="markers", marker=mark)
        notes.append({"x": x, "y": y, "z": height} | _note(name, colours))
    sides = {"xaxis": "first direction", "yaxis": "second direction", "zaxis": "log10 loss"}
    scene = {side: _axis(title, colours) | {"backgroundcolor": colours.paper} for side, title in sides.items()}
    seen_from = {"eye": {"x": 1.8, "y": -1.8, "z": 1.1}, "center": {"z": -0.12}}
    box = {"aspectmode": "manual", "aspectratio": {"x": 1.7, "y": 1.7, "z": 1.0}}
    return figure.update_layout(scene=scene | box | {"annotations": notes, "camera": seen_from}, **_layout(colours))


def alt(found: Landscape) -> str:
    """Say in a sentence how the loss lies: its range, and where the marked points stand in it."""
    seen = found.losses[np.isfinite(found.losses)]
    if not seen.size:
        return "No loss has been computed yet."
    marked = "".join(f" At {name} it is {loss:.3g}." for name, (_, _, loss) in found.points.items())
    return f"The loss lies between {seen.min():.3g} and {seen.max():.3g}.{marked}"


def _over(found: Landscape, heights: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    from scipy.interpolate import RegularGridInterpolator

    over = RegularGridInterpolator((found.y, found.x), heights, bounds_error=False)
    seen = heights[np.isfinite(heights)]
    # A little above the surface, which would otherwise swallow half of the line.
    return over(np.stack([y, x], axis=-1)) + (0.02 * np.ptp(seen) if seen.size else 0.0)


def _mark(index: int) -> dict[str, Any]:
    symbol = _MARKS[index % len(_MARKS)]
    return {"symbol": symbol, "size": 14, "color": "#D55E00", "line": {"color": "#ffffff", "width": 1.5}}


def _note(name: str, colours: Ink) -> dict[str, Any]:
    words = {"size": 14, "color": colours.words}
    # A good reconstruction lies next to the truth: their names go to opposite sides.
    aside = {"showarrow": False, "yshift": -24 if name == "truth" else 24}
    return aside | {"text": name, "font": words, "bgcolor": colours.paper, "borderpad": 3, "opacity": 0.9}


def _cased(width: float) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"color": "#000000", "width": width * 1.8}, {"color": "#ffffff", "width": width}


def _bar() -> dict[str, Any]:
    return {"title": {"text": "log10<br>loss"}, "thickness": 14}


def _axis(title: str, colours: Ink) -> dict[str, Any]:
    return {"title": {"text": title}, "gridcolor": colours.hairline, "zeroline": False, "color": colours.words}


def _layout(colours: Ink) -> dict[str, Any]:
    clear, words = "rgba(0,0,0,0)", {"color": colours.words, "size": 13}
    margin = {"l": 8, "r": 8, "t": 28, "b": 8}
    return {"showlegend": False, "paper_bgcolor": clear, "plot_bgcolor": clear, "font": words, "margin": margin}
