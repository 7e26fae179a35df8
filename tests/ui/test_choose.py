"""The controls of an experiment: parts that are swapped, views, seeds, and what an attack still lacks."""

import pytest

from leaklab.attacks.matching.optimisers import LBFGS, Adam
from leaklab.experiments import catalogue
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.landscape import Landscape
from leaklab.federation.rounds import Federation
from leaklab.protocol.defences import Clip, GaussianNoise, RandomK, Soteria, TopK
from leaklab.protocol.observation import ThreatModel
from leaklab.settings import choices, to_link, walk
from leaklab.ui import held, recipes
from leaklab.ui.session import Services
from tests import app
from tests.experiments import small

pytestmark = pytest.mark.usefixtures("services")

OPTIMISER = ("recipe", "stages", 0, "optimiser")
CHAIN = ("scenario", "federation", "defences")
DEFENCES = ".".join(CHAIN)
ROWS = Soteria(variant="rows")  # needs two linear layers, and LeNet has one


def playground(experiment=None):
    page = app.opened("playground", x=app.link(experiment))
    assert not page.exception and not page.error
    return page


def set_value(page, ending, value):
    page = app.widget(page, ending).set_value(value).run()
    assert not page.exception and not page.error
    return page


@pytest.mark.parametrize("key", catalogue.RECIPES)
def test_another_recipe_is_taken_whole_and_leaves_the_rest(key: str):
    other = small.inversion(of=catalogue.recipe("idlg" if key == "ig" else "ig"), restarts=3)
    page = set_value(playground(other), ".recipe", key)
    precision = "float32" if recipes.family(catalogue.recipe(key)) in ("generator", "diffusion") else other.precision
    assert app.held(page) == other.model_copy(update={"recipe": catalogue.recipe(key), "precision": precision})
    assert catalogue.recipe(key).story in app.shown(page)
    assert page.query_params["x"] == to_link(app.held(page))


@pytest.mark.parametrize("ending, path, value", [
    ("scale", ("recipe", "stages", 0, "space", "scale"), 0.05),
    ("federation.clients", ("scenario", "federation", "clients"), 3),
    ("sigma", ("scenario", "federation", "defences", 0, "sigma"), 0.1),
    ("epochs", ("scenario", "federation", "schedule", "epochs"), 8),
    ("network.name", ("scenario", "network", "name"), "mlp"),
    (".seed", ("seed",), 99),
])  # fmt: skip
def test_a_change_reaches_the_experiment_and_the_address(ending, path, value):
    page = set_value(playground(), ending, value)
    assert app.held(page) == small.inversion().changed(path, value)
    assert page.query_params["x"] == to_link(app.held(page)) and app.widget(page, ending).value == value


def test_a_part_that_is_swapped_brings_its_own_knobs_and_more_stays_open():
    page = set_value(playground(), "more.Attack", True)
    assert app.held(page).at(OPTIMISER) == LBFGS(updates=5)
    page = set_value(page, "stages.0.optimiser", "adam")
    assert app.held(page).at(OPTIMISER) == Adam() and app.widget(page, "more.Attack").value
    app.widget(page, "optimiser.sign")
    assert not any("optimiser.updates" in slider.key for slider in page.slider)


def test_more_shows_every_advanced_knob():
    page = playground()
    for title in ("Photographs", "Federation", "Attack", "Network", "What the attacker is told", "Seed and precision"):
        page = set_value(page, f"more.{title}", True)
    keys = {w.key for kind in ("slider", "select_slider", "selectbox", "segmented_control", "toggle", "number_input",
                               "text_input") for w in page.get(kind)}  # fmt: skip
    advanced = [one for one in walk(app.held(page)) if one.level == "advanced" and not one.many]
    missing = [one.dotted for one in advanced if not any(key.endswith(f".{one.dotted}") for key in keys)]
    assert missing == [] and app.held(page) == small.inversion()


def test_the_views_are_each_the_average_or_both():
    page = set_value(playground(small.inversion(Federation(clients=2))), ".view", "aggregated")
    assert app.held(page).scenario.federation.view == "aggregated" and "both" not in page.query_params
    page = set_value(page, ".view", "both")
    assert page.query_params["both"] == "1"
    page = set_value(page, ".view", "per-client")
    assert app.held(page).scenario.federation.view == "per-client" and "both" not in page.query_params


def test_a_chain_of_defences_is_composed_in_order_and_each_brings_its_own_knobs():
    page = set_value(playground(), "more.Federation", True)
    assert app.widget(page, DEFENCES).value == ["gaussian_noise"]
    page = set_value(page, DEFENCES, ["gaussian_noise", "clip", "top_k"])
    assert app.held(page).at(CHAIN) == (GaussianNoise(), Clip(), TopK())
    page = set_value(set_value(page, "1.bound", 0.5), "2.left_out", 0.8)
    page = set_value(page, DEFENCES, ["clip", "top_k"])
    page = set_value(page, DEFENCES, ["clip", "top_k", "gaussian_noise"])
    assert app.held(page).at(CHAIN) == (Clip(bound=0.5), TopK(left_out=0.8), GaussianNoise())
    assert app.widget(page, "2.sigma").value == 0 and app.widget(page, DEFENCES).value[-1] == "gaussian_noise"
    assert page.query_params["x"] == to_link(app.held(page)) and app.widget(page, "more.Federation").value


