"""The list of runs: who sees which, how one is found, and what may be done with one or with several."""

import csv
import io
import json
import subprocess
import sys
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from leaklab.experiments import catalogue
from leaklab.experiments.experiment import Experiment, read
from leaklab.experiments.frame import Frame
from leaklab.experiments.label_recovery import LabelRecovery
from leaklab.experiments.paths import Paths
from leaklab.experiments.viewpoints import Viewpoints
from leaklab.federation.rounds import Federation
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.observation import ThreatModel
from leaklab.runs.private import owner
from leaklab.runs.store import Store
from leaklab.settings import Refusal
from leaklab.ui import address, gallery, selection, words
from leaklab.ui.session import Services
from leaklab.views import collected, exemplars
from leaklab.views.gallery import Facts
from tests import app
from tests.experiments import small

_SHIPPED = words.ASSETS / "exemplars"


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


def runs(secret: str = "anna") -> AppTest:
    page = AppTest.from_file(str(app.ENTRY), default_timeout=60)
    page.session_state["visitor.secret"] = secret
    page = app.opened("runs", of=page.run())
    assert not page.exception and not page.error
    return page


def put(store: Store, secret: str = "anna", *, title: str = "", private: bool = False) -> str:
    experiment = small.inversion()
    title = title or catalogue.title(experiment)
    return store.enqueue(experiment.model_dump_json(), owner=owner(secret), title=title, private=private)


def listed(page: AppTest) -> list[str]:
    """Return the titles of the runs' cards in their order, without those of the examples."""
    shipped = {f"**{one.title}**" for one in exemplars.read(_SHIPPED)}
    return [text.value for text in page.markdown if text.value.endswith("**") and text.value not in shipped]


def pairs(page: AppTest) -> list[str]:
    """Return the HTML of the runs' pictures, the examples' left out."""
    bodies = [element.proto.body for element in page.get("html") if 'class="leaklab-board"' in element.proto.body]
    return bodies[: len(bodies) - len(keys(page, "watch."))]


def links(page: AppTest) -> dict[str, str]:
    """Return the page to which each address of a run leads."""
    return {one.proto.query_string: one.proto.page for one in page.get("page_link") if "run=" in one.proto.query_string}


def choose(page: AppTest, *ids: str) -> AppTest:
    for run_id in ids:
        page = page.checkbox(key=f"choose.{run_id}").check().run()
        assert not page.exception
    return page


def press(page: AppTest, key: str) -> AppTest:
    page = app.widget(page, key).click().run()
    assert not page.exception
    return page


def keys(page: AppTest, word: str) -> list[str]:
    return [button.key for button in page.button if button.key.startswith(word)]


def test_before_there_is_a_run_it_says_how_to_make_one(store: Store):
    assert [info.value for info in runs().info] == [
        "No runs yet. Press Attack in the playground, and the run appears here."
    ]


def test_a_card_says_what_came_of_a_run(store: Store):
    run_id = put(store)
    app.carry_out(store)
    page = runs()
    assert listed(page) == ["**DLG on one photograph, LeNet**"]
    assert any("PSNR" in text and text.endswith("just now, yours") for text in app.shown(page))
    (pictures,) = pairs(page)
    assert pictures.count("<img") == 2 and 'alt="private photograph"' in pictures
    assert 'alt="what was rebuilt of it: ' in pictures and links(page) == {f"run={run_id}": "playground"}


def test_a_card_shows_what_runs_of_other_kinds_have_and_leads_to_their_page(store: Store):
    seen = Viewpoints(inversion=small.inversion(Federation(clients=2), threat=ThreatModel(labels=True)))
    for experiment, page in ((seen, "federation"), (Paths(iterations=1), "drift")):
        run_id = store.enqueue(experiment.model_dump_json(), title=catalogue.title(experiment))
        app.carry_out(store)
        shown = runs()
        assert links(shown)[f"run={run_id}"] == page and listed(shown)[0] == f"**{experiment.title}**"
        assert pairs(shown)[0].count("<img") == 2 and app.widget(shown, f"pin.{run_id}").disabled
    assert any(said.startswith("The server at each client: ") for said in app.shown(runs()))


def test_a_run_that_waits_or_ended_early_has_a_card_too(store: Store):
    put(store, title="waits")
    failed = put(store, title="fails")
    store.cancel(failed)
    page = runs()
    assert listed(page) == ["**fails**", "**waits**"] and not pairs(page)
    page = app.widget(page, "gallery.state").set_value("ended early").run()
    assert listed(page) == ["**fails**"]


