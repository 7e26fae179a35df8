"""Ways side by side, drawn: a line each, how far from the reference, and tables that cope with a GPU or without."""

import json
import math

import numpy as np

from leaklab.experiments.frame import Frame
from leaklab.views import machines


def frame(iteration: int, *losses: float, final: bool = False, **more: float) -> Frame:
    found = dict(zip(("cpu-float64", "cpu-float32", "cuda-float32"), losses, strict=False))
    scalars = {"iteration": float(iteration)}
    for name, loss in found.items():
        scalars |= {f"loss.{name}": loss, f"psnr.{name}": 20.0, f"evaluations.{name}": 8.0, f"seconds.{name}": 1.5}
        scalars[f"iteration.{name}"] = float(iteration)
    return Frame(iteration, 0.0, scalars | {name.replace("_", "."): value for name, value in more.items()}, final=final)


PARTED = {"parted.cpu-float32": 1.0}
LAST = frame(1, 2.0, 2.5, 2.0, final=True)
FRAMES = [frame(0, 4.0, 4.0, 4.0004), Frame(1, 0.0, LAST.scalars | PARTED, final=True)]


def record(*names: str, gpu: str = "") -> dict:
    scalars = {f"psnr.{name}": 30.0 for name in names}
    runs = [{"seed": 1, "scalars": scalars}, {"seed": 2, "scalars": scalars | PARTED}]
    on = {"processor": "A processor", "gpu": gpu, "torch": "2.0", "when": "2020-01-01"}
    return {"title": "Easy leak", **on, "runs": runs}


def test_each_way_has_a_line_of_its_own_on_a_log_scale():
    drawn = machines.losses(FRAMES, dark=True)
    assert [one["name"] for one in drawn["series"]] == ["cpu-float64", "cpu-float32", "cuda-float32"]
    assert drawn["yAxis"]["type"] == "log" and drawn["series"][1]["data"] == [[0.0, 4.0], [1.0, 2.5]]
    assert drawn["series"][0]["lineStyle"]["width"] > drawn["series"][1]["lineStyle"]["width"]
    assert len({one["lineStyle"]["color"] for one in drawn["series"]}) == 3
    assert machines.losses_alt(FRAMES) == (
        "Loss at the newest iteration: cpu-float64 2; cpu-float32 2.5; cuda-float32 2."
    )
    json.dumps(drawn, allow_nan=False)


def test_the_distance_from_the_reference_is_drawn_with_where_one_counts_as_parted():
    single, cuda, limit = machines.apart(FRAMES)["series"]
    assert single["data"] == [[0.0, None], [1.0, 0.2]] and cuda["data"] == [[0.0, 9.999e-05], [1.0, None]]
    assert limit["name"] == "1%: parted" and limit["data"] == [[0.0, 0.01], [1.0, 0.01]]
    assert machines.apart_alt(FRAMES) == (
        "Distance from cpu-float64: cpu-float32 from 2e-01 to 2e-01, 1; cuda-float32 from 1e-04 to 1e-04, never."
    )


def test_before_anything_came_and_where_a_way_diverged_there_is_a_drawing_too():
    assert machines.losses([])["series"] == machines.apart([])["series"] == []
    assert machines.losses_alt([]).startswith("No loss") and machines.apart_alt([]).startswith("There is nothing")
    lost = [frame(0, 4.0, math.inf)]
    assert machines.apart(lost)["series"][0]["data"] == machines.losses(lost)["series"][1]["data"] == [[0.0, None]]


def test_the_table_says_who_parted_and_while_it_goes_on_that_it_may_yet():
    over, going = machines.table(FRAMES[-1]), machines.table(FRAMES[0])
    assert over[""][:2] == ["PSNR (dB)", "parted at iteration"] and list(over) == ["", *machines.names(LAST.scalars)]
    assert [column[1] for column in list(over.values())[1:]] == ["–", "1", "never"]
    assert [column[1] for column in list(going.values())[1:]] == ["–", "not yet", "not yet"]
    assert over["cpu-float32"] == ["20.0", "1", "1", "2.50e+00", "8", "1.5"]


def test_all_photographs_of_a_way_stand_in_one_picture():
    two = np.zeros((4, 8, 3), np.uint8)
    names = ("truth", *(f"reconstruction.{name}" for name in ("cpu-float64", "cpu-float32", "cuda-float32")))
    html = machines.sheet(dict.fromkeys(names, two), LAST)
    assert html.count("<img") == 4 and "cuda-float32: 20.0 dB" in html and "private" in html


def test_a_record_is_a_row_a_seed_with_the_ways_that_its_machine_had():
    here = record("cpu-float64", "cpu-float32")
    there = record("cpu-float64", "cpu-float32", "cuda-float32", gpu="A GPU")
    assert machines.recorded(here) == {
        "seed": ["1", "2"], "cpu-float64 (dB)": ["30.0"] * 2, "cpu-float32 (dB)": ["30.0"] * 2,
        "cpu-float32 parted": ["never", "1"],
    }  # fmt: skip
    assert "cuda-float32 (dB)" in machines.recorded(there)
    assert not machines.has_gpu(here) and machines.has_gpu(there)
    assert machines.recorded_on(there) == (
        "**Recorded:** *Easy leak* with 2 seeds, A processor and A GPU, PyTorch 2.0, 2020-01-01."
    )
