"""The Federation page: the picture of the round, three places attacked at once, and a client that guesses."""

import pytest
from streamlit.testing.v1 import AppTest

from leaklab.attacks.matching.dummy_updates import SuperClient
from leaklab.experiments import catalogue
from leaklab.experiments.experiment import read
from leaklab.experiments.federation_presets import FEDERATION_DEFAULT, FEDERATION_PRESETS
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.viewpoints import VIEWS, Viewpoints
from leaklab.federation.partition import Dirichlet
from leaklab.federation.rounds import Federation
from leaklab.protocol.observation import ThreatModel
from leaklab.runs.store import Store
from leaklab.settings import to_link
from leaklab.ui import guesses
from leaklab.ui.session import Services
from leaklab.views.captions import caption
from leaklab.views.viewpoints import PLACES
from tests import app
from tests.experiments import small

TOLD = ThreatModel(labels=True)
SMALL = small.inversion(Federation(clients=2), threat=TOLD).changed(
    ("recipe", "stages", 0, "dummy_update"), SuperClient()
)


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


pytestmark = pytest.mark.usefixtures("store")


def federation(experiment: Inversion = SMALL, **address: str) -> AppTest:
    page = app.opened("federation", x=to_link(experiment), **address)
    assert not page.exception and not page.error
    return page


def press(page: AppTest, key: str) -> AppTest:
    page = app.widget(page, key).click().run()
    assert not page.exception and not page.error
    return page


def finished(store: Store, experiment: Inversion = SMALL) -> AppTest:
    page = press(federation(experiment), "attack")
    app.carry_out(store)
    page = page.run()
    assert not page.exception and not page.error
    return page


def html(page: AppTest, name: str) -> list[str]:
    """Return everything that is drawn under a class."""
    return [each.proto.body for each in page.get("html") if f'class="{name}' in each.proto.body]


def with_federation(**changes: object) -> Inversion:
    held = SMALL.scenario.federation.model_copy(update=changes)
    return SMALL.model_copy(update={"scenario": SMALL.scenario.model_copy(update={"federation": held})})


def test_a_round_is_drawn_and_attacked_at_once_and_whoever_comes_later_sees_the_same_run(store: Store):
    page = app.opened("federation")
    default = FEDERATION_DEFAULT.experiment
    assert [read(store.run(run.id).experiment) for run in store.runs()] == [Viewpoints(inversion=default)]
    assert len(html(page, "leaklab-round")) == 1 and not page.exception
    assert caption(default.scenario.federation, default.scenario.threat) in app.shown(page)
    first = page.query_params["run"]
    assert app.opened("federation").query_params["run"] == first and len(store.runs()) == 1


@pytest.mark.parametrize("preset", FEDERATION_PRESETS.values(), ids=lambda preset: preset.key)
def test_a_preset_is_put_into_the_controls_and_lacks_nothing(preset: catalogue.Preset):
    page = federation()
    page = app.widget(page, f"preset.{page.session_state['federation.generation']}").set_value(preset.key).run()
    assert not page.exception and not page.error and not page.warning
    assert app.held(page, "federation") == preset.experiment and preset.sentence in app.shown(page)
    assert not app.widget(page, "attack").disabled and not any("sees nothing" in said for said in app.shown(page))


def test_who_looks_changes_the_picture_and_its_caption_alone():
    page = federation()
    drawn = set(html(page, "leaklab-round"))
    for view in VIEWS[1:]:
        page = app.widget(page, ".eye.3").set_value(view).run()
        looked = SMALL.scenario.federation.model_copy(update={"view": view})
        assert caption(looked, TOLD) in app.shown(page)
        drawn |= set(html(page, "leaklab-round"))
    assert len(drawn) == 3 and app.held(page, "federation") == SMALL


def test_nobody_chooses_what_the_attacker_sees_and_what_a_link_says_of_it_is_forgotten():
    page = app.opened("federation", x=to_link(with_federation(view="aggregated")), both="1")
    assert app.held(page, "federation") == SMALL and page.query_params["x"] == to_link(SMALL)
    assert "both" not in page.query_params
    assert not [each for each in page.get("segmented_control") if (each.key or "").endswith(".view")]
    page = app.widget(page, "federation.clients").set_value(3).run()
    assert app.held(page, "federation").scenario.federation.clients == 3


def test_one_press_attacks_from_three_places(store: Store):
    page = finished(store)
    assert [read(store.run(run.id).experiment) for run in store.runs()] == [Viewpoints(inversion=SMALL)]
    assert len(html(page, "leaklab-board")) == 3 and not html(page, "leaklab-envelopes")
    headings = [text.value for text in page.markdown]
    assert all(f"**{title}**" in headings for title in PLACES.values())
    assert any("the server recognises" in box.value for box in (*page.info, *page.success))
    assert len([code for code in page.code if code.value.startswith("leaklab run")]) == 3
    assert any(code.value.endswith(f"?x={to_link(SMALL)}") for code in page.code)


def test_pictures_come_while_it_goes_on(store: Store):
    page = press(federation(), "attack")
    assert any("Waiting" in bar.proto.text for bar in page.get("progress"))
    app.carry_out(store, most=2)
    page = page.run()
    assert len(html(page, "leaklab-board")) == 3 and not page.code and not page.exception
    assert not any("✓" in board or "✗" in board for board in html(page, "leaklab-board"))


