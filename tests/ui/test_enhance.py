"""The page Enhance: what it shows at once, its controls, the guess before the truth, and what can be kept."""

import pytest
from streamlit.testing.v1 import AppTest

from leaklab.attacks.enhancement import MaskedDiffusion
from leaklab.experiments.enhancing import Enhancing
from leaklab.experiments.enhancing_presets import ENHANCING_DEFAULT, ENHANCING_PRESETS
from leaklab.experiments.experiment import read
from leaklab.images.source import Uploads
from leaklab.protocol.observation import ThreatModel
from leaklab.runs.store import Store
from leaklab.settings import from_link, to_link
from leaklab.ui import words
from leaklab.ui.session import Services
from tests import app
from tests.experiments import small
from tests.ui import exhibiting

NOISE = ("inversion", "scenario", "federation", "defences", 0, "sigma")
TITLES = ["Raw", "Direct (DDRM)", "Semantic (diffusion)", "GAN (restoration)"]


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


pytestmark = pytest.mark.usefixtures("store")


def opened(experiment: Enhancing = Enhancing(), **address: str) -> AppTest:  # noqa: B008  frozen
    page = app.opened("enhance", x=to_link(experiment), **address)
    assert not page.exception and not page.error
    return page


def finished(store: Store) -> AppTest:
    page = app.opened("enhance", run=exhibiting.keep(store))
    assert not page.exception and not page.error and not page.warning
    return page


def html(page: AppTest, of: str) -> list[str]:
    return [element.proto.body for element in page.get("html") if f"leaklab-board {of}" in element.proto.body]


def test_something_is_made_at_once_and_whoever_comes_later_sees_the_same_run(store: Store):
    page = app.opened("enhance")
    assert not page.exception and not page.error and not page.warning
    assert [read(store.run(run.id).experiment) for run in store.runs()] == [ENHANCING_DEFAULT.experiment]
    assert app.opened("enhance").query_params["run"] == page.query_params["run"] and len(store.runs()) == 1
    assert [text for text in app.texts(page) if "LEAKLAB_WEIGHTS" in text] == [
        words.parts("enhance")["What is not included"]
    ]


def test_every_preset_is_put_into_the_controls_and_the_address():
    page = opened(exhibiting.SMALL)
    for preset in ENHANCING_PRESETS.values():
        page = app.widget(page, f"preset.{page.session_state['enhance.generation']}").set_value(preset.key).run()
        assert not page.exception and not page.error and not page.warning
        assert app.held(page, "enhance") == preset.experiment and preset.sentence in app.shown(page)
        assert from_link(Enhancing, page.query_params["x"]) == preset.experiment


@pytest.mark.parametrize(("ending", "path", "value"), [
    (".stages.0.iterations", ("inversion", "recipe", "stages", 0, "iterations"), 20),
    (".space.factor", ("inversion", "recipe", "stages", 0, "space", "factor"), 2),
    (".defences.0.sigma", NOISE, 1e-3),
    (".enhancers.0.factor", ("enhancers", 0, "factor"), 8),
    (".enhancers.0.sigma_y", ("enhancers", 0, "sigma_y"), 0.1),
    (".enhancers.1.epochs", ("enhancers", 1, "epochs"), 10),
    (".enhancers.2.mix", ("enhancers", 2, "mix"), 0.5),
    (".enhancers.0.eta", ("enhancers", 0, "eta"), 0.5),
    (".inversion.seed", ("inversion", "seed"), 9),
    (".scenario.image_size", ("inversion", "scenario", "image_size"), 48),
])  # fmt: skip
def test_a_change_reaches_the_experiment_and_the_address(ending, path, value):
    page = app.widget(opened(), ending).set_value(value).run()
    assert not page.exception and not page.error and app.held(page, "enhance") == Enhancing().changed(path, value)
    assert page.query_params["x"] == to_link(app.held(page, "enhance"))


def test_each_way_may_be_left_out_and_comes_back_to_its_place():
    page = app.widget(opened(), ".enhancers").set_value(["restoration", "masked_diffusion"]).run()
    assert list(app.held(page, "enhance").columns) == ["semantic", "gan"] and not page.exception
    page = app.widget(page, ".enhancers").set_value(["masked_diffusion", "restoration", "ddrm"]).run()
    assert app.held(page, "enhance") == Enhancing() and not page.exception
    page = app.widget(page, ".enhancers").set_value([]).run()
    assert app.held(page, "enhance").enhancers == () and not page.exception and not page.error


def test_a_press_asks_for_what_the_controls_show_and_a_new_seed_changes_nothing_else(store: Store):
    page = app.widget(opened(), ".enhancers.1.epochs").set_value(5).run()
    page = app.widget(page, "enhance.start").click().run()
    wanted = Enhancing().changed(("enhancers", 1, "epochs"), 5)
    assert [read(store.run(run.id).experiment) for run in store.runs()] == [wanted]
    page = app.widget(page, "reseed").click().run()
    seed = app.held(page, "enhance").inversion.seed
    assert seed != wanted.inversion.seed and app.held(page, "enhance") == wanted.changed(("inversion", "seed"), seed)


