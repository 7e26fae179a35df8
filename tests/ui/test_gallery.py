"""The list of runs: who sees which, and what may be done with them."""

import pytest
from streamlit.testing.v1 import AppTest

from leaklab.experiments import catalogue
from leaklab.experiments.paths import Paths
from leaklab.experiments.viewpoints import Viewpoints
from leaklab.federation.rounds import Federation
from leaklab.protocol.observation import ThreatModel
from leaklab.runs.private import owner
from leaklab.runs.store import Store
from leaklab.settings import Refusal
from leaklab.ui.session import Services
from tests import app
from tests.experiments import small


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
    """Return the titles of the cards in their order."""
    return [text.value for text in page.markdown if text.value.endswith("**")]


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
    assert any("PSNR" in text and text.endswith("just now") for text in app.shown(page))
    (pictures,) = page.image
    assert pictures.captions == ["private", "rebuilt"]
    (link,) = page.get("page_link")
    assert link.proto.page == "playground" and link.proto.query_string == f"run={run_id}"


def test_a_card_shows_what_runs_of_other_kinds_have_and_leads_to_their_page(store: Store):
    seen = Viewpoints(inversion=small.inversion(Federation(clients=2), threat=ThreatModel(labels=True)))
    for experiment, page in ((seen, "federation"), (Paths(iterations=1), "drift")):
        run_id = store.enqueue(experiment.model_dump_json(), title=catalogue.title(experiment))
        app.carry_out(store)
        shown = runs()
        links = {link.proto.query_string: link.proto.page for link in shown.get("page_link")}
        assert links[f"run={run_id}"] == page and listed(shown)[0] == f"**{experiment.title}**"
        assert shown.image[0].captions == ["private", "rebuilt"]
        assert app.widget(shown, f"pin.{run_id}").disabled
    assert any(said.startswith("The server at each client: ") for said in app.shown(runs()))


def test_a_run_that_waits_or_ended_early_has_a_card_too(store: Store):
    put(store, title="waits")
    failed = put(store, title="fails")
    store.cancel(failed)
    page = runs()
    assert listed(page) == ["**fails**", "**waits**"] and not page.image
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
    assert listed(page) == [] and page.info


def test_private_runs_carry_a_lock_and_are_shown_to_nobody_else(store: Store):
    put(store, title="secret", private=True)
    assert listed(runs()) == [":material/lock: **secret**"]
    assert listed(runs("ben")) == []


def test_one_may_delete_ones_own_runs_alone(store: Store):
    mine, other = put(store), put(store, "ben")
    page = runs()
    assert keys(page, "delete") == [f"delete.{mine}"]
    page = app.widget(page, f"delete.{mine}").click().run()
    assert not page.exception and [run.id for run in store.runs()] == [other] and keys(page, "delete") == []


def test_a_run_that_cannot_be_deleted_says_why(store: Store):
    mine = put(store)
    page = runs()
    store.delete(mine, owner("anna"))
    page = app.widget(page, f"delete.{mine}").click().run()
    assert f"Run {mine} is not in the store: it was deleted, or its address is misspelt." in app.shown(page)


def test_a_pinned_run_stands_on_the_playground(store: Store):
    run_id = put(store)
    app.carry_out(store)
    page = app.widget(runs(), f"pin.{run_id}").click().run()
    page = app.opened("playground", of=page)
    assert page.session_state["pins"] == [run_id] and not page.exception
    assert "Pinned side by side" in [heading.value for heading in page.subheader]


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
