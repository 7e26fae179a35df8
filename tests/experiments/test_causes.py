"""Why an attack likely failed: the first cause named of failures whose reason is known, and a setting without it."""

import math
from collections.abc import Mapping

import pytest

from leaklab.experiments.catalogue import PRESETS, tuned
from leaklab.experiments.causes import Cause, causes
from leaklab.experiments.frame import Frame
from leaklab.experiments.inversion import Inversion
from leaklab.federation.rounds import Federation
from leaklab.images.source import Photos
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.defences import Sign, TopK
from leaklab.protocol.observation import ThreatModel
from leaklab.protocol.training import Schedule
from tests.experiments import small

NEEDS_RESTARTS = PRESETS["needs-restarts"].experiment
SCENARIO = ("scenario",)
FEDERATION = ("scenario", "federation")


def frames(
    losses: Mapping[int, float], *, photographs: int = 1, psnr: float = 6.0, labels: list[float] | None = None,
    found: list[float] | None = None, restarts: list[float] | None = None, attacks: list[float] | None = None,
    ended: str = "used up", length: float = 20.0, numbers: float = 35_820, series: dict | None = None,
) -> list[Frame]:  # fmt: skip
    """Return a finished run that says so much of itself."""
    true = labels or [float(number) for number in range(photographs)]
    last = {
        "psnr": [psnr] * photographs, "label_true": true, "label_recovered": found or true,
        "attack": attacks or [0.0] * photographs, "losses.0": restarts or [list(losses.values())[-1]],
        "baseline.noise": [8.0] * photographs, "baseline.best grey": [11.0] * photographs,
    }  # fmt: skip
    told = [Frame(at, 0.1 * at, {"iteration": at, "loss": loss}) for at, loss in losses.items()]
    scalars = told[-1].scalars | {"sent.length": length, "sent.numbers": numbers, f"ended.{ended}": 1.0}
    return [*told, Frame(1000, 9.0, scalars, last | (series or {}), final=True)]


# Losses and lengths as they came out of runs of these presets.
SLOW = {0: 522.0, 100: 14.8, 200: 9.16, 250: 8.2, 300: 7.48}
FITTED = {0: 179.0, 100: 0.0472, 200: 0.0166, 250: 0.0118, 300: 0.0089}
FLAT = {0: 830.0, 10: 340.0, 40: 335.0, 60: 334.0}
DECAYED = {0: 0.143, 10: 0.0808, 14: 0.079, 20: 0.0801}
TOGETHER = {0: 6.35e-5, 20: 1.53e-6, 40: 5.86e-7, 60: 5.25e-7}


def first(inversion: Inversion, run: list[Frame]) -> Cause:
    found = causes(inversion, run)
    assert found and len({cause.key for cause in found}) == len(found)
    assert all(cause.without != inversion for cause in found)
    return found[0]


def test_aggregated_fails_by_the_average():
    cause = first(PRESETS["aggregated-fails"].experiment, frames(FITTED, photographs=3))
    assert cause.key == "averaged" and cause.facts == {"clients": 3, "photographs": 3}
    assert cause.without.scenario.federation.view == "per-client"


def test_noise_wins_by_its_noise_with_its_length_against_the_gradients():
    cause = first(PRESETS["noise-wins"].experiment, frames(FLAT, length=30.75))
    assert cause.key == "noise"
    assert cause.facts["noise"] == pytest.approx(0.1 * math.sqrt(35_820))
    assert cause.facts["signal"] == pytest.approx(24.24, abs=0.01)
    assert [defence.sigma for defence in cause.without.scenario.federation.defences] == [0]
    drowned = first(PRESETS["noise-wins"].experiment, frames(FLAT, length=20.0))
    assert drowned.key == "drowned" and drowned.facts["noise"] > drowned.facts["signal"]


def test_a_deep_network_fails_by_its_relus_and_next_by_too_few_iterations():
    inversion = PRESETS["deep-network"].experiment
    network, hurried, *_ = causes(inversion, frames(DECAYED, numbers=11_187_300))
    assert network.key == "network" and "ReLUs" in network.facts["kinks"] and network.facts["title"] == "ResNet18"
    assert network.without.scenario.network == NetworkChoice()
    assert hurried.key == "hurried" and "4,800" in hurried.facts["pace"]
    assert hurried.without.recipe.iterations == 4 * inversion.recipe.iterations


def test_thirty_two_of_ten_classes_fail_by_their_labels():
    labels = [float(number % 10) for number in range(32)]
    inversion = PRESETS["thirty-two-repeated"].experiment
    cause = first(inversion, frames(TOGETHER, photographs=32, labels=labels, numbers=2_904_420))
    assert cause.key == "repeated" and cause.facts == {"repeated": 32, "photographs": 32}
    assert cause.without.scenario.source == Photos() and cause.without.scenario.classes == 100


def test_one_start_of_a_run_that_needs_several_is_a_bad_start():
    inversion = NEEDS_RESTARTS.changed(("recipe", "stages", 0, "restarts"), 1)
    cause = first(inversion, frames(SLOW))
    assert cause.key == "start" and cause.facts["spread"] == "There was a single start."
    assert cause.without == NEEDS_RESTARTS.changed(("recipe", "stages", 0, "restarts"), 4)


