"""Teacher mode by address: starts, what is hidden and what is locked, and that nothing is secretly on."""

import pytest
from streamlit.testing.v1 import AppTest

from leaklab.experiments import catalogue
from leaklab.experiments.drift_presets import DRIFT_PRESETS
from leaklab.experiments.inversion import Inversion
from leaklab.federation.rounds import Federation
from leaklab.settings import to_link
from leaklab.ui import classroom
from leaklab.ui.session import Services
from tests import app
from tests.experiments import small

SHOW_ALL = "playground.show-all"


@pytest.fixture(autouse=True)
def served(services: Services) -> Services:
    return services


def playground(**address: str) -> AppTest:
    page = app.opened("playground", **address)
    assert not page.exception and not page.error
    return page


def drawn(page: AppTest, ending: str) -> bool:
    kinds = ("slider", "select_slider", "selectbox", "segmented_control", "toggle", "number_input", "multiselect")
    return any((one.key or "").endswith(ending) for kind in kinds for one in page.get(kind))


@pytest.mark.parametrize(("name", "places"), [
    ("tv", {"recipe.stages.priors.weight", "recipe.stages.priors.form"}),
    ("init", {"recipe.stages.space.scale"}),
    ("init-scale", {"recipe.stages.space.scale"}),
    ("clients", {"scenario.federation.clients"}),
    ("federation-clients", {"scenario.federation.clients"}),
    ("images-per-client", {"scenario.federation.images_per_client"}),
    ("seed", {"seed"}),
    ("view", {"scenario.federation.view"}),
    ("hat", set()),
])  # fmt: skip
def test_a_name_means_a_title_its_first_or_last_words_or_the_end_of_a_place(name: str, places: set[str]):
    assert classroom.meant(Inversion, name) == places


def test_noise_means_the_clients_noise_of_every_sort():
    assert {f"scenario.federation.defences.{end}" for end in ("sigma", "noise_multiplier")} <= (
        classroom.meant(Inversion, "noise")
    )


def test_names_are_read_however_they_are_written():
    assert classroom.read("TV, Init scale,,images_per_client,tv") == ("tv", "init-scale", "images-per-client")
    assert classroom.kebab("Server's step") == "servers-step"


def test_what_is_hidden_is_not_drawn_and_what_is_locked_cannot_be_moved():
    asked = small.inversion(Federation(clients=2), restarts=3)
    page = playground(x=app.link(asked), hide="init,iterations,view", lock="noise,clients")
    assert not any(drawn(page, ending) for ending in ("space.scale", ".iterations", ".view"))
    assert app.widget(page, "federation.clients").disabled and app.widget(page, "defences.0.sigma").disabled
    assert not app.widget(page, ".restarts").disabled and app.held(page) == asked
    assert ":material/school: Some controls are hidden or locked by this link." in app.shown(page)
    page = app.widget(page, ".restarts").set_value(2).run()
    assert page.query_params["hide"] == "init,iterations,view" and page.query_params["lock"] == "noise,clients"
    assert app.held(page) == asked.changed(("recipe", "stages", 0, "restarts"), 2) and not page.exception


def test_it_holds_until_the_address_says_otherwise_and_a_press_shows_everything():
    page = playground(x=app.link(), hide="iterations", lock="seed")
    page = app.opened("playground", of=app.opened("labels", of=page))
    assert not drawn(page, ".iterations") and page.query_params["hide"] == "iterations"
    labels = app.opened("labels", of=page)
    assert "hide" not in labels.query_params and not app.widget(labels, ".seed").disabled
    page = app.opened("playground", of=labels, hide="restarts")
    assert drawn(page, ".iterations") and not drawn(page, ".restarts") and not app.widget(page, ".seed").disabled
    page = app.widget(page, SHOW_ALL).click().run()
    assert drawn(page, ".restarts") and "hide" not in page.query_params and not page.exception
    assert not [button for button in page.button if button.key == SHOW_ALL]


def test_a_name_that_no_control_has_is_told_with_those_there_are():
    page = playground(x=app.link(), hide="hat,iterations", lock="cap")
    [toast] = [toast.value for toast in page.toast]
    assert toast.startswith(
        "This link hides or locks hat, cap, which no control is called here. There are photographs,"
    )
    assert "clients" in toast and "iterations" in toast
    assert not page.run().toast


