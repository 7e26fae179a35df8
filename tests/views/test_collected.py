"""Several runs to take home: every row of the picture is said in the table, and what is missing is said too."""

import csv
import io
import json

import numpy as np
from PIL import Image

from leaklab.experiments.frame import Frame
from leaklab.views import collected
from leaklab.views.collected import Taken
from leaklab.views.gallery import Card, Facts

CARD = Card("a", "A, with a comma", Facts("inversion", "DLG", "LeNet"), "finished", "Recovered.", 30.0, 1.5)
GREY = np.full((32, 64, 3), 128, np.uint8)
RUNS = (
    Taken(CARD, {"kind": "inversion"}, [Frame(0, 1.5, {"psnr": float("nan")})], GREY, GREY),
    Taken(CARD, {}, [], None, GREY),
    Taken(CARD, {}, []),
)


def test_the_table_says_what_each_row_of_the_sheet_shows():
    rows = list(csv.DictReader(io.StringIO(collected.table(RUNS))))
    assert [row["title"] for row in rows] == ["A, with a comma"] * 3
    assert [row["picture"] for row in rows] == [
        "left the private photographs, right what was rebuilt by DLG: Recovered.",
        "left grey, right what was rebuilt by DLG: Recovered.", "no picture was kept",
    ]  # fmt: skip


def test_the_sheet_has_a_row_for_every_run_enlarged_by_whole_pixels():
    sheet = np.asarray(Image.open(io.BytesIO(collected.sheet(RUNS))))
    assert sheet.shape[0] == 3 * 96 + 4 * 8 and (sheet[8:104, 8:104] == 128).all()
    assert (sheet[112:208, 8:104] == 200).all()


def test_nothing_chosen_is_nothing_written():
    assert Image.open(io.BytesIO(collected.sheet(()))).width and collected.table(()) == "id\r\n"
    assert json.loads(collected.record((), ["Gone."])) == {"runs": [], "missing": ["Gone."]}


def test_what_is_no_number_is_null_in_the_record():
    kept = json.loads(collected.record(RUNS, []))["runs"][0]
    assert kept["frames"][0]["scalars"] == {"psnr": None} and kept["settings"] == {"kind": "inversion"}
    assert kept["attack"] == "DLG"