def test_a_search_that_was_cut_short_needs_iterations():
    inversion = PRESETS["easy-leak"].experiment.changed(("recipe", "stages", 0, "iterations"), 20)
    cause = first(inversion, frames({0: 800.0, 14: 100.0, 20: 9.0}, restarts=[9.0, 12.0]))
    assert cause.key == "hurried" and "fell to 9%" in cause.facts["pace"]
    assert cause.without.recipe.iterations == 80


def test_starts_that_ended_far_apart_speak_for_luck():
    four = NEEDS_RESTARTS.changed(("recipe", "stages", 0, "restarts"), 4)
    four = four.changed(("recipe", "stages", 0, "iterations"), 300)  # as published: nobody was in a hurry
    found = causes(four, frames(SLOW, restarts=[7.4, 40.0, 90.0, 120.0]))
    assert found[0].key == "start" and "4 starts ended between 7.4 and 1.2e+02" in found[0].facts["spread"]
    assert found[0].without.recipe.stages[0].restarts == 16
    assert not causes(four, frames(SLOW, restarts=[7.4, 7.5, 8.0, 8.1]))  # nothing speaks for anything


def changed(**federation: object) -> Inversion:
    return small.inversion(Federation(**federation))


@pytest.mark.parametrize(
    ("inversion", "key"),
    [
        (changed(clients=2, secure_aggregation=True), "masked"),
        (changed(step_first=True), "stepped"),
        (changed(clients=2, view="aggregated", normalise=True), "normalised"),
        (changed(defences=(Sign(),)), "defence"),
        (changed(defences=(TopK(left_out=0.9),)), "defence"),
        (changed(schedule=Schedule(epochs=4)), "steps"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)  # fmt: skip
def test_what_was_set_wrong_is_named_and_taken_away(inversion: Inversion, key: str):
    count = inversion.scenario.federation.images
    cause = first(inversion, frames(SLOW, photographs=count))
    assert cause.key == key and cause.without is not None
    rest = [other.key for other in causes(cause.without, frames(SLOW, photographs=count))]
    assert key not in rest


def test_defences_that_do_nothing_are_not_blamed():
    assert "defence" not in [c.key for c in causes(changed(defences=(TopK(left_out=0),)), frames(SLOW))]


def test_a_wrong_label_comes_before_the_start_where_the_search_could_not_leave_it():
    inversion = small.inversion(iterations=300)
    assert [c.key for c in causes(inversion, frames(SLOW, found=[3.0]))] == ["start", "unlabelled"]
    read = inversion.changed(("recipe",), tuned(PRESETS["deep-network"].experiment.recipe, iterations=4000))
    found = causes(read, frames(SLOW, found=[3.0]))
    assert [cause.key for cause in found] == ["mislabelled", "start"]
    assert found[0].without.scenario.threat == ThreatModel(labels=True)


def test_a_gradient_with_fewer_numbers_than_pixels_is_crowded():
    cause = first(changed(images_per_client=2), frames(SLOW, photographs=2, numbers=1000))
    assert cause.key == "crowded" and cause.facts == {"numbers": 1000, "unknowns": 2 * 3 * 256}
    assert cause.without.scenario.federation.images == 1


def test_equations_that_leave_something_open_are_the_cause_of_a_closed_form():
    inversion = PRESETS["no-search"].experiment.changed((*SCENARIO, "network", "name"), "lenet5")
    solved = {"solve.conv1": [300.0, 200.0, 200.0, 1.0, 0.0], "solve.conv2": [9.0, 9.0, 9.0, 1.0, 0.0]}
    [cause] = causes(inversion, frames({0: 1.0, 1: 1.0}, ended="solved", series=solved))
    assert cause.key == "singular" and cause.facts == {"layer": "conv1", "rank": 200, "unknowns": 300}
    assert cause.without.scenario.network.name == "cnn6"


def test_a_search_that_ran_away_says_so():
    run = frames({0: 1.0, 1: math.inf}, ended="diverged", restarts=[math.inf])
    assert first(small.inversion(), run).key == "diverged"


def test_nothing_is_said_of_what_came_back_or_is_not_over():
    assert causes(small.inversion(), frames(SLOW, psnr=40.0)) == []
    assert causes(small.inversion(), frames(SLOW)[:-1]) == [] and causes(small.inversion(), []) == []


def test_a_setting_that_cannot_be_carried_out_is_not_offered():
    inversion = PRESETS["thirty-two-repeated"].experiment.changed((*FEDERATION, "images_per_client"), 64)
    inversion = inversion.changed((*FEDERATION, "clients"), 2)  # 128 photographs, and the album has fewer
    labels = [float(number % 10) for number in range(128)]
    cause = first(inversion, frames(TOGETHER, photographs=128, labels=labels))
    assert cause.key == "repeated" and cause.without is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("preset", "path", "value", "key"),
    [
        ("aggregated-fails", ("recipe", "stages", 0, "iterations"), 34, "averaged"),
        ("noise-wins", ("recipe", "stages", 0, "iterations"), 30, "noise"),
        ("deep-network", ("recipe", "stages", 0, "iterations"), 20, "network"),
        ("thirty-two-repeated", ("recipe", "stages", 0, "iterations"), 60, "repeated"),
        ("needs-restarts", ("recipe", "stages", 0, "restarts"), 1, "start"),
    ],
)
def test_the_first_cause_of_a_real_failure_is_the_right_one(preset: str, path: tuple, value: int, key: str):
    inversion = PRESETS[preset].experiment.changed(path, value)
    assert first(inversion, list(inversion.run("cpu"))).key == key
