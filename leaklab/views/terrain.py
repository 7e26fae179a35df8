"""A landscape as a map that a browser draws: its colours as a picture, lines of equal height, paths and marks."""

from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from leaklab.views import strips
from leaklab.views.surfaces import SCALE, Landscape

_LEVELS = 16  # lines of equal height
_PIT = 0.02  # of all places, which share the darkest colour
_STOPS = 9  # of the colour bar
_GAP = (0.5, 0.5, 0.5)  # where no loss is a number


def drawn(found: Landscape) -> dict[str, Any]:
    """Return what is drawn of a plane whose rows are all there: x runs to the right, y upwards."""
    from plotly.colors import sample_colorscale

    heights = found.heights(found.losses)
    seen = heights[np.isfinite(heights)]
    # A pit of one point, as at the truth, must not take all colours: what lies deeper is as dark as they go.
    low, high = (float(np.quantile(seen, _PIT)), float(seen.max())) if seen.size else (0.0, 1.0)
    return {
        "x": [float(found.x[0]), float(found.x[-1])],
        "y": [float(found.y[0]), float(found.y[-1])],
        "heights": [[round(float(one), 3) if np.isfinite(one) else None for one in row] for row in heights],
        "hill": strips.uri(strips.png(_coloured(heights[::-1], low, high))),
        "contours": contours(found, np.linspace(low, high, _LEVELS + 2)[1:-1]),
        "range": [low, high],
        "pit": bool(seen.size and seen.min() < low),
        "bar": sample_colorscale(SCALE, np.linspace(0, 1, _STOPS)),
        "points": [{"name": name, "x": x, "y": y} for name, (x, y, _) in found.points.items()],
        "paths": {name: path.T.round(4).tolist() for name, path in found.paths.items()},
    }


def contours(found: Landscape, levels: Float[np.ndarray, " levels"]) -> list[dict[str, Any]]:
    """Return lines of equal log10 of the loss: the points in the plane's coordinates, and whether it is a high one."""
    from skimage.measure import find_contours

    heights, lines = found.heights(found.losses), []
    for level in levels:
        for line in find_contours(heights, level):
            down, across = line.T
            x = np.interp(across, np.arange(len(found.x)), found.x)
            y = np.interp(down, np.arange(len(found.y)), found.y)
            lines.append({"points": np.stack([x, y], 1).round(3).tolist(), "high": bool(level > levels.mean())})
    return lines


def _coloured(
    heights: Float[np.ndarray, "height width"], low: float, high: float
) -> UInt8[np.ndarray, "height width 3"]:
    from plotly.colors import sample_colorscale

    share = np.clip((np.nan_to_num(heights, nan=low) - low) / max(high - low, 1e-9), 0, 1)
    colours = np.array(sample_colorscale(SCALE, share.ravel(), colortype="tuple")).reshape(*heights.shape, 3)
    colours[~np.isfinite(heights)] = _GAP
    return (255 * colours).round().astype(np.uint8)
