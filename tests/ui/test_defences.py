"""The page Defences: its columns and their runs, the figure that fills up, the search for enough, and what fails."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from leaklab.experiments.comparison import Column, Comparison
from leaklab.experiments.comparison_presets import COMPARISON_DEFAULT, COMPARISON_PRESETS
from leaklab.experiments.defended import Defended
from leaklab.experiments.experiment import read
from leaklab.experiments.frame import Frame
from leaklab.experiments.protections import PROTECTIONS
from leaklab.experiments.threshold import Threshold
from leaklab.experiments.utility import Utility
from leaklab.images import files
from leaklab.images.photos import picture
from leaklab.images.source import Uploads
from leaklab.runs.private import owner
from leaklab.runs.store import Store
from leaklab.settings import from_link, to_link
from leaklab.ui import columns, failing, figure, words
from leaklab.ui.session import Services
from leaklab.views.strips import png
from tests import app
from tests.experiments import small

SOURCE = ("inversion", "scenario", "source")
SMALL = Comparison(
    inversion=small.inversion().changed(("scenario", "federation", "defences"), ()),
    columns=(Column(protection="noise", strength=0.01), Column(protection="top-k", strength=0.5)),
)
OWN = SMALL.changed(SOURCE, Uploads(pictures=(files.shrink(png(picture("cat", 64))),)))


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


pytestmark = pytest.mark.usefixtures("store")


def opened(comparison: Comparison = SMALL, **address: str | list[str]) -> AppTest:
    page = app.opened("defences", x=to_link(comparison), **address)
    assert not page.exception and not page.error
    return page


def press(page: AppTest, key: str) -> AppTest:
    page = app.widget(page, key).click().run()
    assert not page.exception and not page.error
    return page


def attacked(page: AppTest, store: Store) -> AppTest:
    """Press the button, and finish everything that is asked for, one thing after another."""
    page = press(page, "attack")
    while made(store):
        page = page.run()
    assert not page.exception and not page.error
    return page


def made(store: Store, most: int = 1000) -> int:
    """Finish what is queued with numbers made up; return how many runs that were."""
    done = 0
    while done < most and (run := store.claim("a test", ("auto", "cpu"))):
        learnt = isinstance(read(run.experiment), Utility)
        store.append(run.id, trained(0.9) if learnt else seen(), worker="a test")
        store.finish(run.id, worker="a test")
        done += 1
    return done


def seen() -> Frame:
    """Return the end of attacks of which only the adaptive one succeeds."""
    tile, square = np.zeros((16, 16, 3), np.uint8), np.zeros((64, 64, 3), np.uint8)
    scalars = {
        "psnr": 8.0, "ssim": 0.2, "adaptive.psnr": 40.0, "adaptive.ssim": 0.9, "signal": 3.0, "noise": 1.0,
        "ratio": 1 / 3, "bytes": 10.0, "bytes.plain": 20.0, "progress": 1.0,
    }  # fmt: skip
    series = {"psnr": [8.0], "adaptive.psnr": [40.0], "baseline.grey": [11.0]}
    pictures = {"truth": tile, "sent": square, "reconstruction": tile, "adaptive": tile}
    return Frame(0, 0.1, scalars, series, pictures, note="plain: so.\nadaptive: so.", final=True)


def trained(accuracy: float) -> Frame:
    return Frame(0, 0.1, {"accuracy": accuracy, "round": 20.0, "rounds": 20.0}, final=True)


def asked(store: Store, kind: type = Defended) -> list:
    """Return the experiments of one kind of every run, the oldest first."""
    found = [read(store.run(run.id, run.owner).experiment) for run in reversed(store.runs())]
    return [one for one in found if isinstance(one, kind)]


def html(page: AppTest, name: str) -> list[str]:
    """Return everything that is drawn under a class."""
    return [each.proto.body for each in page.get("html") if f'class="{name}' in each.proto.body]


def slider(page: AppTest, name: str) -> object:
    return app.widget(page, f"strength.{name}")


def wanted(comparison: Comparison) -> list[Defended]:
    return [comparison.defended(), *(comparison.defended(one.protection, one.strength) for one in comparison.columns)]


def test_the_first_visitor_starts_every_column_and_whoever_comes_later_sees_the_same_runs(store: Store):
    page = app.opened("defences")
    assert not page.exception and not page.error and not page.warning
    assert asked(store) == wanted(COMPARISON_DEFAULT.experiment)
    assert {run.owner for run in store.runs()} == {""}, "they do not wait for one another"
    later = app.opened("defences")
    assert later.query_params["run"] == page.query_params["run"] and len(asked(store)) == 5


def test_trainings_come_one_after_the_other(store: Store):
    page = app.opened("defences")
    assert len(asked(store, Utility)) == 1
    page = page.run()
    assert len(asked(store, Utility)) == 1


def test_a_link_waits_for_a_press_and_then_everything_is_shown(store: Store):
    page = opened()
    assert not store.runs() and app.held(page, "defences") == SMALL
    assert sum("Not attacked yet" in said for said in app.shown(page)) == 3
    page = attacked(page, store)
    assert asked(store) == wanted(SMALL)
    assert len(html(page, "leaklab-defended first")) == 1 and len(html(page, "leaklab-defended")) == 3
    facts = html(page, "leaklab-facts")
    assert len(facts) == 3 and all("90.0%" in each for each in facts) and "+0.0 points" in facts[1]
    assert "no guarantee" in facts[1] and "50% of plain" in facts[1] and "no guarantee" not in facts[0]
    assert app.shown(page).count("Recovered by the adaptive attack, not by the plain attack.") == 3


def test_a_real_attack_is_followed_until_it_ends(store: Store):
    page = press(opened(SMALL.showing(["top-k"])), "attack")
    app.carry_out(store)
    app.carry_out(store, most=2)
    page = page.run()
    assert any("Iteration" in bar.proto.text for bar in page.get("progress")) and not page.exception
    column = html(page, "leaklab-defended")[1]
    assert column.count("<img") == 2 and "what is sent" in column


def test_ones_own_runs_go_one_at_a_time_and_trainings_are_everybodys(store: Store):
    press(opened(), "attack")
    owners = {run.title.startswith("Learning"): run.owner for run in store.runs()}
    assert owners[True] == "" and owners[False] != ""


def test_a_slider_that_moves_starts_its_own_column_only(store: Store):
    page = attacked(opened(), store)
    before = len(asked(store))
    page = slider(page, "noise").set_value(0.1).run()
    assert not page.exception and app.held(page, "defences") == SMALL.stronger("noise", 0.1)
    assert asked(store)[before:] == [SMALL.defended("noise", 0.1)]
    assert from_link(Comparison, page.query_params["x"]) == SMALL.stronger("noise", 0.1)


def test_a_strength_that_is_left_behind_is_cancelled(store: Store):
    page = attacked(opened(), store)
    page = slider(page, "noise").set_value(0.1).run()
    left = store.runs()
    page = slider(page, "noise").set_value(1.0).run()
    states = {run.id: store.run(run.id).status for run in left}
    assert "cancelled" in states.values() and asked(store)[-1] in (
        SMALL.defended("noise", 1.0), SMALL.utility("noise", 1.0)
    )  # fmt: skip


def test_a_strength_somebody_has_tried_is_there_at_once(store: Store):
    page = attacked(opened(), store)
    page = slider(page, "noise").set_value(0.1).run()
    made(store)
    before = len(asked(store))
    other = press(opened(), "attack")
    other = slider(other, "noise").set_value(0.1).run()
    assert len(asked(store)) == before and len(html(other, "leaklab-defended")) == 3


def test_what_all_columns_share_waits_for_a_press(store: Store):
    page = attacked(opened(), store)
    before = len(asked(store))
    page = app.widget(page, "images_per_client").set_value(2).run()
    assert len(asked(store)) == before
    assert sum("Of earlier settings" in said for said in app.shown(page)) == 3
    page = press(page, "attack")
    assert len(asked(store)) == before + 3


def test_columns_come_and_go(store: Store):
    page = opened()
    page = app.widget(page, ".columns").set_value(["top-k", "sign"]).run()
    assert [one.protection for one in app.held(page, "defences").columns] == ["top-k", "sign"]
    assert app.held(page, "defences").strength("top-k") == 0.5 and app.widget(page, "strength.sign").value is True
    page = app.widget(page, "strength.sign").set_value(False).run()
    assert app.held(page, "defences").strength("sign") == 0 and not page.exception


@pytest.mark.parametrize("key", PROTECTIONS)
def test_a_slider_reaches_from_off_or_weak_to_strong_and_allows_nothing_else(key: str):
    protection = PROTECTIONS[key]
    offered = columns.steps(protection, columns._knob(protection), protection.grid[0])
    assert set(protection.grid) <= set(offered) and offered == sorted(offered) and len(offered) < 60
    for strength in offered:
        protection.defences(strength)
    if protection.off is not None:
        assert protection.off in offered


def test_mixing_needs_two_photographs_and_says_so(store: Store):
    page = press(opened(SMALL.showing(["mixup"])), "attack")
    assert len(page.warning) == 1 and page.warning[0].value.startswith("Mixing needs two photographs or more")
    assert asked(store) == [SMALL.defended()]


def test_an_attack_that_wants_the_labels_is_told_them_by_a_press(store: Store):
    page = opened(SMALL.changed(("inversion", "recipe", "labels"), {"kind": "given"}))
    assert len(page.warning) == 1 and "label" in page.warning[0].value
    press(page, "attack")
    assert not store.runs()
    page = press(page, "tell")
    assert not page.warning and app.held(page, "defences").inversion.scenario.threat.labels


def test_protocol_choices_and_the_attacker_who_adapts_hold_in_every_column(store: Store):
    page = app.widget(opened(), "dropout").set_value(0.5).run()
    page = app.widget(page, "adaptive").set_value("told").run()
    page = press(page, "attack")
    for one in asked(store):
        assert one.adaptive == "told" and one.chain[0].kind == "dropout"
    assert any("defences too, of the protocol" in said for said in app.shown(page))


def test_another_recipe_is_kept_brief():
    page = app.widget(opened(), ".recipe").set_value("ig").run()
    inversion = app.held(page, "defences").inversion
    assert inversion.recipe.key == "ig" and inversion.recipe.iterations == 150 and not page.exception


@pytest.mark.parametrize("preset", COMPARISON_PRESETS.values(), ids=lambda preset: preset.key)
def test_every_start_is_put_into_the_controls_and_goes_by_itself(store: Store, preset):
    page = opened()
    page = app.widget(page, f"preset.{page.session_state['defences.generation']}").set_value(preset.key).run()
    assert not page.exception and not page.error and not page.warning
    assert app.held(page, "defences") == preset.experiment and preset.sentence in app.shown(page)
    assert asked(store) == wanted(preset.experiment)


def test_what_fails_can_be_shown(store: Store):
    page = press(opened(), "show.dead-slider")
    assert app.held(page, "defences") == COMPARISON_PRESETS["dead-slider"].experiment
    assert asked(store) == wanted(COMPARISON_PRESETS["dead-slider"].experiment)


def test_every_failure_has_its_words_and_a_start_that_there_is():
    told = failing.told()
    assert len(told) == 9 and all(text.endswith(".") and "[start" not in text for text, _ in told.values())
    assert {preset for _, preset in told.values()} - {""} <= set(COMPARISON_PRESETS)
    assert [title for title, (_, preset) in told.items() if not preset] == ["Encryption that was attacked decrypted"]


def test_every_defence_has_its_words_and_a_paper():
    assert list(words.defences()) == list(PROTECTIONS)
    for said in words.defences().values():
        assert set(said) == {"idea", "source"} and said["source"] in words.papers()
        assert said["idea"].endswith(".") and len(said["idea"]) < 90, "three lines of a column"


def mine(store: Store, page: AppTest) -> list:
    """Return this visitor's own runs, whole, the oldest first."""
    me = owner(page.session_state["visitor.secret"])
    return [store.run(run.id, me) for run in reversed(store.runs(me)) if run.owner == me]


