"""The map of a landscape: heights and colours row by row, lines of equal height in the plane's coordinates."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from leaklab.experiments.frame import Frame
from leaklab.views import surfaces, terrain


def bowl(size: int = 9) -> surfaces.Landscape:
    """Return a plane whose log10 of the loss is the squared distance to (0, 0), with a corner that is no number."""
    steps = np.linspace(-1, 1, size)
    rows = {f"row.{row}": (10.0 ** (steps**2 + y**2)).tolist() for row, y in enumerate(steps)}
    rows["row.0"][-1] = float("inf")
    marks = {"point.truth": [0.0, 0.0, 1.0], "path.0.x": [1.0, 0.0], "path.0.y": [0.0, 0.5]}
    return surfaces.landscape([Frame(0, 0.1, {}, {"x": steps.tolist(), "y": steps.tolist()} | rows | marks)])


def test_what_is_drawn_can_be_sent_and_keeps_places_and_gaps():
    drawn = terrain.drawn(bowl())
    json.dumps(drawn, allow_nan=False)
    assert drawn["x"] == drawn["y"] == [-1, 1] and drawn["range"][1] == pytest.approx(2)
    assert 0 < drawn["range"][0] < 0.2 and drawn["pit"]
    assert drawn["heights"][0][-1] is None and drawn["heights"][4][4] == 0 and drawn["heights"][8][8] == 2
    assert drawn["points"] == [{"name": "truth", "x": 0.0, "y": 0.0}] and drawn["paths"] == {"0": [[1, 0], [0, 0.5]]}


def test_colours_go_from_dark_to_light_upwards_and_a_gap_is_grey():
    drawn = terrain.drawn(bowl())
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(drawn["hill"].partition(",")[2]))).convert("RGB"), int)
    assert picture.shape == (9, 9, 3)
    assert picture[4, 4].sum() < picture[4, 0].sum() < picture[0, 0].sum()
    assert (picture[8, 8] == 128).all()  # the first row lies at the bottom
    assert drawn["bar"][0] == f"rgb({', '.join(map(str, picture[4, 4]))})"


def test_a_line_of_equal_height_is_where_the_height_is():
    lines = terrain.contours(bowl(41), np.array([0.5]))
    radii = [np.hypot(*point) for line in lines for point in line["points"]]
    assert len(radii) > 20 and radii == pytest.approx([0.5**0.5] * len(radii), abs=0.01)


def test_a_plane_without_any_loss_is_drawn_all_the_same():
    empty = surfaces.landscape([Frame(0, 0.1, {}, {"x": [0.0, 1.0], "y": [0.0, 1.0], "row.0": [float("nan")] * 2})])
    drawn = terrain.drawn(empty)
    assert drawn["contours"] == [] and drawn["heights"] == [[None, None]] * 2
