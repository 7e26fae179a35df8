"""The page Lessons: which lesson and step, a prediction before the run, what came of it, the class, the teacher."""

import pytest
from streamlit.testing.v1 import AppTest

from leaklab.experiments.experiment import read
from leaklab.experiments.lessons import Step, lessons
from leaklab.runs.store import Store
from leaklab.settings import Refusal
from leaklab.ui import lesson_runs
from leaklab.ui import lessons as page_of_lessons
from leaklab.ui.session import Services
from tests import app
from tests.ui import teaching

STEPS = [(number, at) for number, lesson in enumerate(lessons(), 1) for at in range(1, len(lesson.steps) + 1)]


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


pytestmark = pytest.mark.usefixtures("store")


def step_of(number: int, at: int) -> Step:
    return lessons()[number - 1].steps[at - 1]


def opened(**address: str) -> AppTest:
    page = app.opened("lessons", **address)
    assert not page.exception and not page.error
    return page


def press(page: AppTest, key: str) -> AppTest:
    page = app.widget(page, key).click().run()
    assert not page.exception and not page.error
    return page


def predict(page: AppTest, letter: str) -> AppTest:
    return press(page.radio[0].set_value(letter).run(), "lessons.run")


def html(page: AppTest) -> str:
    return "".join(element.proto.body for element in page.get("html"))


def said(page: AppTest) -> str:
    return "\n".join(text.value for text in page.markdown)


def keys(page: AppTest) -> set[str]:
    return {button.key for button in page.button}


def test_all_lessons_are_offered_and_one_is_opened():
    page = opened()
    assert all(f"{number}. {lesson.title}" in said(page) for number, lesson in enumerate(lessons(), 1))
    page = press(page, "lessons.open.2")
    assert page.query_params["lesson"] == "2" and "step" not in page.query_params
    assert lessons()[1].materials[0] in said(page) and "5 steps, 30 minutes." in said(page)
    page = press(page, "lessons.back")
    assert "lesson" not in page.query_params and "lessons.open.1" in keys(page)


def test_the_address_leads_to_a_step_and_the_buttons_from_there():
    page = opened(lesson="2", step="3")
    assert page.subheader[0].value.startswith("3. ") and "Step 3 of 5" in said(page)
    assert page.radio[0].label == step_of(2, 3).question and page.radio[0].value is None
    page = press(page, "lessons.next")
    assert page.query_params["step"] == "4"
    page = press(press(page, "lessons.back"), "lessons.back")
    assert page.query_params["step"] == "2" and page.subheader[0].value.startswith("2. ")


@pytest.mark.parametrize(("address", "named"), [
    ({"lesson": "9"}, "no lesson 9"), ({"lesson": "one"}, "no lesson one"), ({"lesson": "-1"}, "no lesson -1"),
    ({"lesson": "1", "step": "99"}, "no step 99"), ({"lesson": "1", "step": "²"}, "no step ²"),
])  # fmt: skip
def test_an_address_that_leads_nowhere_gets_a_sentence_and_a_way_on(address: dict[str, str], named: str):
    page = opened(**address)
    assert named in page.warning[0].value
    assert {"lessons.open.1", "lessons.next"} & keys(page)


def test_whoever_comes_back_without_an_address_stands_where_they_were():
    page = opened(lesson="3", step="2")
    page = app.opened("lessons", of=app.opened("runs", of=page))
    assert page.query_params["lesson"] == "3" and page.query_params["step"] == "2" and not page.exception


def test_nothing_is_run_before_a_prediction(store: Store):
    page = opened(lesson="1", step="5")
    assert app.widget(page, "lessons.run").disabled and not store.runs()
    assert not page.get("page_link") and step_of(1, 5).explanation.split(".")[0] not in said(page)
    page = page.radio[0].set_value("A").run()
    assert not app.widget(page, "lessons.run").disabled and not store.runs()


def test_a_prediction_is_run_checked_counted_and_explained(store: Store):
    page = predict(opened(lesson="1", step="5"), "B")
    assert page.radio[0].disabled and page.radio[0].value == "B"
    assert [read(store.run(run.id).experiment) for run in store.runs()] == [step_of(1, 5).runs[0].experiment]
    assert "**Why**" not in said(page)
    app.carry_out(store)
    page = page.run()
    assert not page.exception and "**You predicted B, and it is C.**" in page.info[0].value
    assert "100% of the labels" in page.info[0].value
    assert "1 of 1" in html(page) and "your prediction" in html(page) and "**Why**" in said(page)
    assert "So far only you" in "".join(app.shown(page))
    assert len(page.get("echarts_chart")) == 1