def private(page: AppTest) -> AppTest:
    """Put photographs of one's own into the controls."""
    page.session_state["defences.experiment"] = OWN
    page.session_state["defences.generation"] += 1
    return page.run()


def test_private_runs_are_their_visitors_and_outlive_a_reload(store: Store):
    page = attacked(private(opened()), store)
    assert [run.experiment for run in mine(store, page)] == [one.model_dump_json() for one in wanted(OWN)]
    assert all(run.private for run in mine(store, page)) and len(html(page, "leaklab-defended")) == 3
    assert {one.kind for one in asked(store, Defended | Utility)} == {"utility"}, "nobody else sees the others"
    address = {"x": page.query_params["x"], "run": page.query_params["run"]}
    del page.session_state["defences.experiment"]
    page = app.opened("defences", of=app.opened("story", of=page), **address)
    assert app.held(page, "defences") == OWN and len(html(page, "leaklab-defended")) == 3


def test_forgotten_photographs_leave_nothing_behind(store: Store):
    page = attacked(private(opened()), store)
    [inside] = OWN.source.pictures
    assert inside in repr(page.session_state)
    page = press(page, "forget")
    assert not mine(store, page) and not html(page, "leaklab-defended")
    held = repr(page.session_state)
    assert "defences.experiment" in held and inside not in held