def test_the_list_can_be_narrowed_to_states_and_to_ones_own(store: Store):
    put(store, title="mine")
    put(store, "ben", title="another's")
    page = runs()
    assert listed(page) == ["**another's**", "**mine**"]
    page = app.widget(page, "gallery.mine").set_value(True).run()
    assert listed(page) == ["**mine**"]
    page = app.widget(page, "gallery.state").set_value("finished").run()
    assert listed(page) == [] and "0 of 2 runs shown." in app.shown(page)


def test_private_runs_carry_a_lock_and_are_shown_to_nobody_else(store: Store):
    put(store, title="secret", private=True)
    assert listed(runs()) == [":material/lock: **secret**"]
    assert listed(runs("ben")) == []


def test_one_may_delete_ones_own_runs_alone_and_only_by_a_second_press(store: Store):
    mine, other = put(store), put(store, "ben")
    page = runs()
    assert keys(page, "delete") == [f"delete.{mine}"]
    page = press(page, f"delete.{mine}")
    assert len(store.runs()) == 2 and "1 run will be gone for good, pictures and numbers." in app.shown(page)
    page = press(page, "gallery.keep")
    assert len(store.runs()) == 2 and not page.warning
    page = press(press(page, f"delete.{mine}"), "gallery.sure")
    assert [run.id for run in store.runs()] == [other] and keys(page, "delete") == []


def test_a_run_that_cannot_be_deleted_says_why(store: Store):
    mine = put(store)
    page = press(runs(), f"delete.{mine}")
    store.delete(mine, owner("anna"))
    page = press(page, "gallery.sure")
    assert f"Run {mine} is not in the store: it was deleted, or its address is misspelt." in app.shown(page)


def test_several_are_deleted_at_once_and_anothers_stay(store: Store):
    mine, other = [put(store), put(store)], put(store, "ben")
    page = press(choose(runs(), *mine, other), "gallery.delete")
    (warning,) = page.warning
    assert warning.value == (
        "2 runs will be gone for good, pictures and numbers. 1 run cannot be deleted: it is not yours."
    )
    page = press(page, "gallery.sure")
    assert [run.id for run in store.runs()] == [other] and "2 runs deleted." in app.shown(page)
    page = press(page, "gallery.delete")
    assert "Nothing to delete. 1 run cannot be deleted: it is not yours." in app.shown(page) and not page.warning


def test_all_of_ones_own_go_with_two_presses_private_ones_too(store: Store):
    put(store), put(store, private=True)
    other = put(store, "ben")
    page = press(press(runs(), "gallery.delete_mine"), "gallery.sure")
    assert [run.id for run in store.runs(owner("anna"))] == [other]
    assert app.widget(page, "gallery.delete_mine").disabled


def test_what_was_deleted_is_forgotten_by_the_session_as_well(store: Store):
    mine = put(store)
    app.carry_out(store)
    page = app.opened("runs", of=app.opened("playground", of=runs(), run=mine))
    assert mine in page.session_state["watched"]
    page = press(press(press(page, f"pin.{mine}"), f"delete.{mine}"), "gallery.sure")
    assert mine not in page.session_state["watched"] and page.session_state["pins"] == []


def test_a_selected_run_that_was_deleted_in_another_tab_is_said(store: Store):
    mine, other = put(store), put(store, "ben")
    page = choose(runs(), mine, other)
    store.delete(mine, owner("anna"))
    page = page.run()
    assert not page.exception and any(
        said.startswith("1 run of those selected is no longer") for said in app.shown(page)
    )
    assert "1 run selected." in app.shown(page)


def test_a_pinned_run_stands_on_the_playground(store: Store):
    run_id = put(store)
    app.carry_out(store)
    page = app.widget(runs(), f"pin.{run_id}").click().run()
    page = app.opened("playground", of=page)
    assert page.session_state["pins"] == [run_id] and not page.exception
    assert "Pinned side by side" in [heading.value for heading in page.subheader]


def test_runs_are_found_by_attack_network_page_and_words(store: Store):
    put(store)
    recovered = LabelRecovery(batch_size=2, num_classes=10, network=NetworkChoice(name="mlp"))
    store.enqueue(recovered.model_dump_json(), title="Labels of two")
    page = runs()
    assert "2 runs shown: 2 going; 1 of them yours." in app.shown(page)
    for name, value, left in (
        ("attack", "DLG", "**DLG on one photograph, LeNet**"), ("network", "LeNet", "**DLG on one photograph, LeNet**"),
        ("page", "labels", "**Labels of two**"),
    ):  # fmt: skip
        page = app.widget(page, f"gallery.{name}").set_value(value).run()
        assert listed(page) == [left]
        assert "1 of 2 runs shown: 1 going" in " ".join(app.shown(page))
        page = app.widget(page, f"gallery.{name}").set_value(None).run()
    page = page.text_input(key="gallery.text").set_value("LABELS two").run()
    assert listed(page) == ["**Labels of two**"]


