"""What a class sees of a lesson: what a run says, the votes as bars, the way through, the code, and the sheet."""

import re

import numpy as np
import pytest

from leaklab.experiments.frame import Frame
from leaklab.experiments.lessons import Lesson, Step
from leaklab.views import lessons

STEP = Step.read({
    "title": "One", "minutes": 5, "text": "Read *this* & that.", "question": "How near?",
    "options": ("<Far>", "Near", "There"), "runs": ({"start": "playground/easy-leak"},),
    "check": {
        "measure": "psnr", "cuts": (12.0, 20.0), "expected": "C", "margin": 2.0, "reading": "It came to {0:.0f} dB."
    },
    "explanation": "It is **so**.\n\nAnd so.", "answer": "There it is.", "discuss": ("Why?",),
})  # fmt: skip
LESSON = Lesson(
    title="A lesson & more", minutes=14, learn=("to look",), materials=("a pen",), opening="Begin.", opening_minutes=2,
    closing="End.", closing_minutes=2, steps=(STEP, STEP),
)  # fmt: skip


def ended(psnr: float, *, final: bool = True) -> Frame:
    return Frame(3, 1.0, {"psnr": psnr}, final=final)


@pytest.mark.parametrize(("psnr", "letter"), [(5.0, "A"), (16.0, "B"), (35.0, "C")])
def test_the_run_decides_for_an_answer_and_says_its_number(psnr: float, letter: str):
    found = lessons.outcome(STEP, [ended(psnr)])
    assert found and found.letter == letter and found.said == f"It came to {psnr:.0f} dB."


def test_a_run_that_says_something_else_than_the_lesson_is_told_as_such():
    assert lessons.outcome(STEP, [ended(35)]).remark == ""
    assert "usually comes out as C" in lessons.outcome(STEP, [ended(5)]).remark
    assert "close to where the answers part" in lessons.outcome(STEP, [ended(21)]).remark


@pytest.mark.parametrize(
    "finals", [[], [None], [ended(30, final=False)], [ended(float("nan"))], [Frame(0, 0.0, final=True)]]
)
def test_a_run_without_its_number_decides_nothing(finals: list[Frame | None]):
    assert lessons.outcome(STEP, finals) is None


def test_every_answer_has_a_bar_with_its_count_and_words_for_what_is_marked():
    drawn = lessons.bars(STEP, {"A": 1, "C": 3}, own="A", right="C")
    assert drawn.count("<li>") == 3 and "&lt;Far&gt;" in drawn and "<Far>" not in drawn
    assert re.findall(r"width:(\d+)%", drawn) == ["25", "0", "75"]
    assert re.findall(r"<small>([^<]*)", drawn) == ["1 of 4", "0 of 4", "3 of 4"]
    first, _, third = drawn.split("</li>")[:3]
    assert "your prediction" in first and "✓ what the run says" in third
    both = lessons.bars(STEP, {"C": 1}, own="C", right="C")
    assert "your prediction, ✓ what the run says" in both


def test_bars_without_a_single_vote_are_empty():
    assert re.findall(r"width:(\d+)%", lessons.bars(STEP, {}, own="A", right="C")) == ["0", "0", "0"]


def test_the_class_is_counted_in_a_sentence():
    assert lessons.counted({"A": 1}, "A").startswith("So far only you")
    assert lessons.counted({"A": 4, "B": 2}, "B") == "2 of 6 predictions in this room were right."


@pytest.mark.parametrize(("step", "said"), [
    (0, "2 steps, 14 minutes."),
    (1, "Step 1 of 2: 5 minutes, from minute 2 of 14."),
    (2, "Step 2 of 2: 5 minutes, from minute 7 of 14."),
    (3, "All steps are done; what is left is to talk about it."),
])  # fmt: skip
def test_progress_is_said_in_words(step: int, said: str):
    assert lessons.progress(LESSON, step) == said


@pytest.mark.parametrize(("told", "said"), [
    ({}, "No prediction has been checked yet."),
    ({1: ("A", None)}, "No prediction has been checked yet."),
    ({1: ("A", "C")}, "0 of 1 predictions came true; 1 step is left."),
    ({1: ("C", "C"), 2: ("A", "C")}, "1 of 2 predictions came true."),
])  # fmt: skip
def test_the_end_counts_the_predictions_that_were_checked(told: dict, said: str):
    assert lessons.right_so_far(LESSON, told) == said


def test_pictures_stand_under_their_titles():
    shown = lessons.pictures({"private": np.zeros((4, 8, 3), np.uint8), "a <b>": np.ones((4, 8, 3), np.uint8)}, tiles=2)
    assert shown.count("<figure>") == 2 and shown.count("data:image/png") == 2 and "a &lt;b&gt;" in shown


def test_the_sheet_has_room_to_write_and_no_answer():
    page = lessons.sheet(LESSON, address="http://here/lessons?lesson=1", answers=False)
    assert page.count('class="lines"') == 5 and page.count('class="box"') == 6
    assert "There it is." not in page and "It is so." not in page and "Why?" not in page
    assert "A lesson &amp; more" in page and "&lt;Far&gt;" in page and "Read this &amp; that." in page
    assert "data:image/svg+xml" in page and "http://here/lessons?lesson=1" in page


def test_the_sheet_with_answers_has_them_and_no_lines():
    page = lessons.sheet(LESSON, address="", answers=True)
    assert "Answer: C." in page and "There it is." in page and "<p>It is so.</p>" in page and "<li>Why?</li>" in page
    assert "And so." in page and 'class="lines"' not in page and "<img" not in page


def test_the_sheet_asks_nobody_for_anything():
    page = lessons.sheet(LESSON, address="http://here/lessons", answers=True)
    assert "default-src 'none'" in page
    assert not re.findall(r"(?:src|href)=\"(?!data:)", page) and "<script" not in page and "url(" not in page
