"""The choice of an attack: what a row rests on, every axis exchanged, priors added and taken away, and the way back."""

import pytest
from streamlit.testing.v1 import AppTest

from leaklab.attacks.labels import ALR
from leaklab.attacks.matching.distances import Cosine
from leaklab.attacks.matching.dummy_updates import AveragedGradient
from leaklab.attacks.matching.priors import GroupConsistency, Norm, Range, TotalVariation
from leaklab.attacks.matching.spaces import Untrained
from leaklab.attacks.recipe import Recipe
from leaklab.attacks.recipes import DLG
from leaklab.experiments import catalogue
from leaklab.settings import Settings, to_link
from leaklab.ui import recipes
from tests import app
from tests.experiments import small

pytestmark = pytest.mark.usefixtures("services")

STAGE = ("recipe", "stages", 0)


def playground(recipe: Recipe | None = None) -> AppTest:
    start = small.inversion()
    page = app.opened("playground", x=to_link(start.model_copy(update={"recipe": recipe}) if recipe else start))
    assert not page.exception and not page.error
    return page


def set_value(page: AppTest, ending: str, value: object) -> AppTest:
    page = app.widget(page, ending).set_value(value).run()
    assert not page.exception and not page.error
    return page


def keys(page: AppTest) -> list[str]:
    kinds = ("slider", "select_slider", "selectbox", "multiselect", "segmented_control", "toggle", "number_input")
    return [widget.key for kind in kinds for widget in page.get(kind)]


def test_recipes_that_search_the_same_stand_together():
    found = recipes.ordered()
    families = [recipes.family(catalogue.RECIPES[key]) for key in found]
    assert sorted(found) == sorted(catalogue.RECIPES)
    assert list(dict.fromkeys(families)) == [
        "pixels", "solved", "small pictures", "untrained", "generator", "diffusion",
    ]  # fmt: skip
    assert all(families.index(one) + families.count(one) > place for place, one in enumerate(families))
    assert app.widget(playground(), ".recipe").options[0] == "DLG · pixels"


def test_a_row_says_what_it_rests_on_and_which_side_it_takes():
    said = app.shown(playground(catalogue.recipe("ig")))
    row = catalogue.recipe("ig")
    assert row.story in said
    assert f"[Geiping et al. 2020](https://arxiv.org/abs/2003.14053). Choice: {row.choice}" in said
    assert "[Zhao et al. 2020](https://arxiv.org/abs/2001.02610)." in app.shown(playground(catalogue.recipe("idlg")))


@pytest.mark.parametrize("ending, value, path, part", [
    ("recipe.labels", "alr", ("recipe", "labels"), ALR()),
    ("dummy_update", "averaged_gradient", (*STAGE, "dummy_update"), AveragedGradient()),
    ("stages.0.distance", "cosine", (*STAGE, "distance"), Cosine()),
    ("stages.0.space", "untrained", (*STAGE, "space"), Untrained()),
])  # fmt: skip
def test_every_axis_can_be_exchanged(ending: str, value: str, path: tuple, part: Settings):
    page = set_value(set_value(playground(), "more.Attack", True), ending, value)
    assert app.held(page) == small.inversion().changed(path, part)
    assert app.widget(page, ending).value == value and page.query_params["x"] == to_link(app.held(page))


def test_all_ways_to_labels_are_offered():
    page = set_value(playground(), "more.Attack", True)
    assert {"iDLG", "ZLR", "LLG", "Bias-corrected", "ALR", "Geng's", "iLRG"} < set(
        app.widget(page, "recipe.labels").options
    )


def test_a_prior_is_added_with_a_weight_and_taken_away_again_and_the_others_keep_theirs():
    smooth = DLG.changed(("stages", 0, "priors"), [{"kind": "total_variation", "weight": 0.5, "rounding": 0.1}])
    page = set_value(playground(smooth), "more.Attack", True)
    page = set_value(page, ".priors", ["total_variation", "norm", "group_consistency"])
    kept = TotalVariation(weight=0.5, rounding=0.1)
    assert app.held(page).at((*STAGE, "priors")) == (kept, Norm(weight=1e-4), GroupConsistency(weight=1e-4))
    assert app.widget(page, "priors.1.weight").value == 1e-4
    page = set_value(page, "priors.1.weight", 0.1)
    page = set_value(page, ".priors", ["group_consistency", "norm"])
    assert app.held(page).at((*STAGE, "priors")) == (Norm(weight=0.1), GroupConsistency(weight=1e-4))
    page = set_value(page, ".priors", [])
    assert app.held(page).at((*STAGE, "priors")) == () and not [key for key in keys(page) if ".priors." in key]


def test_a_weight_of_nought_stays_when_another_prior_comes():
    page = set_value(set_value(playground(), "more.Attack", True), ".priors", ["total_variation", "range"])
    assert app.held(page).at((*STAGE, "priors")) == (TotalVariation(weight=0.0), Range(weight=1e-4))


