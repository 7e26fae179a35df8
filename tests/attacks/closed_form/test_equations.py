"""One layer's equations: they hold for the true input, and their solution says how far it may be trusted."""

import numpy as np
import pytest
import torch
from scipy import sparse
from torch import nn
from torch.nn import functional

from leaklab.attacks.closed_form.equations import System, convolution
from tests.scene import dice


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(3, 1, 1), (5, 2, 2), (4, 2, 0), ((3, 2), (2, 1), (1, 0))])
def test_the_true_input_solves_both_kinds_of_equations(kernel, stride, padding):
    layer = nn.Conv2d(2, 3, kernel, stride=stride, padding=padding, bias=False)
    shape = (2, 7, 6)
    images = torch.rand(1, *shape, dtype=torch.float64, generator=dice(1))
    weight = torch.rand(layer.weight.shape, dtype=torch.float64, generator=dice(2)).requires_grad_()
    out = functional.conv2d(images, weight, stride=stride, padding=padding)
    arriving = torch.rand(out.shape, dtype=torch.float64, generator=dice(3))
    [gradient] = torch.autograd.grad((out * arriving).sum(), weight)
    trust = torch.rand(out.shape[1:], dtype=torch.float64, generator=dice(4))
    system = convolution(
        layer, weight.detach(), gradient, outputs=out[0].detach(), trust=trust, arriving=arriving[0], shape=shape
    )
    assert system.matrix.shape == (out.numel() + weight.numel(), images.numel())
    assert np.allclose(system.matrix @ images.flatten().numpy(), system.right, atol=1e-10)
    kinds = system.matrix[: out.numel()], system.matrix[out.numel() :]
    assert sparse.linalg.norm(kinds[0]) == pytest.approx(sparse.linalg.norm(kinds[1]))


def test_a_full_system_is_solved_with_its_rank_and_condition():
    matrix = np.diag([4.0, 2.0, 1.0]) @ np.linalg.qr(torch.rand(3, 3, dtype=torch.float64, generator=dice()).numpy())[0]
    tall = np.vstack([matrix, 2 * matrix])
    wanted = np.array([1.0, -2.0, 3.0])
    found, facts = System(sparse.csr_matrix(tall), tall @ wanted).solved("layer")
    assert np.allclose(found.numpy(), wanted, atol=1e-12)
    assert (facts.rank, facts.unknowns, facts.equations) == (3, 3, 6) and facts.full and facts.residual < 1e-14
    assert 1 <= facts.condition < 20


def test_a_singular_system_gives_the_shortest_answer_and_its_rank():
    matrix = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    found, facts = System(sparse.csr_matrix(matrix), np.array([2.0, 5.0])).solved("layer")
    assert np.allclose(found.numpy(), [1.0, 1.0, 5.0]) and facts.rank == 2 and not facts.full


def test_an_ill_conditioned_system_is_refined():
    generator = dice(7)
    left, _ = torch.linalg.qr(torch.rand(40, 20, dtype=torch.float64, generator=generator))
    right, _ = torch.linalg.qr(torch.rand(20, 20, dtype=torch.float64, generator=generator))
    matrix = (left * torch.logspace(0, -6, 20, dtype=torch.float64)) @ right
    wanted = torch.rand(20, dtype=torch.float64, generator=generator)
    found, facts = System(sparse.csr_matrix(matrix.numpy()), (matrix @ wanted).numpy()).solved("layer")
    assert torch.allclose(found, wanted, atol=1e-7) and facts.condition > 1e4
