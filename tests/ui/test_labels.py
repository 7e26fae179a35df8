"""The Labels page: what it shows at once, its controls, and what every method read."""

import pytest
from streamlit.testing.v1 import AppTest

from leaklab.attacks.labels import METHODS
from leaklab.experiments import catalogue
from leaklab.experiments.experiment import read
from leaklab.experiments.label_recovery import LabelRecovery
from leaklab.images.source import Photos, Uploads
from leaklab.networks.zoo import NetworkChoice
from leaklab.runs.store import Store
from leaklab.settings import from_link, to_link, walk
from leaklab.ui import words
from leaklab.ui.session import Services
from tests import app
from tests.experiments import small

SMALL = LabelRecovery(image_size=16, num_classes=6, batch_size=9, balance="balanced")


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


pytestmark = pytest.mark.usefixtures("store")


def labels(experiment: LabelRecovery = SMALL, **address: str) -> AppTest:
    page = app.opened("labels", x=to_link(experiment), **address)
    assert not page.exception and not page.error
    return page


def finished(store: Store, experiment: LabelRecovery = SMALL) -> AppTest:
    page = app.widget(labels(experiment), "read").click().run()
    app.carry_out(store)
    page = page.run()
    assert not page.exception and not page.error
    return page


def headings(page: AppTest) -> list[str]:
    return [text.value for text in page.markdown if text.value.startswith("**")]


def test_something_is_read_at_once_and_whoever_comes_later_sees_the_same_run(store: Store):
    page = app.opened("labels")
    assert [read(store.run(run.id).experiment) for run in store.runs()] == [LabelRecovery()]
    first = page.query_params["run"]
    app.opened("labels", of=app.opened("runs", of=page))
    assert app.opened("labels").query_params["run"] == first and len(store.runs()) == 1


def test_a_first_run_that_was_cancelled_or_deleted_is_made_anew(store: Store):
    app.opened("labels")
    store.cancel(store.runs()[0].id)
    app.opened("labels")
    assert len(store.runs()) == 2
    store.delete(store.runs()[0].id, store.runs()[0].owner)
    page = app.opened("labels")
    assert len(store.runs()) == 2 and not page.exception and not page.error and not page.info


def test_a_link_restores_every_setting_and_shows_how_the_classes_occur_before_anything_runs(store: Store):
    asked_for = LabelRecovery(
        source=Photos(grey=True), image_size=48, num_classes=20, network=NetworkChoice(name="mlp"), batch_size=50,
        balance="dirichlet", concentration=0.2, training=5, seed=7, precision="float64",
    )  # fmt: skip
    page = labels(asked_for)
    assert app.held(page, "labels") == asked_for and page.query_params["x"] == to_link(asked_for)
    assert app.widget(page, ".batch_size").value == 50 and app.widget(page, ".balance").value == "dirichlet"
    assert store.runs() == [] and len(page.get("echarts_chart")) == 1
    assert any(text.startswith("**How often each class occurs** in this batch of 50") for text in headings(page))


@pytest.mark.parametrize("preset", catalogue.LABEL_PRESETS.values(), ids=lambda preset: preset.key)
def test_a_preset_is_put_into_the_controls_and_the_address(preset: catalogue.Preset):
    page = labels()
    page = app.widget(page, f"preset.{page.session_state['labels.generation']}").set_value(preset.key).run()
    assert not page.exception and not page.error and not page.warning
    assert app.held(page, "labels") == preset.experiment and preset.sentence in app.shown(page)
    assert from_link(LabelRecovery, page.query_params["x"]) == preset.experiment


@pytest.mark.parametrize("ending, path, value", [
    (".batch_size", ("batch_size",), 5),
    (".balance", ("balance",), "dirichlet"),
    (".num_classes", ("num_classes",), 10),
    (".network.name", ("network", "name"), "mlp"),
    (".training", ("training",), 20),
    (".seed", ("seed",), 99),
    (".image_size", ("image_size",), 32),
    (".source.grey", ("source", "grey"), True),
])  # fmt: skip
def test_a_change_reaches_the_experiment_and_the_address(ending, path, value):
    page = app.widget(labels(), ending).set_value(value).run()
    assert not page.exception and not page.error and app.held(page, "labels") == SMALL.changed(path, value)
    assert page.query_params["x"] == to_link(app.held(page, "labels"))


def test_every_knob_has_a_widget_and_the_concentration_only_where_it_means_something():
    kinds = ("slider", "select_slider", "selectbox", "segmented_control", "toggle", "number_input")
    for balance, absent in (("dirichlet", []), ("balanced", ["concentration"])):
        page = labels(SMALL.changed(("balance",), balance))
        drawn = [each.key for kind in kinds for each in page.get(kind)]
        offered = [one for one in walk(SMALL) if one.level != "hidden" and one.value != () and not one.many]
        assert [one.dotted for one in offered if not any(key.endswith(f".{one.dotted}") for key in drawn)] == absent


def test_ones_own_photographs_are_not_offered_here_and_yet_a_link_to_them_is_followed():
    assert "uploads" not in app.widget(labels(), ".source").options
    page = labels(SMALL.changed(("source",), Uploads()))
    assert app.widget(page, ".source").value == "uploads"
    assert any("a drawn picture stands in" in sentence for sentence in app.shown(page))


