"""A lesson as a class sees it: what a run says of a prediction, the votes as bars, a sheet.

Nothing here is drawn by anybody else: bars are HTML, the sheet is one file that asks for nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np

from leaklab.experiments.frame import Frame
from leaklab.experiments.lessons import Lesson, Letter, Step
from leaklab.views import qr, strips

_CLOSE = "That is close to where the answers part: a small change may tip it."
_ELSEWHERE = "It usually comes out as {}; see under More what was run here."


@dataclass(frozen=True)
class Outcome:
    """What the runs of a step decide for, and their numbers in a sentence."""

    letter: Letter
    said: str
    remark: str = ""  # where the run says something else than the lesson, or hardly anything


def outcome(step: Step, finals: Sequence[Frame | None]) -> Outcome | None:
    """Return the answer that finished runs decide for; None where one has not ended, or has no number that decides."""
    if len(finals) < len(step.runs) or any(final is None or not final.final for final in finals):
        return None
    first, second = step.check.numbers(finals)
    value = first - second
    if not np.isfinite(value):
        return None
    letter = step.check.letter(value)
    remark = "" if step.check.clear(value) else _CLOSE
    if letter != step.check.expected:
        remark = _ELSEWHERE.format(step.check.expected)
    return Outcome(letter, step.check.read(first, second), remark)


def bars(step: Step, votes: Mapping[Letter, int], *, own: Letter, right: Letter) -> str:
    """Return HTML with a bar for each answer: how many chose it, which was one's own, and which the run says."""
    total = sum(votes.values())
    rows = "".join(_bar(step, letter, votes.get(letter, 0), total, own=own, right=right) for letter in step.letters)
    return f'<ul class="leaklab-votes">{rows}</ul>'


def counted(votes: Mapping[Letter, int], right: Letter) -> str:
    """Say in a sentence how a class did."""
    total, good = sum(votes.values()), votes.get(right, 0)
    if total < 2:
        return "So far only you have predicted here."
    return f"{good} of {total} predictions in this room were right."


def progress(lesson: Lesson, number: int) -> str:
    """Say in words how far a lesson has come; step 0 is its cover, the one after the last its end."""
    if number == 0:
        return f"{len(lesson.steps)} steps, {lesson.minutes} minutes."
    if number > len(lesson.steps):
        return "All steps are done; what is left is to talk about it."
    before = lesson.opening_minutes + sum(step.minutes for step in lesson.steps[: number - 1])
    return (
        f"Step {number} of {len(lesson.steps)}: {lesson.steps[number - 1].minutes} minutes, "
        f"from minute {before} of {lesson.minutes}."
    )


def pictures(shown: Mapping[str, np.ndarray], *, tiles: int) -> str:
    """Return HTML with pictures beside each other, each under its title: strips of several photographs as mosaics."""
    figures = "".join(
        f'<figure><img src="{strips.uri(strips.png(strips.mosaic(picture, tiles)))}" alt="{escape(title, quote=True)}">'
        f"<figcaption>{escape(title)}</figcaption></figure>"
        for title, picture in shown.items()
    )
    return f'<div class="leaklab-shown">{figures}</div>'


def sheet(lesson: Lesson, *, address: str, answers: bool) -> str:
    """Return a lesson as one HTML page to print, with room to write, or with the answers; it escapes every text."""
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["plain"] = plain
    return environment.get_template("lesson.html.j2").render(
        lesson=lesson, address=address, answers=answers, code=Markup(qr.code(address)) if address else ""
    )


def plain(text: str) -> list[str]:
    """Return the paragraphs of a Markdown text without its signs, for paper."""
    bare = text.replace("**", "").replace("*", "").replace("`", "")
    return [" ".join(paragraph.split()) for paragraph in bare.split("\n\n") if paragraph.strip()]


def right_so_far(lesson: Lesson, told: Mapping[int, tuple[Letter, Letter | None]]) -> str:
    """Say how many predictions came true, of those that were made and checked."""
    checked = [own == found for own, found in told.values() if found is not None]
    if not checked:
        return "No prediction has been checked yet."
    left = len(lesson.steps) - len(checked)
    rest = f"; {left} {'step is' if left == 1 else 'steps are'} left" if left else ""
    return f"{sum(checked)} of {len(checked)} predictions came true{rest}."


def _bar(step: Step, letter: Letter, count: int, total: int, *, own: Letter, right: Letter) -> str:
    share = count / total if total else 0.0
    marks: Collection[str] = [
        *(["your prediction"] if letter == own else []), *(["✓ what the run says"] if letter == right else [])
    ]  # fmt: skip
    beside = f" <b>{escape(', '.join(marks))}</b>" if marks else ""
    return (
        f"<li><span>{letter}. {escape(step.option(letter))}{beside}</span>"
        f'<i style="width:{100 * share:.0f}%"></i><small>{count} of {total}</small></li>'
    )