def test_every_defence_is_offered_by_its_name():
    page = set_value(playground(), "more.Federation", True)
    offered = app.widget(page, DEFENCES).options
    assert len(offered) == len(choices(Federation.model_fields["defences"].annotation)) == len(set(offered))
    assert {"DP-SGD", "top-k", "QSGD", "Soteria", "PRECODE", "InstaHide"} < set(offered)
    assert not [name for name in offered if "_" in name]


@pytest.mark.parametrize("name", ["playground", "landscape", "federation"])
def test_a_defence_that_cannot_work_says_so_in_a_sentence(name: str):
    page = app.opened(name, x=to_link(small.inversion(Federation(clients=2, defences=(ROWS,)))))
    assert not page.exception and not page.error
    [said] = [warning.value for warning in page.warning]
    assert said.startswith("Soteria") and said.endswith(".")
    start = {"playground": "attack", "landscape": "survey", "federation": "attack"}[name]
    assert app.widget(page, start).disabled and not [button for button in page.button if button.key.endswith(".tell")]


@pytest.mark.parametrize(("federation", "facts", "said"), [
    (Federation(defences=(RandomK(),)), {"defences"}, "Tell the attacker the defences"),
    (Federation(images_per_client=2, defences=(RandomK(),)), {"labels", "defences"},
     "Tell the attacker the labels and the defences"),
])  # fmt: skip
def test_an_attacker_that_is_to_be_told_is_told_by_one_press(federation: Federation, facts: set[str], said: str):
    adapting = small.inversion(federation, of=catalogue.recipe("ig")).changed(("recipe", "stages", 0, "adapt"), "told")
    page = playground(adapting)
    assert any("was told of none: tick 'Defences are told'" in warning.value for warning in page.warning)
    assert app.widget(page, "attack").disabled and app.widget(page, ".tell").label == said
    page = app.widget(page, ".tell").click().run()
    assert app.held(page).scenario.threat == ThreatModel(**dict.fromkeys(facts, True))
    assert not page.warning and not page.exception and not app.widget(page, "attack").disabled


def test_how_the_attacker_adapts_stands_among_its_rare_settings():
    page = set_value(playground(), "more.Attack", True)
    adapt = app.widget(page, "stages.0.adapt")
    assert (adapt.label, adapt.options) == ("Adapts to defences", ["no", "told", "estimated"])
    page = set_value(page, "stages.0.adapt", "estimated")
    assert app.held(page).recipe.stages[0].adapt == "estimated" and not page.warning
    assert any("Changed from the row" in said and "Adapts to defences" in said for said in app.shown(page))


def test_a_preset_ends_both():
    page = set_value(playground(small.inversion(Federation(clients=2))), ".view", "both")
    generation = page.session_state["playground.generation"]
    page = set_value(page, f"preset.{generation}", "aggregated-fails")
    assert app.widget(page, ".view").value == "aggregated"


def test_what_contradicts_itself_gets_its_sentence_before_any_attack():
    page = playground(small.inversion().changed(("scenario", "num_classes"), 2))
    (complaint,) = page.warning
    assert complaint.value.startswith("Classes: 2 are asked for and these photographs have")
    assert app.widget(page, "attack").disabled and app.widget(page, "again").disabled
    assert not app.widget(page, "reseed").disabled


def test_the_pages_keep_their_settings_apart():
    page = set_value(playground(), "federation.clients", 3)
    page = app.opened("landscape", of=page)
    assert app.held(page, "landscape") == catalogue.DEFAULT.experiment
    assert app.held(app.opened("playground", of=page)).scenario.federation.clients == 3


def test_one_survey_a_view():
    cut = Landscape(inversion=small.inversion(Federation(clients=2)), points=7)
    page = app.opened("landscape", x=to_link(cut.inversion))
    page = app.widget(set_value(set_value(page, "cut.points", 7), ".view", "both"), "survey").click().run()
    assert not page.exception and len(page.session_state["landscape.runs"]) == 2


def test_a_landscape_needs_a_search_and_says_so_before_it_starts():
    page = app.opened("landscape", x=to_link(Inversion(recipe=catalogue.recipe("rgap"))))
    assert not page.exception and app.widget(page, "survey").disabled
    assert [warning.value for warning in page.warning] == [
        "A landscape is cut through the loss of a search, and R-GAP solves equations: choose a recipe that searches."
    ]
    page = set_value(page, ".recipe", "idlg")
    assert not page.warning and not app.widget(page, "survey").disabled


def test_a_machine_without_a_gpu_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(held, "available", lambda: ("cpu",))
    assert "No CUDA GPU was found on this machine." in app.widget(playground(), "device.choice").help


def test_the_device_is_asked_for_with_the_run(monkeypatch: pytest.MonkeyPatch, services: Services):
    monkeypatch.setattr(held, "available", lambda: ("auto", "cpu", "cuda"))
    page = set_value(playground(), "device.choice", "cuda")
    app.widget(page, "attack").click().run()
    assert [run.device for run in services.store.runs()] == ["cuda"]
