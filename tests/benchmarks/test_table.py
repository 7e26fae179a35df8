"""The benchmarks' table: what values come to, whether that was wanted, and that nothing is lost on the disk."""

import json
import math

import pytest

from benchmarks import results
from benchmarks.table import Row, markdown, number, plain, read

VALUES = (4.0, 1.0, 3.0, 2.0)


@pytest.mark.parametrize(("by", "measured"), [("median", 2.5), ("mean", 2.5), ("lowest", 1), ("highest", 4)])
def test_what_values_come_to(by, measured):
    assert Row("x", VALUES, by=by).measured == measured


@pytest.mark.parametrize(
    ("bounds", "met"),
    [
        ({}, None),
        ({"at_least": 2.5}, True),
        ({"at_least": 2.6}, False),
        ({"at_most": 2.5}, True),
        ({"at_most": 2.4}, False),
    ],
)
def test_whether_it_was_wanted(bounds, met):
    assert Row("x", VALUES, **bounds).met is met


def test_what_was_left_out_meets_nothing():
    assert Row("x", at_least=1).met is None
    assert Row("x", at_least=1).cells[1] == "–"


def test_what_is_not_a_number_is_never_met():
    assert Row("x", (math.nan,), at_least=0).met is False


def test_the_middle_half_leaves_a_quarter_out_on_each_side():
    assert Row("x", (1.0, 2.0, 3.0, 4.0, 5.0)).cells[2] == "2.00–4.00"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0.00"), (0.001, "1.0e-03"), (1.234, "1.23"), (12.34, "12.3"), (1234.5, "1234"), (math.inf, "not finite")],
)
def test_numbers_have_three_digits_that_count(value, shown):
    assert number(value) == shown


def test_a_row_comes_back_from_json():
    row = Row("x", (1.0, 2.0), "dB", by="mean", at_least=1.5, note="so")
    assert read(json.loads(json.dumps(row.written()))) == row


def test_json_knows_no_infinity():
    assert Row("x", (math.inf,)).written()["values"] == [None]


def test_notes_stand_beneath():
    rows = [Row("first", (1.0,), note="slow"), Row("second", (2.0,))]
    assert plain(rows).splitlines()[-1] == "  first: slow"
    assert markdown(rows).splitlines()[-1] == "- first: slow"


def test_tables_are_written_between_their_marks(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    monkeypatch.setattr(results, "DOCUMENT", tmp_path / "page.md")
    page = "# Page\n<!-- table: speed -->\nold\n<!-- end -->\nbetween\n<!-- table: memory -->\nkept\n<!-- end -->\n"
    results.DOCUMENT.write_text(page)
    results.save("speed", [Row("fast", (1.0,), "ms")], quick=False, seconds=1)
    results.save("memory", [Row("much", (1.0,), "MB")], quick=True, seconds=1)
    assert results.write_document() == ["speed"]
    text = results.DOCUMENT.read_text()
    assert "| fast | 1.00 ms |" in text and "old" not in text
    assert text.endswith("between\n<!-- table: memory -->\nkept\n<!-- end -->\n")


def test_every_part_has_its_place_in_the_document():
    from benchmarks.__main__ import PARTS

    page = results.DOCUMENT.read_text(encoding="utf-8")
    assert [part for part in PARTS if f"<!-- table: {part} -->" not in page] == []