def test_a_prediction_that_comes_true_is_said_so(store: Store):
    teaching.keep(store, step_of(1, 1))
    page = predict(opened(lesson="1", step="1"), "C")
    assert any("**Your prediction came true: C.**" in box.value for box in page.success)


def test_two_runs_stand_beside_each_other_under_their_names(store: Store):
    teaching.keep(store, step_of(1, 2))
    page = predict(opened(lesson="1", step="2"), "A")
    assert "**One start**" in said(page) and "**Four starts**" in said(page)
    assert len(page.get("page_link")) == 2


@pytest.mark.parametrize(("number", "at"), STEPS)
def test_every_step_shows_its_finished_runs_and_what_they_say(store: Store, number: int, at: int):
    step = step_of(number, at)
    teaching.keep(store, step)
    page = predict(opened(lesson=str(number), step=str(at)), step.letters[0])
    boxes = "".join(box.value for box in (*page.success, *page.info))
    assert (f"came true: {step.check.expected}" in boxes) or (f"it is {step.check.expected}." in boxes)
    links = [link.proto for link in page.get("page_link")]
    assert links and all(f"on the page {lesson_runs.PAGES[step.runs[0].page][0]}" in link.label for link in links)
    assert not any("usually comes out" in text for text in app.shown(page))


def test_a_run_that_says_something_else_is_believed_and_named(store: Store):
    teaching.keep(store, step_of(1, 1), saying="A")
    page = predict(opened(lesson="1", step="1"), "A")
    assert any("**Your prediction came true: A.**" in box.value for box in page.success)
    assert any("usually comes out as C" in text for text in app.shown(page))


def test_the_class_is_counted_together_and_the_teacher_clears_the_counts(store: Store):
    teaching.keep(store, step_of(1, 1))
    predict(opened(lesson="1", step="1"), "A")
    page = predict(opened(lesson="1", step="1"), "C")
    assert "1 of 2 predictions in this room were right." in app.shown(page) and html(page).count("1 of 2") == 2
    page = press(page, "lessons.clear")
    assert "0 of 0" in html(page) and page.radio[0].value == "C"


def test_a_prediction_may_be_made_once_more_and_counts_once(store: Store):
    teaching.keep(store, step_of(1, 1))
    page = press(predict(opened(lesson="1", step="1"), "A"), "lessons.forget")
    assert page.radio[0].value is None and not page.radio[0].disabled
    page = predict(page, "C")
    assert "1 of 1" in html(page) and any("came true: C" in box.value for box in page.success)


def test_predictions_are_kept_while_one_walks_on_and_are_summed_up_at_the_end(store: Store):
    for at in (1, 2):
        teaching.keep(store, step_of(1, at))
    page = press(predict(opened(lesson="1", step="1"), "C"), "lessons.next")
    page = press(predict(page, "B"), "lessons.back")
    assert page.radio[0].value == "C" and page.radio[0].disabled
    page.query_params["step"] = "6"
    page = page.run()
    assert "1 of 2 predictions came true; 3 steps are left." in said(page)
    assert "predicted B, it is A" in said(page) and "no prediction" in said(page) and "lessons.all" in keys(page)


def test_a_prediction_is_known_to_nobody_else(store: Store):
    teaching.keep(store, step_of(1, 1))
    predict(opened(lesson="1", step="1"), "A")
    assert opened(lesson="1", step="1").radio[0].value is None


def test_a_run_that_is_gone_is_run_again(store: Store):
    page = predict(opened(lesson="1", step="5"), "C")
    store.cancel(store.runs()[0].id)
    page = page.run()
    assert "lessons.again" in keys(page) and not page.exception
    page = press(page, "lessons.again")
    assert len(store.runs()) == 2 and "lessons.again" not in keys(page)


def test_the_teacher_finds_the_answer_behind_a_fold():
    page = opened(lesson="2", step="1")
    [fold] = [one for one in page.expander if one.label.startswith("For the teacher")]
    assert not fold.proto.expanded and step_of(2, 1).answer.strip().split("\n")[0] in fold.markdown[0].value
    assert all(one in fold.markdown[1].value for one in step_of(2, 1).discuss)


def test_a_lesson_is_offered_on_paper_with_and_without_answers():
    page = opened(lesson="3")
    assert [one.label for one in page.get("download_button")] == ["Print: for the class", "Print: with answers"]


def test_a_lesson_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch):
    def broken() -> None:
        raise Refusal("The lesson 2.toml cannot be read: minutes.")

    monkeypatch.setattr(page_of_lessons, "lessons", broken)
    page = app.opened("lessons")
    assert "2.toml cannot be read" in page.error[0].value and not page.exception