def test_what_came_of_earlier_settings_is_said_to_be_that(store: Store):
    page = finished(store)
    assert not any("earlier settings" in said for said in app.shown(page))
    page = press(page, "reseed")
    assert any("earlier settings" in said for said in app.shown(page)) and html(page, "leaklab-board")


def test_under_masks_the_server_is_shown_what_it_receives(store: Store):
    page = finished(store, with_federation(secure_aggregation=True))
    assert len(html(page, "leaklab-envelopes")) == 1
    assert any(said.startswith("Correlation ") for said in app.shown(page))


def test_one_alone_has_nobody_who_could_be_curious(store: Store):
    page = finished(store, with_federation(clients=1))
    assert app.widget(page, ".eye.2").options == [PLACES["per-client"], PLACES["aggregated"]]
    assert any(said.startswith(":material/visibility_off: **A client** sees nothing here.") for said in app.shown(page))
    assert len(html(page, "leaklab-board")) == 2
    assert any(text.value.startswith(":material/block: A client that looks needs other") for text in page.markdown)
    assert app.widget(page, "guess.start").disabled


def test_without_labels_a_place_is_left_out_and_a_press_tells_them():
    page = federation(small.inversion(Federation(clients=2), of=catalogue.recipe("ig")))
    blind = [said for said in app.shown(page) if "sees nothing here" in said]
    assert len(blind) == 2 and "label" in blind[0] and not app.widget(page, "attack").disabled
    page = press(page, "tell")
    assert app.held(page, "federation").scenario.threat.labels and not app.widget(page, "attack").disabled
    assert not any("sees nothing here" in said for said in app.shown(page))


def test_what_is_wrong_from_everywhere_is_said_once_and_nothing_starts():
    page = federation(SMALL.changed(("scenario", "num_classes"), 2))
    [complaint] = page.warning
    assert complaint.value.startswith("Classes: 2 are asked for") and app.widget(page, "attack").disabled


def test_a_client_tries_learning_rates_and_judges_by_its_own_photograph(store: Store):
    page = press(federation(), "guess.start")
    app.carry_out(store)
    page = page.run()
    assert not page.exception and not page.error
    [asked] = [read(store.run(run.id).experiment) for run in store.runs()]
    assert asked == guesses.of_rate(SMALL) and len(asked.rates) == 5 and 1e-2 in asked.rates
    assert len(page.get("echarts_chart")) == 1 and html(page, "leaklab-board narrow")[0].count("<img") == 6
    assert any("Chosen: learning rate" in box.value for box in (*page.info, *page.success))


def test_it_may_guess_the_number_of_photographs_instead(store: Store):
    page = app.widget(federation(), "guess.unknown").set_value("the number of photographs").run()
    page = press(page, "guess.start")
    [asked] = [read(store.run(run.id).experiment) for run in store.runs()]
    assert asked.rates == () and asked.numbers == (2, 3, 4)
    app.carry_out(store, most=1)
    assert not page.run().exception


@pytest.mark.parametrize("true", [1e-5, 2e-4, 1e-2, 0.07, 1.0])
def test_the_true_learning_rate_is_among_those_that_are_tried(true: float):
    changed = SMALL.changed(("scenario", "federation", "schedule", "learning_rate"), true)
    rates = guesses.of_rate(changed).rates
    assert true in rates and len(rates) == 5 and sorted(rates) == list(rates)


def test_where_dice_share_out_numbers_begin_at_two():
    dealt = with_federation(clients=3, images_per_client=2, partition=Dirichlet())
    assert guesses.of_number(dealt).numbers == (3, 5, 6, 7, 12)
    assert guesses.of_number(SMALL).numbers == (2, 3, 4)


def test_a_past_run_is_opened_with_its_settings_and_the_gallery_leads_here(store: Store):
    both = [Viewpoints(inversion=SMALL), guesses.of_rate(SMALL)]
    for one in both:
        store.enqueue(one.model_dump_json(), title=catalogue.title(one))
        app.carry_out(store)
    guessed, seen = (run.id for run in store.runs())
    page = app.opened("federation", run=seen)
    assert app.held(page, "federation") == SMALL and len(html(page, "leaklab-board")) == 3 and not page.exception
    page = app.opened("federation", run=[seen, guessed])
    assert len(page.get("echarts_chart")) == 1 and len(html(page, "leaklab-board narrow")) == 1 and not page.exception
    page = press(page, "guess.start")
    assert page.query_params["run"][0] == seen and len(page.query_params["run"]) == 2
    links = {link.proto.query_string: link.proto.page for link in app.opened("runs").get("page_link")}
    assert links[f"run={seen}"] == links[f"run={guessed}"] == "federation"


def test_a_run_of_another_kind_gets_a_sentence(store: Store):
    other = store.enqueue(Viewpoints(inversion=SMALL).model_dump_json())
    for name in ("labels", "drift"):
        page = app.opened(name, run=other)
        assert any(f"Run {other} is of another kind" in box.value for box in page.warning) and not page.exception
    page = app.opened("playground", run=other)
    assert app.held(page) == SMALL and not page.warning and not page.exception


def test_the_playground_leads_here_where_there_are_several_clients(store: Store):
    page = press(app.opened("playground", x=to_link(SMALL)), "attack")
    app.carry_out(store)
    page = page.run()
    assert "Attack it from three places" in [link.proto.label for link in page.get("page_link")]