@pytest.mark.parametrize("key, knobs", [("rgap", {"weigh"}), ("analytic", {"agreement", "compared"})])
def test_a_closed_form_shows_what_there_is_and_no_search(key: str, knobs: set[str]):
    page = playground(catalogue.recipe(key))
    assert any(said.startswith("Nothing is searched here") for said in app.shown(page))
    assert not [one for one in keys(page) if "stages" in one]
    page = set_value(page, "more.Attack", True)
    assert {one.rpartition(".")[2] for one in keys(page) if "stages" in one} == knobs
    assert not any(one.endswith(".priors") for one in keys(page))


def test_the_search_after_a_closed_form_has_the_main_knobs():
    page = playground(catalogue.recipe("rgap-polish"))
    assert {one.rpartition("stages.")[2] for one in keys(page) if "stages" in one} == {
        "1.iterations", "1.priors.0.weight",
    }  # fmt: skip
    page = set_value(page, "more.Attack", True)
    assert app.widget(page, "stages.0.weigh").label == "Stage 1: Trust steep units more"
    assert not [one for one in keys(page) if one.endswith((".restarts", ".scale", ".start", ".tile"))]
    page = set_value(page, ".priors", ["total_variation", "norm"])
    assert [prior.kind for prior in app.held(page).recipe.stages[1].priors] == ["total_variation", "norm"]


def test_a_change_is_named_and_taken_back_and_the_rest_stays():
    page = playground(catalogue.recipe("ig"))
    assert not any("Changed from the row" in said for said in app.shown(page))
    page = set_value(page, "federation.clients", 3)
    page = set_value(page, "stages.0.iterations", 100)
    assert ":material/edit: Changed from the row: Iterations." in app.shown(page)
    page = set_value(set_value(page, "network.name", "mlp"), "more.Attack", True)
    page = set_value(page, ".priors", [])
    assert ":material/edit: Changed from the row: Iterations, Priors." in app.shown(page)
    page = app.widget(page, "playground.back").click().run()
    held = app.held(page)
    assert held.recipe == catalogue.recipe("ig") and held.scenario.federation.clients == 3
    assert held.scenario.network.name == "mlp" and not any("Changed from" in said for said in app.shown(page))
    assert not page.exception and app.widget(page, "stages.0.iterations").value == 4800


def test_many_changes_are_counted():
    changed = catalogue.recipe("modern")
    for path, value in (
        (("labels",), {"kind": "llg"}), (("stages", 0, "distance"), {"kind": "l2"}), (("stages", 0, "restarts"), 3),
        (("stages", 0, "iterations"), 7), (("stages", 0, "space", "scale"), 0.5), (("stages", 0, "enough"), 0),
    ):  # fmt: skip
        changed = changed.changed(path, value)
    found = recipes.changes(changed, catalogue.recipe("modern"))
    assert found == ["Label recovery", "Distance", "Init scale", "Restarts", "Iterations", "Enough"]
    said = app.shown(playground(changed))
    assert f":material/edit: Changed from the row: {', '.join(found[:4])} and 2 more." in said


def test_a_row_is_not_changed_by_being_itself():
    assert all(recipes.changes(row, row) == [] for row in catalogue.RECIPES.values())
    assert recipes.changes(catalogue.recipe("rgap"), catalogue.recipe("rgap-polish")) == ["Priors", "Stages"]


def test_a_recipe_of_ones_own_is_kept_as_it_is():
    own = catalogue.recipe("ig").model_copy(update={"key": "mine", "name": "Mine"})
    page = playground(own)
    assert app.held(page).recipe == own and app.widget(page, ".recipe").value is None
    page = set_value(page, ".recipe", "dlg")
    assert app.held(page).recipe == catalogue.recipe("dlg")


def test_any_recipe_may_end_in_an_enhancement_and_be_rid_of_it_again():
    page = set_value(playground(), "more.Attack", True)
    page = set_value(page, ".enhancement", "ddrm")
    assert app.held(page, "playground").recipe.enhancement.kind == "ddrm"
    assert any("enhancement.sigma_y" in key for key in keys(page))
    page = set_value(page, ".enhancement", "none")
    assert app.held(page, "playground").recipe.enhancement is None


def test_a_generator_is_chosen_once_for_all_searches_of_it():
    page = playground(catalogue.recipe("gias"))
    page = set_value(page, "stages.0.space.generator", "untrained")
    found = app.held(page, "playground").recipe
    assert [stage.space.generator for stage in found.stages] == ["untrained", "untrained"]
    assert not any("stages.1.space.generator" in key for key in keys(set_value(page, "more.Attack", True)))


def test_choosing_a_generator_takes_numbers_of_half_the_length():
    page = playground()
    assert app.held(page, "playground").precision == "float64"
    page = set_value(page, ".recipe", "gias")
    assert app.held(page, "playground").precision == "float32"
