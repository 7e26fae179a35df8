"""Label matching on a network whose answers are known."""

import pytest
import torch

from leaklab.attacks.matching.priors import Prediction
from leaklab.attacks.snapshot import Dummy
from tests.attacks.matching.priors.normed import IMAGES, dummy, guess, network, observation
from tests.scene import CLASSES

SEEN = observation()


@pytest.mark.parametrize("answer", ["probabilities", "logits"])
def test_it_is_the_squared_distance_of_answers_and_labels_over_the_images(answer: str):
    one = dummy(guess())
    with torch.no_grad():
        logits = torch.stack([network()(images) for images in one.images])
    answers = logits if answer == "logits" else logits.softmax(2)
    expected = (answers - one.labels).square().sum((1, 2)) / IMAGES
    assert torch.allclose(Prediction(answer=answer).bind(SEEN)(one), expected, rtol=1e-12)


def test_a_label_that_is_the_networks_own_answer_costs_nothing():
    images = guess()
    with torch.no_grad():
        own = torch.stack([network()(rows).softmax(1) for rows in images])
    assert Prediction().bind(SEEN)(Dummy(images, own, images.flatten(1), ())).abs().max() < 1e-30


def test_labels_that_are_open_are_drawn_to_the_answers_too():
    images, labels = guess(), torch.full((2, IMAGES, CLASSES), 1 / CLASSES, dtype=torch.float64, requires_grad=True)
    [slope] = torch.autograd.grad(Prediction().bind(SEEN)(Dummy(images, labels, images.flatten(1), ())).sum(), labels)
    assert slope.abs().max() > 0