def test_the_best_or_the_quickest_stand_first(store: Store):
    for title, psnr, seconds in (("bad", 9.0, 1.0), ("good", 30.0, 3.0), ("middling", 20.0, 2.0)):
        run_id = put(store, title=title)
        store.claim("a test", ("auto",))
        store.append(run_id, Frame(0, seconds, {"psnr": psnr}, final=True), worker="a test")
        store.finish(run_id, worker="a test")
    put(store, title="waits")
    page = app.widget(runs(), "gallery.order").set_value("best PSNR").run()
    assert listed(page) == ["**good**", "**middling**", "**bad**", "**waits**"]
    page = app.widget(page, "gallery.order").set_value("quickest").run()
    assert listed(page) == ["**bad**", "**middling**", "**good**", "**waits**"]


def test_two_attacks_can_be_compared_and_nothing_else(store: Store):
    first, second, third = put(store), put(store), put(store, "ben")
    other = store.enqueue(LabelRecovery().model_dump_json(), title="labels")
    page = runs()

    def link(page: AppTest) -> str:
        """Return where the link leads to; without one, a button that cannot be pressed stands in its place."""
        found = [one.proto.query_string for one in page.get("page_link") if one.proto.label == "Compare"]
        stands_in = [button.disabled for button in page.button if button.label == "Compare"]
        assert stands_in == ([] if found else [True])
        return "".join(found)

    assert link(page) == ""
    page = choose(page, first, third)
    assert link(page) == f"a={first}&b={third}"
    assert link(choose(page, second)) == ""
    page = choose(press(page, "gallery.none"), second, other)
    assert link(page) == ""


def test_all_that_are_shown_are_selected_by_a_press(store: Store):
    for number in range(3):
        put(store, title=f"run {number}")
    page = runs().text_input(key="gallery.text").set_value("run 1").run()
    page = press(page, "gallery.all")
    page = page.text_input(key="gallery.text").set_value("run 2").run()
    assert "1 run selected, 1 of them not shown here." in app.shown(page)
    page = press(page, "gallery.all")
    assert "2 runs selected, 1 of them not shown here." in app.shown(page)
    assert "Tick runs to compare, export or delete them together." in app.shown(press(page, "gallery.none"))


def test_what_is_exported_of_several_has_all_settings_numbers_and_pictures(store: Store):
    ids = [put(store), put(store, "ben")]
    app.carry_out(store)
    mine, gone = gallery.cards(store.runs(owner("anna")), owner("anna"))[::-1], put(store)
    gone = replace(mine[0], key=gone)
    store.delete(gone.key, owner("anna"))
    taken, missing = selection.gathered([*mine, gone], gallery.taken, owner("anna"))
    assert missing == [f"Run {gone.key} is not in the store: it was deleted, or its address is misspelt."]
    kept = json.loads(collected.record(taken, missing))
    assert [one["id"] for one in kept["runs"]] == ids and kept["missing"] == missing
    assert read(kept["runs"][0]["settings"]) == small.inversion() and kept["runs"][0]["frames"][-1]["scalars"]["psnr"]
    rows = list(csv.DictReader(io.StringIO(collected.table(taken))))
    assert [row["row of the sheet"] for row in rows] == ["1", "2"] and rows[0]["attack"] == "DLG"
    assert rows[0]["picture"].startswith("left the private photographs, right what was rebuilt by DLG: ")
    assert rows[1]["picture"] == "no picture was kept"
    sheet = np.asarray(Image.open(io.BytesIO(collected.sheet(taken))))
    assert sheet.shape == (2 * 96 + 3 * 8, 2 * 96 + 3 * 8, 3)


def test_every_kind_of_run_leads_to_the_page_that_shows_it():
    kinds = [one.model_fields["kind"].default for one in get_args(get_args(Experiment)[0])]
    assert {kind: Facts(kind).page for kind in kinds} == {kind: address.page(kind) for kind in kinds}


def test_the_page_opens_without_pytorch():
    asked = "import sys; import leaklab.ui.gallery; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True).stdout == "False\n"


def test_many_runs_are_turned_over_page_by_page(store: Store):
    for number in range(14):
        put(store, title=f"run {number}")
    page = runs()
    assert listed(page) == [f"**run {number}**" for number in range(13, 1, -1)] and page.get("pagination")


def test_a_store_that_fails_meanwhile_is_said(store: Store, monkeypatch: pytest.MonkeyPatch):
    page = runs()

    def locked(*args: object, **kwargs: object) -> None:
        raise Refusal("The run store is locked.")

    monkeypatch.setattr(store, "runs", locked)
    page = page.run()
    assert [error.value for error in page.error] == ["The run store is locked."] and not page.exception