def test_runs_alone_open_the_page_with_their_settings(store: Store):
    page = attacked(opened(), store)
    shown = app.opened("defences", run=page.query_params["run"])
    assert app.held(shown, "defences") == SMALL and len(html(shown, "leaklab-defended")) == 3
    [training] = [run for run in store.runs() if run.title == "Learning with Top-k 0.5, MLP"]
    held = app.held(app.opened("defences", run=training.id), "defences")
    assert held == Comparison().showing(["top-k"]).stronger("top-k", 0.5)


def test_an_update_that_is_nothing_says_so(store: Store):
    page = press(opened(SMALL.showing(["top-k"]).stronger("top-k", 1.0)), "attack")
    while run := store.claim("a test", ("auto", "cpu")):
        experiment = read(run.experiment)
        frames = experiment.run("cpu") if experiment == SMALL.defended("top-k", 1.0) else [seen()]
        for frame in frames:
            store.append(run.id, frame, worker="a test")
        store.finish(run.id, worker="a test")
    page = page.run()
    assert any("The update is zero" in said for said in app.shown(page)) and not page.exception


def test_an_ending_that_failed_is_tried_again_by_a_press(store: Store):
    page = press(opened(), "attack")
    run = store.claim("a test", ("auto", "cpu"))
    store.fail(run.id, "Something broke.", worker="a test")
    page = page.run()
    assert [error.value for error in page.error] == ["Something broke."]
    page = app.widget(page, "attack").click().run()
    assert not page.error and asked(store).count(SMALL.defended()) == 2


