"""Meta-learning plays clients and hands gradients over: the learner gets the same whoever's photographs they are of."""

import torch

from leaklab.attacks.generative.training.giml import GIML
from leaklab.experiments.metalearning import MetaLearning, MetaTrainee
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.observation import Observation
from tests.attacks.generative.training.learning import CLASSES, SHAPE, batch, goes_on

SMALL = MetaLearning(network=NetworkChoice(), giml=GIML(width=8, latent_steps=2, weight_steps=2))


def fresh() -> MetaTrainee:
    return SMALL.start(SHAPE, CLASSES, 1)


def test_it_goes_on_bit_for_bit():
    assert goes_on(fresh, count=1)


def test_the_learner_sees_one_observation_a_photograph_and_nothing_else(monkeypatch):
    trainee, seen = fresh(), []

    def learn(observations):
        seen.extend(observations)
        return {}

    monkeypatch.setattr(trainee._learner, "learn", learn)
    images, labels = batch(0, 3)
    trainee.step(images, labels)
    assert [type(one) for one in seen] == [Observation] * 3
    assert [one.labels.tolist() for one in seen] == [[label] for label in labels.tolist()]
    assert all(one.num_images == 1 and one.public is None and one.own is None for one in seen)
    again = SMALL.network.build(SHAPE, CLASSES, torch.Generator().manual_seed(1))
    loss = torch.nn.functional.cross_entropy(again(images[1:2]), labels[1:2])
    true = dict(zip(dict(again.named_parameters()), torch.autograd.grad(loss, list(again.parameters())), strict=True))
    assert all(torch.allclose(seen[1].update[name], true[name], atol=1e-6) for name in true)
