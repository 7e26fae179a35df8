"""GIML on a tiny generator: it sees gradients alone, follows what it finds, goes on bit for bit, and ships a DCGAN."""

import io

import pytest
import torch

from leaklab.attacks.generative.training.giml import GIML, Learner
from leaklab.attacks.matching.spaces.brought import adopted
from leaklab.protocol.observation import Observation
from leaklab.settings import Refusal
from tests import scene
from tests.attacks.generative.training.learning import same
from tests.scene import dice

SMALL = GIML(width=8, latent_steps=3, weight_steps=3)
SHAPE = (1, 8, 8)


def fresh(settings: GIML = SMALL, seed: int = 1) -> Learner:
    return settings.begin(SHAPE, seed)


def task(number: int, count: int = 2) -> list[Observation]:
    """Return what clients send of one image each."""
    images = torch.rand(count, *SHAPE, generator=dice(number))
    network = scene.network(side=8)
    return [
        scene.Scene(network, images[place : place + 1], torch.tensor([place % scene.CLASSES])).observation(scene.TOLD)
        for place in range(count)
    ]


def test_it_goes_on_bit_for_bit():
    whole, file = fresh(), io.BytesIO()
    whole.learn(task(0))
    torch.save(whole.state(), file)
    file.seek(0)
    again = fresh()
    again.load(torch.load(file, weights_only=True))
    assert whole.learn(task(1)) == again.learn(task(1))
    assert torch.equal(whole.samples(3), again.samples(3)) and same(whole.weights(), again.weights())


def test_before_any_task_it_is_the_untrained_generator_of_its_seed():
    learner = fresh()
    assert torch.equal(learner.samples(3), fresh().samples(3)) and not torch.equal(
        learner.samples(3), fresh(seed=2).samples(3)
    )
    assert adopted(learner.weights()).generator == learner._brought.generator


def test_what_ships_draws_what_it_shows():
    learner = fresh()
    learner.learn(task(0))
    shipped = adopted(learner.weights())
    noise = torch.randn(3, shipped.generator.latent, generator=dice(4))
    torch.testing.assert_close(shipped.pictures(noise), learner._brought.pictures(noise, learner._shift.detach()))


def test_a_task_moves_every_weight_that_the_attacks_have_bent_towards_where_they_ended():
    learner = fresh(GIML(width=8, latent_steps=1, weight_steps=5, learning_rate=1e-3))
    bent, _ = learner._attack(task(0)[0])
    moved = fresh(GIML(width=8, latent_steps=1, weight_steps=5, learning_rate=1e-3))
    moved.learn(task(0)[:1])
    shift = moved._shift.detach()
    clear = bent.abs() > 1e-5
    assert clear.any() and torch.equal(shift.sign()[clear], bent.sign()[clear])
    assert shift.abs().max() <= 1.001e-3  # Adam's first step is as long as its rate


def test_later_tasks_begin_where_earlier_ones_have_led():
    learner = fresh()
    learner.learn(task(0))
    before = learner._shift.detach().clone()
    bent, _ = learner._attack(task(1)[0])
    assert (bent - before).norm() < bent.norm() and (bent - before).norm() > 0


def test_pictures_of_other_sizes_are_refused():
    with pytest.raises(Refusal, match="squares of 4, 8, 16, 32, 64 pixels a side, and the images have 12x12"):
        SMALL.begin((1, 12, 12), 1)