def test_everything_is_taken_home(store: Store):
    page = attacked(opened(), store)
    assert "Numbers (JSON)" in [button.label for button in page.get("download_button")]
    link, *commands = (code.value for code in page.code)
    assert link.endswith(f"?x={to_link(SMALL)}")
    assert [command.split(" --")[0] for command in commands] == [
        "leaklab defend"
    ] * 2 and "--defence top-k" in commands[1]


def bar(page: AppTest) -> str:
    return next((bar.proto.text for bar in page.get("progress") if "runs are done" in bar.proto.text), "")


def charts(page: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in page.get("echarts_chart")]


def test_the_figure_asks_for_a_run_at_a_time_and_points_appear_as_they_come(store: Store):
    page = press(opened(), "figure.measure")
    assert bar(page).startswith("0 of 52") and len(store.runs()) == 1, "there is room for one worker"
    for done in (1, 2, 3):
        assert made(store, 1) == 1
        page = page.run()
        assert bar(page).startswith(f"{done} of 52")
    [drawn] = charts(page)
    assert [one["name"] for one in drawn["series"] if one["data"]] == ["No defence"]
    assert {run.owner for run in store.runs()} == {""}


def test_the_whole_figure_is_measured_and_found_again_by_others(services: Services, store: Store):
    services.pool.size = 26
    page = press(opened(), "figure.measure")
    while made(store):
        page = page.run()
    assert not bar(page) and len(store.runs()) == 52
    [drawn] = charts(page)
    assert sum(len(one["data"]) for one in drawn["series"]) == 1 + 2 * 25
    assert len(html(page, "leaklab-sheet")) == 1 and len(page.dataframe) == 1
    later = opened()
    assert charts(later) == [drawn] and app.widget(later, "figure.measure").disabled and len(store.runs()) == 52