def test_what_the_attack_lacks_keeps_it_from_starting():
    page = opened(exhibiting.SMALL.model_copy(update={"inversion": small.inversion(threat=ThreatModel(number=False))}))
    assert "How many photographs" in page.warning[0].value and app.widget(page, "enhance.start").disabled


def test_ones_own_photographs_are_not_offered_here():
    assert "uploads" not in app.widget(opened(), ".scenario.source").options
    page = opened(Enhancing().changed(("inversion", "scenario", "source"), Uploads()))
    assert app.widget(page, ".scenario.source").value == "uploads"


def test_the_columns_are_shown_without_the_truth_and_the_question_stands_in_place_of_the_verdict(store: Store):
    page = finished(store)
    [board] = html(page, "exhibits")
    assert all(title in board for title in TITLES) and "The truth" not in board and "SSIM" not in board
    assert board.count("heat map: ") == 2
    assert page.info[0].value.startswith("Which of these pictures")
    assert {":material/block: **GAN (restoration)** Its weights are not here.", ":material/info: No LPIPS."} <= set(
        app.shown(page)
    )
    assert ":material/info: The round is small." in app.shown(page)


def test_whoever_guesses_first_is_told_how_good_the_guess_was(store: Store):
    page = app.widget(finished(store), ".guess").set_value("semantic").run()
    page = app.widget(page, ".truth").set_value(True).run()
    [board] = html(page, "exhibits")
    assert "The truth" in board and board.count("<dt>SSIM</dt>") == 3
    assert any("You guessed Semantic (diffusion); by SSIM it is Direct (DDRM)." in text for text in app.shown(page))
    assert page.info[0].value.startswith("By SSIM the direct way looks best")
    page = app.widget(page, ".heat").set_value("error").run()
    assert html(page, "exhibits")[0].count("heat map: ") == 3 and not page.exception


def test_the_strip_marks_the_attackers_choice(store: Store):
    [moments] = html(finished(store), "moments")
    assert moments.count("<img") == 2 and "✓ chosen" in moments and "SSIM" not in moments


@pytest.mark.parametrize(("most", "pictures", "moments"), [(0, 0, None), (1, 1, None), (2, 2, None), (3, 3, 1)])
def test_a_run_that_goes_on_is_shown_as_far_as_it_has_come(store: Store, most, pictures, moments):
    page = app.opened("enhance", run=exhibiting.keep(store, most=most))
    assert not page.exception and not page.error
    boards, strips = html(page, "exhibits"), html(page, "moments")
    assert [board.count(": the photographs as they look there") for board in boards] == [pictures] * bool(most)
    assert [strip.count("<img") for strip in strips] == ([moments] if moments else []) and "✓" not in "".join(strips)
    assert not page.get("download_button")
    if most > 1:
        assert any(bar.proto.text.startswith(f"Way {most - 1} of 3") for bar in page.get("progress"))


def test_it_can_be_taken_home(store: Store):
    page = finished(store)
    assert [button.label for button in page.get("download_button")] == ["Pictures (PNG)", "Numbers (JSON)"]
    link, commands = (code.value for code in page.code)
    assert link.endswith(f"?x={to_link(exhibiting.SMALL)}")
    assert [line.split("recipe.enhancement")[0] != line for line in commands.split("\n")] == [True] * 3
    assert all(line.startswith("leaklab run ") for line in commands.split("\n"))
    assert list(page.table[0].value) == ["", *TITLES[:3]]


def test_a_past_run_is_opened_with_its_settings_and_earlier_settings_are_said(store: Store):
    page = finished(store)
    assert app.held(page, "enhance") == exhibiting.SMALL
    page = app.widget(page, "reseed").click().run()
    assert any("came of earlier settings" in text for text in app.shown(page))


def test_the_gallery_opens_it_here_and_shows_the_private_and_the_raw_pictures(store: Store):
    run_id = exhibiting.keep(store)
    page = app.opened("runs")
    (link,) = [link for link in page.get("page_link") if "run=" in link.proto.query_string]
    assert link.proto.page == "enhance" and link.proto.query_string == f"run={run_id}"
    assert app.thumbnails(page)[0].count("<img") == 2 and app.widget(page, f"pin.{run_id}").disabled
    page = app.opened("labels", run=run_id)
    assert f"Run {run_id} is of another kind" in page.warning[0].value and not page.exception


def test_a_link_keeps_a_way_of_ones_own():
    mine = Enhancing(enhancers=(MaskedDiffusion(conditional=False, epochs=7, believed=0.2),))
    assert app.held(opened(mine), "enhance") == mine
