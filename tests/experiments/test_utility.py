"""Utility: the federation learns for real, the same under the same seed, less under noise, and says what came of it."""

import math

import pytest
import torch
from torch import Tensor

from leaklab.evaluation.privacy import epsilon
from leaklab.experiments import learnt, utility
from leaklab.experiments.frame import Frame
from leaklab.experiments.scenario import Scenario
from leaklab.experiments.utility import UTILITIES, Utility
from leaklab.federation.partition import ByClass
from leaklab.federation.rounds import Federation
from leaklab.images.digits import Digits
from leaklab.images.faces import Faces
from leaklab.images.source import Photos, Source
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.defences import DPSGD, PRECODE, Clip, Defence, Dropout, GaussianNoise, Soteria
from leaklab.protocol.training import Pass, Schedule
from leaklab.settings import Refusal

SCHOOL = Schedule(epochs=2, batch_size=8, learning_rate=0.1)


def small(
    *defences: Defence, source: Source = Digits(), rounds: int = 2, seeds: int = 1, test: int = 60,  # noqa: B008
    schedule: Schedule = SCHOOL,
) -> Utility:  # fmt: skip
    federation = Federation(clients=2, images_per_client=16, rounds=rounds, schedule=schedule, defences=defences)
    network = NetworkChoice(name="mlp", normalise="mnist")
    scenario = Scenario(source=source, image_size=16, network=network, federation=federation)
    return Utility(scenario=scenario, seeds=seeds, test=test)


def alone() -> Utility:
    asked = small().changed(("scenario", "federation", "clients"), 1)
    return asked.changed(("scenario", "federation", "view"), "client")


def train(asked: Utility) -> list[Frame]:
    return list(asked.run("cpu"))


def test_a_frame_a_round_with_means_over_the_seeds():
    frames = train(small(rounds=3, seeds=2))
    assert [frame.scalars["round"] for frame in frames] == [1, 2, 3]
    assert [frame.final for frame in frames] == [False, False, True]
    assert [frame.scalars["progress"] for frame in frames] == pytest.approx([1 / 3, 2 / 3, 1])
    last = frames[-1]
    one, other = last.series["accuracy.0"], last.series["accuracy.1"]
    assert one != other and last.series["accuracy"] == pytest.approx(
        [(a + b) / 2 for a, b in zip(one, other, strict=True)]
    )
    assert all(len(row) == 3 for row in last.series.values())
    assert (last.scalars["accuracy"], last.scalars["loss"]) == (last.series["accuracy"][-1], last.series["loss"][-1])
    assert frames[0].series["loss"] == last.series["loss"][:1] and "epsilon" not in last.scalars


def test_the_same_seed_learns_the_same_and_another_something_else():
    asked = small(GaussianNoise(sigma=0.1))
    first, again, other = (train(one)[-1].series for one in (asked, asked, asked.changed(("seed",), 7)))
    assert first == again and first["loss"] != other["loss"]
    assert train(asked.changed(("seeds",), 2))[-1].series["accuracy.0"] == first["accuracy"]


def test_what_it_is_tested_on_is_never_trained_on(monkeypatch):
    trained: list[Tensor] = []
    play = Federation.played

    def spied(self, network, images, labels, **rest):
        trained.append(images)
        return play(self, network, images, labels, **rest)

    tested: list[Tensor] = []
    answer = Pass.logits

    def watched(self, weights, images):
        if len(images) == 60:
            tested.append(images)
        return answer(self, weights, images)

    monkeypatch.setattr(Federation, "played", spied)
    monkeypatch.setattr(Pass, "logits", watched)
    train(small(rounds=1))
    assert len(trained[0]) == 32 and len(tested) == 2
    apart = (tested[0].flatten(1)[:, None] - trained[0].flatten(1)).abs().amax(2)
    assert apart.min() > 0


def test_it_learns_without_a_defence_and_nothing_under_enough_noise():
    digits = UTILITIES["digits"].model_copy(update={"seeds": 1, "test": 300})
    quick = digits.changed(("scenario", "federation", "rounds"), 5)
    plain = train(quick)[-1]
    noise = [GaussianNoise(sigma=10).model_dump()]
    drowned = train(quick.changed(("scenario", "federation", "defences"), noise))[-1]
    assert plain.scalars["accuracy"] > 0.75 and plain.scalars["loss"] < plain.series["loss"][0]
    assert abs(drowned.scalars["accuracy"] - 0.1) < 0.1 and drowned.scalars["loss"] > 2


def test_a_network_that_has_learnt_nothing_guesses():
    still = small(rounds=1, test=500, schedule=Schedule(learning_rate=1e-5))
    assert abs(train(still)[-1].scalars["accuracy"] - 0.1) < 0.08


@pytest.mark.parametrize("defence", [PRECODE(size=8), Dropout(rate=0.5), Soteria(rate=0.5)], ids=lambda one: one.kind)
def test_it_is_tested_without_dice(defence: Defence, monkeypatch):
    met = []
    test = utility.tested

    def spied(forward, *rest, **more):
        met.append(forward)
        return test(forward, *rest, **more)

    monkeypatch.setattr(utility, "tested", spied)
    assert train(small(defence))[-1].final
    dice = [tensor for forward in met for name, tensor in forward.buffers.items() if name.endswith(("noise", "kept"))]
    assert all(len(tensor.unique()) == 1 for tensor in dice) and bool(dice) == (defence.kind != "soteria")