@pytest.mark.parametrize("change, said", [
    ({"balance": "unique"}, "9 photographs of different classes are asked for and there are 6 classes"),
    ({"image_size": 16, "network": NetworkChoice(name="lenet5", stem="imagenet")}, ""),
    ({"balance": "igims", "batch_size": 64}, "needs 18 classes for 64 photographs and there are 6"),
])  # fmt: skip
def test_what_contradicts_itself_gets_its_sentence_before_it_runs(change, said):
    page = labels(SMALL.model_copy(update=change))
    assert not page.exception and bool(page.warning) == bool(said) == app.widget(page, "read").disabled
    assert not said or said in page.warning[0].value


def test_a_batch_is_drawn_as_the_run_will_draw_it(store: Store):
    page = labels(SMALL.changed(("balance",), "dirichlet"))
    [before] = [chart.proto.spec for chart in page.get("echarts_chart")]
    app.widget(page, "read").click().run()
    app.carry_out(store)
    true = store.frames(store.runs()[0].id)[-1].series["true"]
    tallest = max(true)
    assert f"in the batch: {tallest:.0f}" in before


def test_a_finished_run_shows_the_bars_every_method_and_the_table(store: Store):
    page = finished(store)
    names = [words.methods()[key]["name"] for key in METHODS]
    assert any("labels were read by" in box.value for box in (*page.success, *page.info))
    assert len(page.get("echarts_chart")) == 1 + 5  # the bars, and all methods but the two for different labels
    assert any(said.startswith(":material/block: **iDLG** does not apply.") for said in app.shown(page))
    assert any(said.startswith(":material/block: **ZLR** does not apply.") for said in app.shown(page))
    assert list(page.table[0].value["method"]) == names and len(page.image[0].proto.imgs) == 9
    assert any("below zero" in said for said in app.shown(page))


def test_it_can_be_taken_home(store: Store):
    page = finished(store)
    assert [button.label for button in page.get("download_button")] == ["Numbers (JSON)"]
    link, command = (code.value for code in page.code)
    assert link.endswith(f"?x={to_link(SMALL)}")
    assert command == "leaklab labels --image-size 16 --batch-size 9 --distribution balanced --num-classes 6"


def test_without_a_bias_the_rows_are_shown_and_methods_say_what_they_miss(store: Store):
    page = finished(store, SMALL.changed(("network", "name"), "lenet5_rog"))
    assert any("there is no bias" in text for text in headings(page))
    for name in ("ALR", "iLRG", "Bias-corrected"):
        assert any(f"**{name}** does not apply." in said and "bias" in said for said in app.shown(page))


def test_zlr_stands_beside_its_bound(store: Store):
    page = finished(store, SMALL.model_copy(update={"num_classes": 12, "batch_size": 8, "balance": "igims"}))
    [zlr] = [text for text in headings(page) if text.startswith("**ZLR**")]
    assert "when each class is named once" in zlr and list(page.table[0].value["at most"])[1] == "50.0%"


def test_the_batch_is_seen_before_the_methods_have_begun(store: Store):
    page = app.widget(labels(), "read").click().run()
    app.carry_out(store, most=1)
    page = page.run()
    assert page.image and not page.get("echarts_chart") and not page.exception
    store.requeue_lost(["a test"])
    app.carry_out(store, most=4)
    page = page.run()
    assert any(bar.proto.text.startswith("Method 3 of 7") for bar in page.get("progress")) and not page.exception


def test_a_note_on_the_training_is_shown_once(store: Store):
    page = finished(store, SMALL.changed(("training",), 2))
    assert len([said for said in app.shown(page) if "was trained for 2 steps" in said]) == 1


def test_a_new_seed_changes_nothing_else():
    page = app.widget(labels(), "reseed").click().run()
    seed = app.held(page, "labels").seed
    assert seed != SMALL.seed and app.held(page, "labels") == SMALL.changed(("seed",), seed)


def test_a_cancelled_run_is_said_in_a_sentence(store: Store):
    page = app.widget(labels(), "read").click().run()
    app.carry_out(store, most=1)
    run_id = store.runs()[0].id
    store.cancel(run_id)
    store.stop(run_id, worker="a test")
    page = page.run()
    assert [warning.value for warning in page.warning] == ["Cancelled; what was found until then is kept."]


def test_a_past_run_is_opened_with_its_settings_and_two_stand_side_by_side(store: Store):
    for seed in (1, 2):
        store.enqueue(SMALL.changed(("seed",), seed).model_dump_json(), title=f"seed {seed}")
        app.carry_out(store)
    ids = [run.id for run in reversed(store.runs())]
    page = app.opened("labels", run=ids[0])
    assert app.held(page, "labels") == SMALL.changed(("seed",), 1) and len(page.table) == 1 and not page.exception
    page = app.opened("labels", run=ids)
    assert {"**seed 1**", "**seed 2**"} <= set(headings(page)) and len(page.table) == 2 and not page.exception


def test_a_run_of_another_kind_gets_a_sentence(store: Store):
    mine = store.enqueue(SMALL.model_dump_json())
    other = store.enqueue(small.inversion().model_dump_json())
    for name, run_id in (("playground", mine), ("landscape", mine), ("labels", other)):
        page = app.opened(name, run=run_id)
        assert f"Run {run_id} is of another kind" in page.warning[0].value and not page.exception and not page.error


def test_the_gallery_opens_it_here_and_shows_the_batch(store: Store):
    store.enqueue(SMALL.model_dump_json(), title=catalogue.title(SMALL))
    run_id = app.carry_out(store)
    page = app.opened("runs")
    (link,) = [link.proto for link in page.get("page_link") if link.proto.query_string == f"run={run_id}"]
    assert link.page == "labels"
    assert app.thumbnails(page)[0].count("private photograph") == 1 and app.widget(page, f"pin.{run_id}").disabled
    assert any("read by" in said and "bias_corrected" not in said for said in app.shown(page))
