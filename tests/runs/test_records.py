"""Frames as JSON and PNG, and the arithmetic of waiting."""

import io
import json
import math

import numpy as np
import pytest
from PIL import Image

from leaklab.experiments.frame import Frame
from leaklab.runs import records


def test_what_is_not_finite_becomes_null_and_reads_back_as_nan():
    frame = Frame(4, 1.5, {"loss": math.inf, "psnr": 20.5}, {"losses.0": [math.nan, 1.0]}, note="A note.")
    row = records.written(frame)
    assert json.loads(row["scalars"]) == {"loss": None, "psnr": 20.5}
    assert json.loads(row["series"]) == {"losses.0": [None, 1.0]}
    back = records.read(row)
    assert math.isnan(back.scalars["loss"]) and math.isnan(back.series["losses.0"][0])
    assert (back.index, back.seconds, back.note, back.series["losses.0"][1]) == (4, 1.5, "A note.", 1.0)


def test_numbers_of_numpy_are_written_and_whole_ones_stay_whole():
    frame = Frame(0, 0.0, {"psnr": np.float32(0.5)}, {"label_true": [np.int64(3)]})
    row = records.written(frame)
    assert row["scalars"] == '{"psnr":0.5}' and row["series"] == '{"label_true":[3]}'


def test_a_picture_is_the_same_after_png():
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(records.png(picture)))), picture)


@pytest.mark.parametrize(
    ("scalars", "final", "share"),
    [
        ({"iteration": 30, "iterations": 120}, False, 0.25),
        ({"progress": 0.5, "iteration": 1, "iterations": 100}, False, 0.5),
        ({"iteration": 3}, False, 0.0),
        ({}, False, 0.0),
        ({"iteration": 30, "iterations": 120}, True, 1.0),
        ({"progress": 7.0}, False, 1.0),
    ],
)
def test_progress(scalars: dict[str, float], final: bool, share: float):
    assert records.progress(Frame(0, 0.0, scalars, final=final)) == share


@pytest.mark.parametrize(
    ("running", "ahead", "usual", "seconds"),
    [
        ([], 0, None, 0.0),
        ([4.0], 0, None, 4.0),
        ([4.0], 2, 10.0, 24.0),  # one worker: 4, then two of ten
        ([4.0, 5.0], 2, 10.0, 14.0),  # two workers: the second of those ahead takes the one free at five
        ([], 3, 10.0, 30.0),
        ([None], 0, 10.0, None),
        ([4.0], 1, None, None),
    ],
)
def test_waiting(running: list[float | None], ahead: int, usual: float | None, seconds: float | None):
    assert records.waiting(running, ahead, usual) == seconds
