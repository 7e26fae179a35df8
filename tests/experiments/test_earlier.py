"""Earlier rounds: the copy learns, the original does not, and batch norm's averages are those of the images."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from leaklab.experiments.earlier import learnt
from leaklab.networks.layers import BatchNorm
from leaklab.settings import Refusal
from tests.scene import dice

IMAGES = torch.rand(20, 3, 8, 8, generator=dice(1))
LABELS = torch.arange(20) % 4


def network(scale: float = 0.1) -> nn.Module:
    layers = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2), BatchNorm(8), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 9, 4)
    ).eval()  # fmt: skip
    with torch.no_grad():
        for tensor in layers.parameters():
            tensor.copy_(scale * torch.randn(tensor.shape, generator=dice(2)))
    return layers


def taught(steps: int, *, seed: int = 3, of: nn.Module | None = None) -> list:
    return list(learnt(of or network(), IMAGES, LABELS, steps=steps, generator=dice(seed)))


def test_a_step_more_is_a_lesson_more_and_none_is_none():
    assert [lesson.step for lesson in taught(3)] == [1, 2, 3] and taught(0) == []


def test_the_loss_falls():
    losses = [lesson.loss for lesson in taught(60)]
    assert losses[0] > 1 and losses[-1] < 0.5 * losses[0]


def test_the_network_that_is_given_stays_as_it_is():
    before, given = network().state_dict(), network()
    [*_, lesson] = taught(5, of=given)
    assert all(torch.equal(given.state_dict()[name], tensor) for name, tensor in before.items())
    assert not torch.equal(lesson.network.state_dict()["0.weight"], before["0.weight"])


def test_the_same_dice_teach_the_same_and_torchs_own_are_left_alone():
    given, before = network(), torch.get_rng_state()
    one, again, other = (taught(4, seed=seed, of=given)[-1].loss for seed in (3, 3, 4))
    assert one == again != other and torch.equal(torch.get_rng_state(), before)


def test_in_the_end_batch_norm_averages_the_images_and_uses_what_it_used_before():
    norm = taught(5)[-1].network[1]
    entering = taught(5)[-1].network[0](IMAGES)
    assert norm.statistics == "running"
    torch.testing.assert_close(norm.running_mean, entering.mean((0, 2, 3)))
    torch.testing.assert_close(norm.running_var, entering.var((0, 2, 3), unbiased=False))


def test_the_first_step_is_one_of_gradient_descent_with_batch_statistics():
    given = network()
    lesson = taught(1, of=given)[0]
    chosen = torch.randint(len(IMAGES), (64,), generator=dice(3))
    given[1].statistics = "batch"
    gradient = torch.autograd.grad(functional.cross_entropy(given(IMAGES[chosen]), LABELS[chosen]), given[0].weight)[0]
    moved = given[0].weight - lesson.network[0].weight
    assert torch.cosine_similarity(moved.flatten(), gradient.flatten(), dim=0) > 1 - 1e-5


def test_training_that_runs_away_is_refused():
    with pytest.raises(Refusal, match="The training before the round ran away at step 1: take fewer, or another"):
        taught(1, of=network(scale=torch.inf))