def test_faces_can_be_told_from_other_things():
    faces = UTILITIES["faces"].model_copy(update={"seeds": 1}).changed(("scenario", "federation", "rounds"), 8)
    assert train(faces)[-1].scalars["accuracy"] > 0.7


# What is promised


def test_epsilon_grows_with_the_rounds_as_the_accountant_says():
    frames = train(small(DPSGD(noise_multiplier=2)))
    said = [
        epsilon(noise_multiplier=2, sample_rate=8 / 16, steps=4 * rounds, delta=1e-5) for rounds in (1, 2)
    ]  # fmt: skip
    assert frames[-1].series["epsilon"] == pytest.approx(said) and frames[-1].scalars["epsilon"] == said[-1]
    assert f"; ε = {said[-1]:.3g} at δ = 1e-05." in frames[-1].note
    assert "noise multiplier σ = 2, sample rate q = 0.5, 8 steps" in frames[0].note


def test_a_client_is_promised_something_too_and_a_delta_that_is_no_promise_is_warned_of():
    asked = small(Clip(noise_multiplier=3)).model_copy(update={"delta": 0.5})
    asked = asked.changed(("scenario", "federation", "partition"), ByClass().model_dump())
    asked = asked.changed(("scenario", "federation", "view"), "aggregated")
    frames = train(asked)
    said = epsilon(noise_multiplier=3 * math.sqrt(2), sample_rate=1, steps=2, delta=0.5)
    assert frames[-1].scalars["epsilon"] == pytest.approx(said)
    assert "δ = 0.5 is not below 1/n with n = 2" in frames[0].note


def test_noise_alone_promises_nothing_and_that_is_said():
    frames = train(small(GaussianNoise(sigma=1)))
    assert "epsilon" not in frames[-1].series and "Gaussian noise gives no (ε, δ) guarantee" in frames[0].note


# Words


def test_the_last_frame_is_a_sentence():
    [note] = {frame.note for frame in train(small(seeds=2)) if frame.final}
    assert note.startswith("After 2 rounds the network is right on ") and "\n" not in note
    assert "over 2 seeds)" in note and note.endswith("where guessing would be right on 10.0%.")
    assert "over" not in train(small(rounds=1))[-1].note


def test_a_client_that_runs_away_ends_it_with_what_was_learnt_so_far():
    wild = Schedule(epochs=32, learning_rate=1)
    asked = small(GaussianNoise(sigma=10), rounds=20, schedule=wild)
    frames = train(asked)
    last = frames[-1]
    assert last.final and last.scalars["progress"] == 1 and last.scalars["round"] == len(frames) - 1 < 20
    assert last.note.startswith(f"Training ends in round {len(frames)}: Client 1 sends numbers that are not finite")
    assert f"The network is right on {last.scalars['accuracy']:.1%} of the test images" in last.note
    assert len(last.series["accuracy"]) == len(frames) - 1


def test_where_nothing_was_learnt_before_the_first_weights_are_what_there_is(monkeypatch):
    def refuse(*_, **__):
        raise Refusal("Client 1 sends numbers that are not finite.")
        yield

    monkeypatch.setattr(Federation, "played", refuse)
    [only] = train(small())
    assert only.final and only.scalars["round"] == 0 and 0 <= only.scalars["accuracy"] < 0.4
    assert only.series["accuracy"] == [] and only.note.endswith("as it was before any training.")


def test_answers_that_are_no_numbers_are_wrong(monkeypatch):
    monkeypatch.setattr(Pass, "logits", lambda self, weights, images: torch.full((len(images), 10), math.nan))
    monkeypatch.setattr(Federation, "after", lambda self, last: last.weights)
    asked = small(rounds=1)
    course = asked._course(1, torch.device("cpu"))
    untrained = next(course)
    assert untrained.accuracy == 0 and math.isnan(untrained.loss)


def test_the_loss_of_seeds_of_which_one_is_no_number_is_none():
    assert math.isnan(learnt._mean([1.0, math.inf])) and learnt._mean([1.0, 2.0]) == 1.5


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (small(source=Faces(), test=500), "532 images are needed.* Training takes 32 images and the test 500 others"),
        (small(source=Digits(indices=(1, 2))), "2 indices are given and 92 images are needed"),
        (small(source=Photos(), test=10).changed(("scenario", "federation", "images_per_client"), 8),
         "No class of the 10 test images is among those that the clients train on"),
        (alone(), "A client that looks needs other clients"),
        (small(DPSGD()).changed(("scenario", "network"), {"name": "resnet18", "batch_norm": "batch"}),
         "no photograph a gradient of its own: choose running statistics"),
    ],
)  # fmt: skip
def test_what_cannot_be_learnt_is_refused(asked: Utility, words: str):
    with pytest.raises(Refusal, match=words):
        train(asked)


def test_it_has_a_title_and_reads_back():
    asked = small(DPSGD(noise_multiplier=0.5))
    assert asked.title == "Learning with DP-SGD 0.5, MLP" and asked.source == Digits()
    assert Utility.read(asked.model_dump(mode="json")) == asked
    assert all(one.scenario.federation.images + one.test <= 1797 for one in (UTILITIES["digits"],))
