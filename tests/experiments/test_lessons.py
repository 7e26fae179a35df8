"""Lessons: they are read and checked as data, every step runs, and every answer they claim is what the run says."""

import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from leaklab.experiments.experiment import Experiment, read
from leaklab.experiments.frame import Frame
from leaklab.experiments.lessons import HOME, LETTERS, Check, Lesson, Step, lessons
from leaklab.experiments.lessons import read as read_lesson
from leaklab.settings import Refusal, Settings, walk

BRIEF = {"iterations": 2, "epochs": 2, "steps": 2, "rounds": 2, "seeds": 1, "test": 20, "restarts": 1, "updates": 2}
STEPS = [(number, at, step) for number, lesson in enumerate(lessons(), 1) for at, step in enumerate(lesson.steps, 1)]
EACH_STEP = pytest.mark.parametrize(
    "step", [step for *_, step in STEPS], ids=[f"lesson-{number}-step-{at}" for number, at, _ in STEPS]
)
CHECK = {"measure": "psnr", "cuts": (20.0,), "expected": "B", "margin": 1.0, "reading": "{0:.0f} dB"}
STEP = {
    "title": "One", "minutes": 5, "text": "Read.", "question": "Will it?", "options": ("No", "Yes"),
    "runs": ({"start": "playground/easy-leak"},), "check": CHECK, "explanation": "Thus.", "answer": "Yes.",
}  # fmt: skip


def final(**scalars: float) -> Frame:
    return Frame(0, 0.0, scalars, final=True)


def brief(experiment: Experiment) -> Experiment:
    """Return the same with two iterations of everything that iterates: the clients' own training stays."""
    for knob in walk(experiment):
        name = knob.path[-1]
        if name in BRIEF and not isinstance(knob.value, bool) and "schedule" not in knob.path:
            experiment = experiment.changed(knob.path, min(BRIEF[name], knob.value))
    return experiment


@cache
def ran(written: str) -> Frame:
    """Run an experiment once, whichever step asks for it, and return its last frame."""
    frames: Iterator[Frame] = read(written).run("cpu")
    for frame in frames:
        last = frame
    return last


def finals(step: Step, *, short: bool) -> list[Frame]:
    asked = [brief(trial.experiment) if short else trial.experiment for trial in step.runs]
    return [ran(experiment.model_dump_json()) for experiment in asked]


def test_there_are_three_lessons_of_half_an_hour():
    assert [lesson.minutes for lesson in lessons()] == [30, 30, 30]
    assert all(lesson.learn and lesson.materials and lesson.opening and lesson.closing for lesson in lessons())


def test_the_right_answer_is_not_always_the_same_letter():
    for lesson in lessons():
        assert len({step.check.expected for step in lesson.steps}) > 1


def test_every_step_has_something_for_the_teacher():
    assert all(step.answer and len(step.discuss) >= 2 for *_, step in STEPS)


@EACH_STEP
def test_every_step_runs_in_few_iterations_and_has_the_number_that_decides(step: Step):
    ended = finals(step, short=True)
    assert all(frame.final for frame in ended)
    assert all(map(math.isfinite, step.check.numbers(ended)))


@pytest.mark.slow
@EACH_STEP
def test_every_answer_is_what_the_run_says_with_a_margin(step: Step):
    first, second = step.check.numbers(finals(step, short=False))
    value = first - second
    assert step.check.letter(value) == step.check.expected, step.check.read(first, second)
    assert step.check.clear(value), step.check.read(first, second)


@EACH_STEP
def test_every_run_has_a_page_that_holds_its_settings(step: Step):
    for trial in step.runs:
        assert (HOME.parents[1] / "pages" / f"{trial.page}.py").exists()
        assert isinstance(trial.held, Settings) and read(trial.experiment.model_dump_json()) == trial.experiment


@pytest.mark.parametrize(("wrong", "said"), [
    ({"check": CHECK | {"cuts": (20.0, 12.0)}}, "rise"),
    ({"check": CHECK | {"cuts": ()}}, "rise"),
    ({"check": CHECK | {"expected": "D"}}, "beyond the last cut"),
    ({"check": CHECK | {"reading": "{3} dB"}}, "gap that no number fits"),
    ({"options": ("No", "Perhaps", "Yes")}, "3 answers and 1 cuts"),
    ({"options": ("Yes",)}, "1 answers"),
    ({"check": CHECK | {"of": 2}}, "1 runs"),
    ({"minutes": 0}, "count from 1"),
    ({"runs": ()}, "0 runs"),
    ({"opinion": "fine"}, "opinion"),
])  # fmt: skip
def test_a_step_that_makes_no_sense_is_refused_in_a_sentence(wrong: dict, said: str):
    with pytest.raises(Refusal, match=said):
        Step.read(STEP | wrong)


def test_the_parts_of_a_lesson_take_as_long_as_it_says():
    whole = {
        "title": "L", "minutes": 9, "learn": ("a",), "materials": ("b",), "opening": "o", "opening_minutes": 2,
        "closing": "c", "closing_minutes": 2, "steps": (STEP,),
    }  # fmt: skip
    assert Lesson.read(whole).steps[0].letters == ("A", "B")
    with pytest.raises(Refusal, match="says 10 minutes and its parts take 9"):
        Lesson.read(whole | {"minutes": 10})


@pytest.mark.parametrize("text", ["title = ", "title = 'Only a title'"])
def test_a_file_that_is_no_lesson_is_named(tmp_path: Path, text: str):
    (tmp_path / "broken.toml").write_text(text, encoding="utf-8")
    with pytest.raises(Refusal, match=r"broken\.toml cannot be read"):
        read_lesson(tmp_path / "broken.toml")
    with pytest.raises(Refusal, match=r"broken\.toml"):
        lessons(tmp_path)


@pytest.mark.parametrize(("value", "letter", "clear"), [(11.0, "A", False), (12.0, "B", False), (16.0, "B", True), (40.0, "C", True)])  # fmt: skip  # noqa: E501
def test_a_number_decides_for_the_answer_between_whose_cuts_it_lies(value: float, letter: str, clear: bool):
    check = Check(**CHECK | {"cuts": (12.0, 20.0), "margin": 2.0})
    assert (check.letter(value), check.clear(value)) == (letter, clear)


def test_a_number_may_be_a_difference_of_two_runs_or_the_sum_of_a_series():
    both = Check(**CHECK | {"minus": "psnr", "of": 2, "minus_of": 1, "reading": "{0:.0f} over {1:.0f}, by {2:.0f}"})
    assert both.numbers([final(psnr=10), final(psnr=35)]) == (35, 10)
    assert both.read(35, 10) == "35 over 10, by 25"
    counted = Check(**CHECK | {"measure": "recognised"})
    assert counted.numbers([Frame(0, 0.0, series={"recognised": [1.0, 0.0, 1.0]})]) == (2, 0)
    assert math.isnan(counted.numbers([final(psnr=3)])[0])


def test_the_letters_are_those_of_the_options():
    step = Step.read(STEP)
    assert step.letters == LETTERS[:2] and step.option("B") == "Yes"
