"""A search for the strength that is enough, drawn: its probes over powers of ten, and its mark."""

import json
import math

from leaklab.experiments.frame import Frame
from leaklab.views import enough

FRAME = Frame(0, 0.0, series={"strength": [1e-3, 1.0, 0.1], "ssim": [0.9, 0.05, 0.3], "ratio": [0.01, 10.0, 1.0]})


def frame(ssim: list[float]) -> Frame:
    return Frame(0, 0.0, series={"strength": [1e-3, 1.0], "ssim": ssim, "ratio": [0.01, 10.0]})


def test_probes_stand_in_order_over_powers_of_ten_with_the_mark_across():
    drawn = enough.probes(FRAME, below=0.2)
    [line] = drawn["series"]
    assert [point["value"] for point in line["data"]] == [[-3.0, 0.9], [-1.0, 0.3], [0.0, 0.05]]
    assert (drawn["xAxis"]["min"], drawn["xAxis"]["max"]) == (-3, 0) and line["markLine"]["data"] == [{"yAxis": 0.2}]
    assert line["data"][1]["tooltip"]["formatter"] == "σ = 0.1<br>SSIM 0.30<br>noise / signal 1"
    assert json.dumps(drawn, allow_nan=False)


def test_a_probe_that_came_to_no_number_is_left_out():
    [line] = enough.probes(frame([0.9, math.nan]), below=0.2)["series"]
    assert len(line["data"]) == 1
    assert enough.probes(Frame(0, 0.0), below=0.2)["series"][0]["data"] == []


def test_the_sentence_says_between_which_strengths_the_mark_is_crossed():
    assert enough.probes_alt(FRAME, below=0.2) == (
        "3 strengths tried, from 0.001 to 1: SSIM falls below 0.2 between 0.1 and 1."
    )
    assert enough.probes_alt(frame([0.9, 0.8]), below=0.2).endswith("SSIM is above 0.2 at all of them.")
    assert enough.probes_alt(frame([0.1, 0.1]), below=0.2).endswith("SSIM is below 0.2 at all of them.")
    assert enough.probes_alt(Frame(0, 0.0), below=0.2) == "No strength has been tried yet."
