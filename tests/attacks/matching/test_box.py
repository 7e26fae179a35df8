"""A boxed search begins inside its box, whatever it is handed."""

import torch

from leaklab.attacks.matching.optimisers import LBFGS
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.matching.spaces import Pixels
from tests.scene import scene


def test_the_first_guess_already_lies_in_the_box():
    observation = scene(1).observation()
    labels = torch.zeros(1, dtype=torch.int64)
    boxed = GradientMatching(space=Pixels(boxed=True), optimiser=LBFGS(), iterations=2)
    first, *later = boxed.invert(observation, labels, seed=3)
    assert first.images.min() >= 0 and first.images.max() <= 1
    assert later[-1].losses[0] < first.losses[0], "a start outside the box would fail every trial"


def test_a_stage_takes_the_last_ones_guess_into_its_box():
    observation, labels = scene(1).observation(), torch.zeros(1, dtype=torch.int64)
    free = list(GradientMatching(iterations=1).invert(observation, labels, seed=3))[-1]
    assert free.images.min() < 0
    boxed = GradientMatching(space=Pixels(boxed=True), iterations=1)
    first = next(boxed.invert(observation, labels, seed=3, previous=free))
    assert torch.equal(first.images, free.images.clamp(0, 1))