def test_controls_that_are_no_knobs_are_hidden_and_locked_too():
    page = playground(x=app.link(), hide="photographs,presets", lock="recipe,view,defences")
    assert not drawn(page, ".where") and drawn(page, ".image_size")
    assert not page.get("pills") and app.widget(page, ".recipe").disabled and app.widget(page, ".view").disabled
    page = app.widget(page, "more.Federation").set_value(True).run()
    assert app.widget(page, "federation.defences").disabled
    page = playground(x=app.link(), hide="recipe,defences", lock="photographs,presets")
    assert not drawn(page, ".recipe") and page.get("pills")[0].disabled
    assert ":material/lock: Locked by this link: cat." in app.shown(page)


def test_other_pages_hide_and_lock_theirs():
    page = app.opened("labels", hide="network", lock="batch-size")
    assert app.widget(page, ".batch_size").disabled and not drawn(page, "network.name") and not page.exception


def test_a_start_is_named_by_the_address_and_spelt_out_in_it():
    page = playground(preset="noise-wins")
    assert app.held(page) == catalogue.PRESETS["noise-wins"].experiment and not page.warning
    assert "preset" not in page.query_params and page.query_params["x"] == to_link(app.held(page))
    page = app.opened("playground", preset="no-search", of=app.opened("labels", of=page))
    assert app.held(page) == catalogue.PRESETS["no-search"].experiment
    page = app.opened("playground", preset="easy-leak", x=app.link(), of=app.opened("labels", of=page))
    assert app.held(page) == small.inversion() and "preset" not in page.query_params


def test_a_start_that_is_not_there_is_named_with_those_that_are():
    page = playground(preset="[hat](http://nobody)")
    [complaint] = [warning.value for warning in page.warning]
    assert complaint.startswith(
        r"There is no start '\[hat\](http\://nobody)' on this page: easy-leak, needs-restarts, "
    )
    assert app.held(page) == catalogue.DEFAULT.experiment and not page.run().warning


@pytest.mark.parametrize(("name", "preset", "held"), [
    ("labels", "one-label", "labels"), ("federation", "secure-aggregation", "federation"),
    ("defences", "clipping-alone", "defences"), ("enhance", "too-far", "enhance"), ("drift", "too-fast", "drift"),
])  # fmt: skip
def test_every_page_with_starts_can_be_opened_at_one(name: str, preset: str, held: str):
    page = app.opened(name, preset=preset)
    assert not page.exception and not page.error and not page.warning
    pills = app.widget(page, f"{held}.preset.{page.session_state[f'{held}.generation']}")
    assert pills.value == preset and (name != "drift" or app.held(page, held) == DRIFT_PRESETS[preset].experiment)


def test_what_is_set_out_of_sight_is_named():
    assert not [said for said in app.shown(playground()) if "Also set" in said]
    chosen = (
        small.inversion().changed(("precision",), "float32").changed(("scenario", "federation", "step_first"), True)
    )
    chosen = chosen.changed(("scenario", "federation", "defences"), [{"kind": "sign"}])
    [said] = [said for said in app.shown(playground(x=app.link(chosen))) if "Also set" in said]
    assert said.startswith(":material/tune: Also set: ") and said.endswith(".")
    for chip in ("Server steps before the attack = on", "Precision = float32", "Defences = signs alone"):
        assert chip in said


def test_what_a_link_hides_is_named_where_it_is_not_as_usual():
    chosen = small.inversion(Federation(clients=3))
    [said] = [said for said in app.shown(playground(x=app.link(chosen), hide="clients,seed")) if "Also set" in said]
    assert "Clients = 3" in said and "Seed" not in said


def test_a_link_of_another_version_is_used_as_far_as_it_goes():
    from tests.experiments.test_older import packed

    tree = small.inversion().model_dump(mode="json") | {"![hat](http://nobody)": 1}
    tree["recipe"]["stages"][0]["iterations"] = 10**9
    page = playground(x=packed(tree))
    [complaint] = [warning.value for warning in page.warning]
    assert complaint.startswith("This link was made by another version of leaklab. Not known here, and left out: ")
    assert r"!\[hat\](http\://nobody)" in complaint and complaint.endswith("Everything else is as the link says.")
    assert "recipe.stages.0.iterations: Input should be less than or equal to 50000" in complaint
    assert app.held(page) == small.inversion(iterations=300) and page.query_params["x"] == to_link(app.held(page))
    assert not page.run().warning
