"""The restorer's training: it learns to repair, listens to the critic when told to, and goes on bit for bit."""

import pytest
import torch
from torch.nn import functional

from leaklab.attacks.generative.restoration import Restorer
from leaklab.attacks.generative.training.restoration import Critic, RestorationTrainee, RestorationTraining
from leaklab.settings import Refusal
from tests.attacks.generative.training.learning import CLASSES, SHAPE, batch, goes_on, same
from tests.scene import dice

SMALL = RestorationTraining(width=16, alone=1)


def fresh(settings: RestorationTraining = SMALL, seed: int = 1) -> RestorationTrainee:
    return settings.start(SHAPE, CLASSES, seed)


def test_it_goes_on_bit_for_bit_with_its_critic():
    assert goes_on(fresh)


def test_the_same_seed_starts_the_same_networks():
    assert same(fresh().weights(), fresh().weights()) and not same(fresh().weights(), fresh(seed=2).weights())


def test_it_learns_to_come_nearer_than_the_spoilt_picture():
    trainee = fresh(RestorationTraining(width=16, alone=1000, learning_rate=1e-3))
    # Soft pictures, so that a little network has something to find out.
    corners = [torch.rand(16, 3, 2, 2, generator=dice(number)) for number in range(4)]
    soft = [functional.interpolate(part, size=SHAPE[1:], mode="bilinear") for part in corners]
    losses = [trainee.step(soft[number % 4], batch(number, 16)[1]) for number in range(80)]
    assert sum(loss["distance"] for loss in losses[-20:]) < 0.93 * sum(loss["spoilt"] for loss in losses[-20:])


def test_the_critic_is_listened_to_after_so_many_steps():
    trainee = fresh()
    assert "critic" not in trainee.step(*batch(0)) and "critic" in trainee.step(*batch(1))


def test_the_critic_moves_the_restorer():
    told, deaf = (fresh(RestorationTraining(width=16, alone=0, adversarial=weight)) for weight in (1, 0))
    for trainee in (told, deaf):
        trainee.step(*batch(0))
        trainee.step(*batch(1))
    assert not same(told.weights(), deaf.weights())


def test_the_critic_scores_patches_by_class():
    critic = Critic(3, CLASSES, 16)
    images = batch(0)[0]
    scores = [critic.eval()(images, torch.full((6,), label)) for label in (0, 1)]
    assert scores[0].shape == (6, 1, 2, 2) and not torch.equal(*scores)


def test_samples_show_photographs_spoilt_and_repaired_in_turn():
    trainee = fresh()
    assert trainee.samples(3).unique().tolist() == [0.5]
    trainee.step(*batch(0))
    samples = trainee.samples(4)
    assert samples.shape == (4, *SHAPE) and torch.equal(samples, trainee.samples(4))


def test_weights_are_those_of_a_restorer_of_the_size_the_card_tells():
    trainee = fresh()
    assert Restorer.of(trainee.weights()).architecture == trainee.architecture()


def test_pictures_that_cannot_be_halved_are_refused():
    with pytest.raises(Refusal, match="12x12 pixels cannot be halved three times"):
        SMALL.start((3, 12, 12), CLASSES, 1)
