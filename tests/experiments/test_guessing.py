"""Guessing: the true learning rate and the true number bring the attacker's own photographs back best."""

import math
from functools import cache
from itertools import pairwise

import pytest
import torch

from leaklab.attacks.recipes import CURIOUS_CLIENT
from leaklab.experiments.frame import Frame
from leaklab.experiments.guessing import Guessing
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.scenario import Played, Scenario
from leaklab.federation.rounds import Federation
from leaklab.federation.secret import Secret
from leaklab.images.source import Photos
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.observation import ThreatModel
from leaklab.protocol.training import Schedule
from leaklab.runs import records
from leaklab.settings import Refusal, from_link, to_link
from tests.experiments import small

TRUE = 1e-2


def inversion(*, iterations: int, epochs: int = 1, network: str = "lenet", labels: bool = True) -> Inversion:
    federation = Federation(clients=2, images_per_client=2, schedule=Schedule(epochs=epochs, learning_rate=TRUE))
    whole = small.scenario(federation, source=Photos(), threat=ThreatModel(labels=labels))
    scenario = whole.model_copy(update={"network": NetworkChoice(name=network)})
    return Inversion(scenario=scenario, recipe=small.recipe(iterations=iterations, of=CURIOUS_CLIENT))


RATES = Guessing(inversion=inversion(iterations=20, epochs=2), rates=(1e-3, TRUE, 1e-1))
NUMBERS = Guessing(inversion=inversion(iterations=20), rates=(), numbers=(3, 4))
QUICK = Guessing(inversion=inversion(iterations=1), rates=(TRUE, 3e-2), numbers=(3, 4))


@cache
def frames(experiment: Guessing) -> list[Frame]:
    return list(experiment.run("cpu"))


@pytest.mark.parametrize("experiment", [RATES, NUMBERS], ids=["rates", "numbers"])
def test_every_frame_keeps_the_contract(experiment: Guessing):
    found = frames(experiment)
    total = len(experiment.rates or (0,)) * len(experiment.numbers or (0,))
    assert [frame.index for frame in found] == list(range(len(found)))
    assert all(before.seconds <= after.seconds for before, after in pairwise(found))
    progress = [frame.scalars["progress"] for frame in found]
    assert progress == sorted(progress) and progress[0] == 0 and progress[-1] == 1
    assert [frame.final for frame in found] == [False] * (len(found) - 1) + [True]
    for frame in found:
        rows = [frame.series[name] for name in ("guess.lr", "guess.images", "own", "all")]
        assert {len(row) for row in rows} == {int(frame.scalars["guesses_done"])}
    assert [frame.scalars["guesses_done"] for frame in found if "own.guess" in frame.pictures] == [*range(1, total + 1)]
    assert set(found[0].pictures) == {"own", "truth"} and found[0].pictures["own"].shape == (16, 2 * 16, 3)


def test_the_true_learning_rate_is_chosen():
    last = frames(RATES)[-1]
    assert last.series["guess.lr"] == [1e-3, TRUE, 1e-1] and last.series["guess.images"] == [4, 4, 4]
    assert last.scalars["chosen"] == 1 and "learning rate 0.01 " in last.note and "That is the truth." in last.note
    assert last.scalars["own"] > 3 + max(last.series["own"][0], last.series["own"][2])
    assert all(map(math.isfinite, last.series["all"])) and "label" not in last.note


def test_the_true_number_is_chosen_without_the_labels_that_would_tell_it():
    last = frames(NUMBERS)[-1]
    assert last.series["guess.images"] == [3, 4] and last.series["guess.lr"] == [TRUE, TRUE]
    assert last.scalars["chosen"] == 1 and "4 photographs" in last.note and "That is the truth." in last.note
    assert math.isnan(last.series["all"][0]) and math.isfinite(last.series["all"][1])
    assert "The labels are read from the update by iLRG: a list of them would tell how many there are." in last.note


def test_where_the_last_layer_has_no_bias_labels_are_read_from_its_weights():
    bare = Guessing(inversion=inversion(iterations=1, network="lenet5_rog"), rates=(), numbers=(4,))
    assert "by Geng's method:" in frames(bare)[-1].note


def test_rates_and_numbers_are_tried_together():
    last = frames(QUICK)[-1]
    assert last.series["guess.lr"] == [TRUE, TRUE, 3e-2, 3e-2] and last.series["guess.images"] == [3, 4, 3, 4]


def test_what_is_guessed_is_not_told_and_a_client_looks():
    both, rates = QUICK.untold.scenario, RATES.untold.scenario
    assert both.federation.view == rates.federation.view == "client"
    assert not (both.threat.learning_rate or both.threat.number or both.threat.labels)
    assert rates.threat.number and rates.threat.labels and not rates.threat.learning_rate
    assert NUMBERS.untold.scenario.threat.learning_rate


def test_another_truth_beside_the_same_observation_changes_neither_scores_nor_choice(monkeypatch: pytest.MonkeyPatch):
    honest, play = frames(QUICK)[-1], Scenario.play

    def swapped(self: Scenario, seed: int, *, device: torch.device, dtype: torch.dtype) -> Played:
        played = play(self, seed, device=device, dtype=dtype)
        others = [
            (seen, Secret(1 - secret.images, (secret.labels + 1) % 10, secret.client, secret.batches))
            for seen, secret in played.exchanges
        ]
        return Played(others, played.pictures, played.others, played.warnings)

    monkeypatch.setattr(Scenario, "play", swapped)
    other = frames.__wrapped__(QUICK)[-1]
    assert other.series["own"] == honest.series["own"] and other.scalars["chosen"] == honest.scalars["chosen"]
    assert other.series["all"][1] != honest.series["all"][1]


@pytest.mark.parametrize(("change", "words"), [
    ({"rates": ()}, "There is nothing to guess: give learning rates to try, or numbers of photographs"),
    ({"inversion": small.inversion(Federation(clients=1))}, "needs other clients"),
    ({"inversion": inversion(iterations=1, labels=False)}, "tick 'Labels are told'"),
    ({"numbers": (1,)}, "holds 2 of them itself. Try 2 or more"),
])  # fmt: skip
def test_what_cannot_be_guessed_is_refused(change: dict, words: str):
    with pytest.raises(Refusal, match=words):
        next(RATES.model_copy(update=change).run("cpu"))


def test_guesses_out_of_bounds_are_refused():
    with pytest.raises(Refusal, match="rates.1: Input should be greater than or equal to 0.00001"):
        Guessing.read({"rates": [0.1, 0]})
    with pytest.raises(Refusal, match="numbers.0: Input should be greater than or equal to 1"):
        Guessing.read({"numbers": [0]})


def test_it_has_a_name_travels_in_a_link_and_survives_the_store():
    assert RATES.title == "Curious client guessing the learning rate, LeNet" and RATES.source == Photos()
    assert QUICK.title == "Curious client guessing the learning rate and the number of photographs, LeNet"
    assert from_link(Guessing, to_link(QUICK)) == QUICK
    back = records.read(records.written(frames(NUMBERS)[-1]))
    assert back.note == frames(NUMBERS)[-1].note and math.isnan(back.series["all"][0])
