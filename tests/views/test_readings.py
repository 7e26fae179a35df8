"""What the methods made of a batch, in numbers and in words."""

import pytest

from leaklab.experiments.frame import Frame
from leaklab.views import readings

METHODS = {
    "zlr": {"name": "ZLR", "needs": "features", "idea": "Names.", "once": True},
    "alr": {"name": "ALR", "needs": "a bias", "idea": "Counts.", "once": False},
    "late": {"name": "Late", "needs": "nothing", "idea": "Waits.", "once": False},
}
FRAME = Frame(
    index=3, seconds=1.0,
    scalars={"accuracy.zlr": 0.5, "exists.zlr": 0.4, "seconds.zlr": 0.0012, "methods_done": 2.0},
    series={"true": [3.0, 0.0, 1.0], "counts.zlr": [1.0, 1.0, 2.0]},
    note="All read by zlr.\nA network of its own.\nalr: It has no bias.",
    final=True,
)  # fmt: skip


def found() -> dict[str, readings.Reading]:
    return {reading.key: reading for reading in readings.readings(FRAME, METHODS)}


def test_a_method_that_ran_has_its_counts_and_numbers():
    zlr = found()["zlr"]
    assert zlr.counts == (1, 1, 2) and (zlr.right, zlr.found, zlr.seconds) == (0.5, 0.4, 0.0012) and zlr.remark == ""


def test_one_that_could_not_has_its_reason_and_one_that_waits_has_nothing():
    alr, late = found()["alr"], found()["late"]
    assert alr.counts is None and alr.right is None and alr.remark == "It has no bias."
    assert late.counts is None and late.remark == ""


def test_the_bound_is_the_distinct_classes_over_the_photographs_for_what_names_a_class_once():
    assert found()["zlr"].bound == 2 / 4 and found()["alr"].bound is None


def test_the_notes_are_what_belongs_to_no_method():
    assert readings.notes(FRAME, METHODS) == ["A network of its own."]
    early = Frame(0, 0.0, note="A network of its own.\nalr: It has no bias.")
    assert readings.notes(early, METHODS) == ["A network of its own."] and readings.notes(Frame(0, 0.0), METHODS) == []


@pytest.mark.parametrize("right, bound, said", [
    (0.5, None, "2 of 4 labels right (50.0%)"),
    (0.5, 1.0, "2 of 4 labels right (50.0%)"),
    (0.5, 0.5, "2 of 4 labels right (50.0%, the most when each class is named once)"),
    (0.25, 0.5, "1 of 4 labels right (25.0%, at most 50.0% when each class is named once)"),
    (None, 0.5, ""),
])  # fmt: skip
def test_a_score_says_what_could_be_reached(right, bound, said):
    assert readings.score(readings.Reading("zlr", METHODS["zlr"], (1,), right, 1.0, 0.1, "", bound), 4) == said


@pytest.mark.parametrize("share, said", [(0, "0%"), (1, "100%"), (0.9999, "99.9%"), (1e-6, "0.1%"), (None, "–")])
def test_a_share_is_never_rounded_to_all_or_none(share, said):
    assert readings.percent(share) == said


@pytest.mark.parametrize("seconds, said", [(0.0012, "1.2 ms"), (2.34, "2.3 s"), (None, "–")])
def test_a_duration_has_the_unit_that_suits_it(seconds, said):
    assert readings.duration(seconds) == said


def test_the_table_has_a_row_a_method_and_a_dash_for_what_is_not_known():
    table = readings.table(readings.readings(FRAME, METHODS))
    assert table["method"] == ["ZLR", "ALR", "Late"] and table["needs"] == ["features", "a bias", "nothing"]
    assert table["labels right"] == ["50.0%", "–", "–"] and table["at most"] == ["50.0%", "–", "–"]
    assert table["classes right"] == ["40.0%", "–", "–"] and table["time"] == ["1.2 ms", "–", "–"]
