"""Landscapes: gathered frame by frame, log10 of the loss, gaps and floors in their places."""

import numpy as np
import pytest

from leaklab.experiments.frame import Frame
from leaklab.views import surfaces


@pytest.fixture
def plane() -> list[Frame]:
    """Three rows of a plane, the last still missing; a zero at the truth, an overflow in a corner."""
    grid = {"x": [0.0, 0.5, 1.0], "y": [-1.0, 0.0, 1.0]}
    marks = {"point.truth": [1.0, 0.0, 0.0], "point.reconstruction": [0.5, 0.0, 10.0]}
    paths = {"path.0.x": [0.0, 0.25], "path.0.y": [-1.0, -0.5], "path.1.x": [0.0, 9.0], "path.1.y": [-1.0, 9.0]}
    return [
        Frame(0, 0.1, {"rows_done": 1.0, "rows_total": 3.0}, grid | {"row.0": [1000.0, 100.0, float("inf")]}),
        Frame(1, 0.2, {"rows_done": 2.0, "rows_total": 3.0}, {"row.1": [100.0, 10.0, 0.0]} | marks | paths),
    ]


def test_rows_are_gathered_and_the_missing_are_gaps(plane):
    found = surfaces.landscape(plane)
    assert found.losses.shape == (3, 3) and np.isnan(found.losses[2]).all()
    assert list(found.points) == ["truth", "reconstruction"] and list(found.paths) == ["0", "1"]
    assert found.paths["0"].tolist() == [[0.0, 0.25], [-1.0, -0.5]]


def test_heights_are_log10_with_gaps_and_a_floor(plane):
    found = surfaces.landscape(plane)
    heights = found.heights(found.losses)
    assert heights[0, :2].tolist() == [3, 2] and np.isnan(heights[0, 2])
    assert heights[1].tolist() == pytest.approx([2, 1, 0.5])  # zero stands half a decade under the lowest loss
    assert found.height(-1e-9) == found.floor and np.isnan(found.height(float("nan")))


@pytest.mark.parametrize("dark", [False, True])
def test_a_surface_carries_points_and_paths_on_it(plane, dark):
    figure = surfaces.surface(surfaces.landscape(plane), dark=dark)
    kinds = [trace.type for trace in figure.data]
    assert kinds == ["surface"] + ["scatter3d"] * 6  # two paths drawn twice (white on a black edge), two points
    assert [trace.name for trace in figure.data[5:]] == ["truth", "reconstruction"]
    assert figure.data[5].z[0] == pytest.approx(0.5)
    lift = 0.02 * 2.5  # a fiftieth of the heights' range
    assert list(figure.data[1].z) == pytest.approx([3 + lift, 2 + lift])
    assert np.isnan(figure.data[3].z[1])  # a path that leaves the plane is not drawn outside it
    assert [note.text for note in figure.layout.scene.annotations] == ["truth", "reconstruction"]


def test_a_line_is_drawn_with_its_points():
    frame = Frame(0, 0.0, {}, {"x": [0.0, 1.0], "line": [10.0, float("nan")], "point.truth": [1.0, 0.0, 0.1]})
    found = surfaces.landscape([frame])
    figure = surfaces.line(found)
    assert figure.data[0].y[0] == 1 and np.isnan(figure.data[0].y[1])
    assert (figure.data[1].x[0], figure.data[1].y[0]) == (1, -1)


def test_the_sentence_gives_range_and_points(plane):
    assert surfaces.alt(surfaces.landscape(plane)) == (
        "The loss lies between 0 and 1e+03. At truth it is 0. At reconstruction it is 10."
    )
    assert surfaces.alt(surfaces.landscape([])) == "No loss has been computed yet."


def test_figures_of_nothing_yet_can_be_drawn():
    found = surfaces.landscape(
        [Frame(0, 0.0, {}, {"x": [0.0, 1.0], "y": [0.0, 1.0], "path.0.x": [0.5], "path.0.y": [0.5]})]
    )
    assert np.isnan(surfaces.surface(found).data[0].z).all()
    assert len(surfaces.surface(found).data) == 3
