"""The yardstick of the speed benchmark is DLG as the textbook writes it; the house's objective agrees."""

import pytest
import torch

from benchmarks.attack import play
from benchmarks.speed import plain
from leaklab.attacks.recipes import DLG
from leaklab.experiments.inversion import Inversion


@pytest.fixture(scope="module")
def observation():
    return play(Inversion().changed(("scenario", "image_size"), 16)).exchanges[0][0]


def test_plain_autograd_is_the_houses_objective(observation):
    objective = DLG.stages[0].bind(observation, None)
    code = objective.start(1, 3)
    losses, gradient = objective.losses_and_gradient(code)
    loss, its_gradient = plain(observation)(code[0])
    torch.testing.assert_close(losses[0], loss, rtol=1e-10, atol=0)
    torch.testing.assert_close(gradient[0], its_gradient, rtol=1e-8, atol=1e-10)


def test_it_leaves_the_code_alone(observation):
    code = DLG.stages[0].bind(observation, None).start(1, 3)[0]
    before = code.clone()
    plain(observation)(code)
    assert torch.equal(code, before) and not code.requires_grad
