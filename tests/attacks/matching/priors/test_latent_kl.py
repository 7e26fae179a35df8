"""The divergence of latent numbers from the standard normal distribution, by its closed form."""

import dataclasses

import pytest
import torch

from leaklab.attacks.matching.priors import LatentKL
from leaklab.attacks.matching.solver import GradientMatching
from tests.attacks.matching.priors import normed
from tests.attacks.matching.spaces.brought import LATENT, WEIGHTS, seen
from tests.scene import dice


def measured(latent: torch.Tensor) -> torch.Tensor:
    dummy = normed.dummy(normed.guess(len(latent)))
    return LatentKL(weight=1).bind(normed.observation())(dataclasses.replace(dummy, codes={"latent": latent}))


def standard(rows: int = 2) -> torch.Tensor:
    """Return the numbers of three images in each restart, with mean nought and variance one to the last digit."""
    drawn = torch.randn(rows, normed.IMAGES, 50, dtype=torch.float64, generator=dice(1))
    return (drawn - drawn.mean(2, keepdim=True)) / drawn.std(2, correction=0, keepdim=True)


def test_it_is_nought_where_mean_and_variance_are_the_standard_ones():
    assert torch.allclose(measured(standard().flatten(1)), torch.zeros(2, dtype=torch.float64), atol=1e-9)


def test_it_is_the_divergence_between_two_normal_distributions():
    mean, spread = torch.tensor([0.5, -1.0, 0.0]), torch.tensor([0.5, 1.5, 2.0])
    latent = (standard() * spread[:, None] + mean[:, None]).flatten(1)
    theirs = torch.distributions.kl_divergence(
        torch.distributions.Normal(mean.double(), spread.double()), torch.distributions.Normal(0.0, 1.0)
    )
    assert torch.allclose(measured(latent), theirs.mean().expand(2), atol=1e-8)


def test_value_and_slope_are_finite_where_all_numbers_are_nought():
    latent = torch.zeros(1, 150, dtype=torch.float64, requires_grad=True)
    value = measured(latent)
    [slope] = torch.autograd.grad(value.sum(), latent)
    assert value.isfinite().all() and value > 5 and slope.isfinite().all()


@pytest.mark.parametrize("space", [LATENT, WEIGHTS], ids=lambda space: space.kind)
def test_it_is_for_spaces_that_have_latent_numbers(space):
    assert GradientMatching(space=space, priors=(LatentKL(weight=1),)).missing(seen()) == []
    [said] = GradientMatching(priors=(LatentKL(weight=1),)).missing(seen())
    assert said == (
        "The prior 'latent_kl' is about the latent numbers of a generator, and the space 'pixels' has none: choose the "
        "space 'generator_latent', or set the prior's weight to 0."
    )
    assert GradientMatching(priors=(LatentKL(weight=0),)).missing(seen()) == []
