"""The spectral norm against the singular values, with its gradient."""

import pytest
import torch
from torch import Tensor

from leaklab.attacks.matching.spaces.spectral import spectral_norm
from tests.scene import dice


def matrix(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=dice(seed)).requires_grad_()


@pytest.mark.parametrize("shape", [(1, 7), (3, 3), (16, 144), (40, 9)])
def test_it_is_the_largest_singular_value_with_the_same_gradient(shape: tuple[int, int]):
    ours = matrix(*shape)
    norm, exact = spectral_norm(ours), torch.linalg.matrix_norm(ours, ord=2)
    assert torch.allclose(norm, exact, rtol=1e-10)
    [slope], [expected] = torch.autograd.grad(norm, ours), torch.autograd.grad(exact, ours)
    assert torch.allclose(slope, expected, atol=1e-8)


def test_wide_random_layers_need_the_many_iterations():
    layer = matrix(128, 1152).detach()  # its first singular values are close to each other
    assert torch.allclose(spectral_norm(layer), torch.linalg.matrix_norm(layer, ord=2), rtol=1e-4)


def test_any_scale_will_do():
    tiny = 1e-12 * matrix(8, 20).detach().float()
    assert torch.allclose(spectral_norm(tiny), torch.linalg.matrix_norm(tiny, ord=2), rtol=1e-4, atol=0)


def test_equal_singular_values_share_the_gradient():
    turned = torch.eye(4, dtype=torch.float64).requires_grad_()
    norm = spectral_norm(turned)
    [slope] = torch.autograd.grad(norm, turned)
    assert torch.allclose(norm, torch.ones_like(norm))
    assert torch.allclose(slope, torch.eye(4, dtype=torch.float64) / 4)


def test_a_layer_of_zeros_has_no_slope():
    nothing = torch.zeros(3, 5, requires_grad=True)
    [slope] = torch.autograd.grad(spectral_norm(nothing), nothing)
    assert spectral_norm(nothing) < 1e-15 and slope.tolist() == torch.zeros(3, 5).tolist()


def test_many_at_once_are_each_alone():
    three = matrix(3, 6, 10).detach()
    together = torch.func.vmap(spectral_norm)(three)
    assert torch.allclose(together, torch.linalg.matrix_norm(three, ord=2), rtol=1e-10)
