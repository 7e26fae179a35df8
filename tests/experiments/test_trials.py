"""Trials: the attacker chooses by its own photographs alone, and the truth is told only afterwards."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from leaklab.experiments.referee import tiles
from leaklab.experiments.scenario import Played
from leaklab.experiments.trials import Trials
from leaklab.federation.rounds import Federation
from leaklab.images.source import Pictures
from leaklab.protocol.observation import Observation, ThreatModel
from leaklab.protocol.training import Schedule
from tests.scene import CLASSES, dice, scene

RATE = 0.5
WHOLE = scene(2)


def played() -> Played:
    federation = Federation(clients=2, view="client", schedule=Schedule(learning_rate=RATE))
    exchanges = federation.play(
        WHOLE.network, WHOLE.images, WHOLE.labels, num_classes=CLASSES, threat=ThreatModel(), generator=dice()
    )
    pictures = Pictures(WHOLE.images.float(), WHOLE.labels, tuple(map(str, range(CLASSES))), ("one", "other"))
    return Played(exchanges, pictures, torch.rand(3, 1, 16, 16, generator=dice(9)), ())


def assumed(rate: float = RATE, images: int = 2) -> Observation:
    return replace(played().exchanges[0][0], learning_rate=rate, num_images=images)


def guess(own: float, other: float) -> torch.Tensor:
    """Return a guess that is off by one error in the attacker's photograph and by another in the other one."""
    errors = torch.tensor([own, other]).view(2, 1, 1, 1)
    images = WHOLE.images.float()
    return torch.where(images < 0.5, images + errors, images - errors)


def test_the_choice_is_by_the_own_photographs_however_the_others_fare():
    trials = Trials(played(), RATE, 2)
    trials.take(assumed(0.1), guess(own=0.01, other=0.4))
    trials.take(assumed(), guess(own=0.1, other=0.001))
    last = trials.frame(final=True)
    assert last.series["own"] == pytest.approx([40, 20], abs=1e-3)
    assert last.series["all"][1] > last.series["all"][0] + 10
    assert last.scalars["chosen"] == 0 and last.scalars["own"] == pytest.approx(40, abs=1e-3)
    assert last.series["guess.lr"] == [0.1, RATE] and last.series["guess.images"] == [2, 2]
    assert (last.scalars["true.lr"], last.scalars["true.images"]) == (RATE, 2)


@pytest.mark.parametrize(("guesses", "words"), [
    ([(RATE, 0.01), (0.1, 0.1)], [
        "Chosen: learning rate 0.5 and 2 photographs, where the attacker's own photographs come back with 40.0 dB; "
        "the next best guess reaches 20.0 dB. That is the truth."
    ]),
    ([(RATE, 0.1), (0.1, 0.01)], [
        "Chosen: learning rate 0.1 ", "The truth is learning rate 0.5 and 2 photographs, which reached 20.0 dB."
    ]),
    ([(RATE, 0.1), (0.1, 0.0999)], ["; the next best guess reaches 20.0 dB, so near that luck may have chosen. The"]),
    ([(0.1, 0.1)], ["with 20.0 dB. The truth, learning rate 0.5 and 2 photographs, was not among the guesses."]),
])  # fmt: skip
def test_the_verdict_names_the_choice_how_clear_it_is_and_the_truth(guesses: list, words: list[str]):
    trials = Trials(played(), RATE, len(guesses))
    for rate, error in guesses:
        trials.take(assumed(rate), guess(error, error))
    assert all(part in trials.verdict for part in words)
    assert ("next best" in trials.verdict) == (len(guesses) > 1)


def test_everybody_is_scored_only_where_the_number_is_right():
    trials = Trials(played(), RATE, 3)
    three = torch.cat([guess(0.1, 0.1), torch.zeros(1, 1, 16, 16)])
    trials.take(assumed(images=3), three)
    trials.take(assumed(images=1), None)  # could not be tried
    trials.take(assumed(), guess(0.2, 0.2))
    last = trials.frame(final=True)
    assert math.isnan(last.series["all"][0]) and last.series["all"][2] == pytest.approx(14, abs=0.1)
    assert math.isnan(last.series["own"][1]) and last.scalars["chosen"] == 0
    assert "learning rate 0.5 and 3 photographs" in trials.verdict and "14.0 dB" in trials.verdict


def test_pictures_come_once_and_progress_counts_the_present_guess():
    trials = Trials(played(), RATE, 2)
    first = trials.frame(["Beware.", ""])
    assert first.note == "Beware." and first.scalars["progress"] == 0 and first.index == 0
    assert np.array_equal(first.pictures["own"], tiles(WHOLE.images[:1].float()))
    assert np.array_equal(first.pictures["truth"], tiles(WHOLE.images.float()))
    assert trials.frame(share=0.5).scalars["progress"] == 0.25 and trials.frame().pictures == {}
    shuffled = guess(0.1, 0.1).flip(0)
    trials.take(assumed(), shuffled)
    frame = trials.frame()
    assert np.array_equal(frame.pictures["own.guess"], tiles(shuffled[1:])) and frame.index == 3
    assert frame.scalars["progress"] == 0.5 and not trials.complete