@pytest.fixture
def clicks(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """Return what the figure's chart reports as selected: it has no hand in a test of the page alone."""
    selected: list[dict] = []
    drawn = figure.st.echarts_chart

    def chart(*args: object, on_select: str = "ignore", **options: object) -> object:
        drawn(*args, **options)
        return SimpleNamespace(selection=SimpleNamespace(selected=list(selected)))

    monkeypatch.setattr(figure.st, "echarts_chart", chart)
    return selected


@pytest.mark.parametrize("protection", ["top-k", "qsgd"])
def test_a_point_that_is_clicked_stands_above_once(services: Services, store: Store, clicks: list, protection: str):
    services.pool.size = 26
    page = press(opened(), "figure.measure")
    while made(store):
        page = page.run()
    [drawn] = charts(page)
    numbers = {one.get("id"): number for number, one in enumerate(drawn["series"])}
    named = f"{protection} plain"
    assert named in numbers
    clicks.append({"series_id": named, "data_indices": [len(drawn["series"][numbers[named]]["data"]) - 1]})
    page = page.run()
    assert not page.exception and app.held(page, "defences").strength(protection) == PROTECTIONS[protection].grid[-1]
    page = slider(page, "noise").set_value(0.1).run()
    assert app.held(page, "defences").strength("noise") == 0.1, "the same selection is no second click"


def test_a_point_has_no_room_beside_six_columns(services: Services, store: Store, clicks: list):
    services.pool.size = 26
    full = SMALL.showing([key for key in PROTECTIONS if key != "noise" and SMALL.strength(key) is None][:6])
    page = press(opened(full), "figure.measure")
    while made(store):
        page = page.run()
    clicks.append({"series_id": "noise plain", "data_indices": [0]})
    page = page.run()
    assert app.held(page, "defences") == full and any("take one out first" in one.value for one in page.toast)


def test_a_press_stops_the_figure_and_what_it_has_asked_for(store: Store):
    page = press(opened(), "figure.measure")
    page = press(page, "figure.stop")
    assert [run.status for run in store.runs()] == ["cancelled"] and not bar(page)
    page = press(page, "figure.measure")
    assert [run.status for run in store.runs()] == ["queued", "cancelled"] and not page.error


def test_other_settings_stop_the_figure(store: Store):
    page = press(opened(), "figure.measure")
    page = app.widget(page, "inversion.seed").set_value(7).run()
    assert [run.status for run in store.runs()] == ["cancelled"] and not bar(page)


def test_a_point_that_cannot_be_measured_says_why_and_the_others_go_on(store: Store):
    page = press(opened(), "figure.measure")
    run = store.claim("a test", ("auto", "cpu"))
    store.fail(run.id, "It cannot be played.", worker="a test")
    page = page.run()
    assert any("It cannot be played." in said for said in app.shown(page)) and bar(page).startswith("1 of 52")
    assert [run.status for run in store.runs()] == ["queued", "failed"]


def test_the_figure_of_private_photographs_is_their_visitors(store: Store):
    page = press(private(opened()), "figure.measure")
    for _ in range(3):
        made(store)
        page = page.run()
    assert [(run.private, read(run.experiment).source) for run in mine(store, page)] == [(True, OWN.source)] * 2
    assert asked(store, Defended) == [] and len(asked(store, Utility)) == 2


def test_the_noise_that_is_enough_is_searched_and_found_again(store: Store):
    page = press(opened(), "threshold.start")
    assert asked(store, Threshold) == [SMALL.threshold("noise")]
    [run] = store.runs()
    store.claim("a test", ("auto", "cpu"))
    probes = {
        "strength": [1e-3, 1.0, 0.1],
        "ssim": [0.9, 0.05, 0.1],
        "psnr": [30.0, 5.0, 6.0],
        "ratio": [0.1, 9.0, 1.0],
    }
    found = {"strength": 0.1, "ratio": 1.0, "ssim": 0.1, "psnr": 6.0, "progress": 1.0}
    store.append(run.id, Frame(0, 1.0, found, probes, note="SSIM falls below 0.2.", final=True), worker="a test")
    store.finish(run.id, worker="a test")
    for shown in (page.run(), opened()):
        assert [(metric.label, metric.value) for metric in shown.metric] == [
            ("Strength σ", "0.1"), ("‖noise‖ / ‖signal‖", "1"),
        ]  # fmt: skip
        assert "SSIM falls below 0.2." in app.shown(shown) and len(charts(shown)) == 1
    changed = app.widget(shown, "inversion.seed").set_value(7).run()
    assert any("earlier settings" in said for said in app.shown(changed))


def test_the_page_says_how_to_read_it_and_who_sees_what():
    page = opened()
    said = app.texts(page)
    for heading in ("How to read it", "When would this not work?"):
        assert words.linked(words.parts("defences")[heading]) in said
    assert any("**The attacker sees**" in text for text in said)


def test_a_broken_link_gets_a_sentence_and_the_default():
    page = app.opened("defences", x="1.abc")
    assert page.warning[0].value.startswith("This link") and app.held(page, "defences") == COMPARISON_DEFAULT.experiment
