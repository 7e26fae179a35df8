"""Rounds under defences: all else stays the same, dice are rolled anew, and layers of a defence are everybody's."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from leaklab.federation.rounds import Exchange, Federation
from leaklab.networks.layers import BatchNorm
from leaklab.protocol.defences import (
    DPSGD,
    PRECODE,
    QSGD,
    Clip,
    Defence,
    Dropout,
    GaussianNoise,
    InstaHide,
    LaplaceNoise,
    Mixup,
    RandomK,
    Sign,
    Soteria,
    TopK,
    Uniform,
)
from leaklab.protocol.layers import Bottleneck
from leaklab.protocol.observation import ThreatModel
from leaklab.protocol.training import Schedule
from leaklab.protocol.updates import Update, flatten, norm
from leaklab.settings import Refusal
from tests.scene import CLASSES, dice, scene

STEPS = Schedule(epochs=2, batch_size=1, learning_rate=0.5)
SLOW = Schedule(epochs=2, batch_size=1, learning_rate=0.01)
EVERY = (
    GaussianNoise(sigma=0.1), LaplaceNoise(sigma=0.1), Clip(noise_multiplier=1), DPSGD(), TopK(), RandomK(), QSGD(),
    Uniform(), Sign(), Soteria(), PRECODE(size=4), Dropout(), Mixup(mixed=2), InstaHide(),
)  # fmt: skip
each = pytest.mark.parametrize("defence", EVERY, ids=lambda one: one.kind)


def play(federation: Federation) -> list[Exchange]:
    return scene(5).play(federation, ThreatModel(), seed=5)


def same(one: Update, other: Update, tolerance: float = 0) -> bool:
    return one.keys() == other.keys() and torch.allclose(flatten(one), flatten(other), rtol=0, atol=tolerance)


@each
def test_with_and_without_a_defence_all_else_is_the_same(defence: Defence):
    schedule = Schedule(epochs=2, batch_size=2, learning_rate=0.1)
    federation = Federation(clients=2, images_per_client=3, schedule=schedule, rounds=2, defences=())
    for (plain, one), (defended, other) in zip(
        play(federation), play(federation.model_copy(update={"defences": (defence,)})), strict=True
    ):
        assert one.batches == other.batches and torch.equal(one.images, other.images)
        assert flatten(defended.update).isfinite().all() and defended.update.keys() == defended.weights.keys()
        assert not torch.equal(plain.update["conv.weight"], defended.update["conv.weight"])


@each
def test_defences_play_the_same_round_from_the_same_dice(defence: Defence):
    federation = Federation(clients=2, images_per_client=3, schedule=SLOW, defences=(defence,))
    [(one, _), _], [(again, _), _] = play(federation), play(federation)
    assert same(one.update, again.update) and same(one.weights, again.weights)


def test_dice_of_defences_do_not_repeat_what_the_same_seed_draws_elsewhere():
    [(plain, _)], [(noised, _)] = play(Federation(defences=())), play(Federation(defences=(GaussianNoise(sigma=1),)))
    noise = flatten(noised.update) - flatten(plain.update)
    for dtype in (torch.float32, torch.float64):
        drawn = torch.randn(len(noise), generator=dice(5), dtype=dtype).double()
        assert abs(torch.corrcoef(torch.stack([noise, drawn]))[0, 1]) < 0.1
    [(grown, _)] = play(Federation(defences=(PRECODE(size=4),)))
    encoder = grown.weights["linear.encoder.weight"].flatten()
    drawn = torch.rand(len(encoder), generator=dice(5)).double()
    assert abs(torch.corrcoef(torch.stack([encoder, drawn]))[0, 1]) < 0.1


def test_every_client_and_every_round_rolls_dice_of_its_own():
    federation = Federation(clients=2, rounds=2, defences=(RandomK(left_out=0.5),))
    five = scene(5)
    rounds = federation.played(five.network, five.images, five.labels, num_classes=CLASSES, generator=dice(5))
    masks = [(update["linear.weight"] != 0).flatten() for one in rounds for update in one.sent]
    assert len(masks) == 4 and len({tuple(mask.tolist()) for mask in masks}) == 4


def test_every_clients_update_is_clipped_before_it_is_averaged():
    federation = Federation(clients=2, schedule=STEPS, defences=(Clip(bound=0.1),))
    clipped = play(federation)
    assert all(abs(norm(observation.update) - 0.1) < 1e-9 for observation, _ in clipped)
    [(average, _)] = play(federation.changed(("view",), "aggregated"))
    assert norm(average.update) < 0.1


@pytest.mark.parametrize("view", ["per-client", "aggregated", "client"])
def test_the_network_with_a_defences_layers_is_what_everybody_sees(view: str):
    for observation, _ in play(Federation(clients=2, view=view, defences=(PRECODE(size=4), Dropout()))):
        assert isinstance(observation.network.linear, Bottleneck) and observation.network.linear.encoder.weight.is_meta
        assert set(observation.update) == set(observation.weights) == {
            "conv.weight", "conv.bias", "linear.encoder.weight", "linear.encoder.bias", "linear.decoder.weight",
            "linear.decoder.bias", "linear.head.head.weight", "linear.head.head.bias",
        }  # fmt: skip
        # What the attacker gets of the dice is that there are some.
        assert torch.equal(observation.buffers["linear.noise"], torch.zeros(1, 4).double())
        assert (observation.buffers["linear.head.kept"] == 1).all()
        assert observation.forward.logits(observation.weights, scene(2).images).shape == (2, CLASSES)


def test_rounds_go_on_from_where_the_last_one_led_with_layers_of_a_defence_too():
    five = scene(5)
    federation = Federation(clients=2, rounds=3, schedule=SLOW, defences=(PRECODE(size=4), Clip(bound=0.5)))
    network = federation.trained_network(five.network, dice(5))
    rounds = list(federation.played(network, five.images, five.labels, num_classes=CLASSES, generator=dice(5)))
    assert len(rounds) == 3
    for before, after in zip(rounds, rounds[1:], strict=False):
        average = {name: (3 * before.sent[0][name] + 2 * before.sent[1][name]) / 5 for name in before.weights}
        expected = {name: before.weights[name] - SLOW.learning_rate * average[name] for name in average}
        assert same(after.weights, expected, 1e-12) and same(federation.after(before), after.weights)
    (observation, _), _ = federation.play(
        five.network, five.images, five.labels, num_classes=CLASSES, threat=ThreatModel(), generator=dice(5)
    )
    assert same(observation.weights, rounds[-1].weights) and same(observation.update, rounds[-1].sent[0])


@pytest.mark.parametrize("defence", [Clip(bound=0.1, noise_multiplier=1), PRECODE(size=4), QSGD(), TopK()])
def test_behind_masks_the_average_of_defended_updates_is_exact(defence: Defence):
    federation = Federation(clients=3, view="aggregated", schedule=SLOW, defences=(defence,))
    [(plain, _)], [(masked, _)] = play(federation), play(federation.changed(("secure_aggregation",), True))
    assert same(plain.update, masked.update, 1e-11) and norm(plain.update) > 0
    (alone, _), *_ = play(federation.model_copy(update={"view": "per-client", "secure_aggregation": True}))
    assert norm(alone.update) > 1000 * norm(plain.update)


def test_what_a_defence_cannot_work_with_is_refused_before_anybody_trains():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), BatchNorm(2, "batch"), nn.Flatten(), nn.Linear(392, CLASSES)).double()
    five = scene(5)
    with pytest.raises(Refusal, match="DP-SGD clips the gradient of every photograph on its own"):
        replace(five, network=network).play(Federation(defences=(DPSGD(),)))
    with pytest.raises(Refusal, match="Mixing needs two photographs"):
        play(Federation(clients=5, defences=(Mixup(),)))


def test_training_that_ran_away_does_not_hide_behind_signs():
    five = scene(5)
    endless = replace(five, images=five.images * torch.inf)
    with pytest.raises(Refusal, match="sends numbers that are not finite"):
        endless.play(Federation(defences=(Sign(scale="one"),)))
