"""Options are JSON, and several of them make one."""

import json

import pytest

from leaklab.views import curves, options


def test_a_log_axis_never_sees_what_has_no_logarithm():
    given = [1.0, 0.0, -2.0, float("nan"), float("inf"), None]
    assert [options.positive(value) for value in given] == [1.0, None, None, None, None, None]
    assert [options.finite(value) for value in given] == [1.0, 0.0, -2.0, None, None, None]


@pytest.mark.parametrize("count", [0, 1, 299, 300, 301, 5000])
def test_long_lines_are_thinned_and_keep_their_ends(count):
    points = [(float(x), 1.0) for x in range(count)]
    thin = options.thinned(points)
    assert len(thin) <= 302
    if count:
        assert thin[0] == points[0] and thin[-1] == points[-1]


def test_a_line_alone_is_marked_so_that_it_shows():
    one, two = ([(float(x), 2.0) for x in range(n)] for n in (1, 2))
    stroke = options.Stroke("#000000")
    assert options.line("loss", one, stroke)["symbol"] == "circle"
    assert options.line("loss", two, stroke)["symbol"] == "none"


def test_panels_keep_each_line_on_its_own_axes(frames):
    drawings = {"DLG": curves.scores(frames), "IG": curves.losses(frames), "iDLG": curves.scores(frames)}
    whole = options.panels(drawings, columns=2, dark=False)
    assert [title["text"] for title in whole["title"]] == ["DLG", "IG", "iDLG"]
    assert [axis["gridIndex"] for axis in whole["xAxis"]] == [0, 1, 2]
    assert [axis["gridIndex"] for axis in whole["yAxis"]] == [0, 0, 1, 2, 2]
    for series in whole["series"]:
        assert whole["yAxis"][series["yAxisIndex"]]["gridIndex"] == series["xAxisIndex"]
    assert {series["yAxisIndex"] for series in whole["series"]} == {0, 1, 2, 3, 4}
    json.dumps(whole, allow_nan=False)


def test_panels_leave_the_drawings_alone(frames):
    drawing = curves.losses(frames)
    before = json.dumps(drawing)
    options.panels({"a": drawing, "b": drawing}, columns=2, dark=True)
    assert json.dumps(drawing) == before
