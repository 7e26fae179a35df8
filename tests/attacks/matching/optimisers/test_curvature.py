"""The compact form of L-BFGS against the explicit matrices of BFGS."""

import pytest
import torch
from torch import Tensor

from leaklab.attacks.matching.optimisers.curvature import Curvature
from tests.scene import dice

NUMBERS = 7


def moves(count: int, rows: int) -> tuple[Tensor, Tensor]:
    """Return moves and the changes of gradient they meet on a bowl, (count, rows, numbers)."""
    generator = dice()
    root = torch.randn(NUMBERS, NUMBERS, dtype=torch.float64, generator=generator)
    made = torch.randn(count, rows, NUMBERS, dtype=torch.float64, generator=generator)
    return made, made @ (root @ root.T + torch.eye(NUMBERS))


def by_matrices(made: Tensor, changes: Tensor) -> Tensor:
    """Return the inverse Hessian of one row after some moves.

    Source: Nocedal and Wright 2006, equations 6.17 and 7.20.
    """
    identity = torch.eye(NUMBERS, dtype=torch.float64)
    inverse = identity * (made[-1] @ changes[-1] / changes[-1].square().sum())
    for move, change in zip(made, changes, strict=True):
        rho = 1 / (move @ change)
        left = identity - rho * torch.outer(move, change)
        inverse = left @ inverse @ left.T + rho * torch.outer(move, move)
    return inverse


def vectors(rows: int) -> Tensor:
    return torch.randn(rows, NUMBERS, dtype=torch.float64, generator=dice(8))


def everyone(rows: int) -> Tensor:
    return torch.ones(rows, dtype=torch.bool)


def keep(memory: Curvature, made: Tensor, changes: Tensor, took: Tensor | None = None) -> None:
    """Let a memory see moves one after another, with a product after each, as the optimiser asks."""
    for number, (move, change) in enumerate(zip(made, changes, strict=True)):
        memory.remember(move, change, everyone(len(move)) if took is None else took[number])
        memory.times(change)


@pytest.mark.parametrize("count", [1, 3, 4, 9], ids=lambda count: f"{count} moves")
def test_the_product_is_that_of_the_explicit_matrix_of_the_last_moves(count: int):
    made, changes = moves(count, rows=2)
    memory = Curvature.empty(vectors(2), history=4)
    keep(memory, made, changes)
    product = memory.times(vectors(2))
    for row in range(2):
        expected = by_matrices(made[-4:, row], changes[-4:, row]) @ vectors(2)[row]
        assert torch.allclose(product[row], expected, rtol=1e-8)


def test_rows_may_have_moved_at_different_times():
    made, changes = moves(7, rows=3)
    memory = Curvature.empty(vectors(3), history=3)
    took = torch.tensor([[1, 1, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [1, 1, 0], [1, 0, 0], [0, 1, 0]], dtype=torch.bool)
    keep(memory, made, changes, took)
    product = memory.times(vectors(3))
    for row in (0, 1):
        own, met = made[took[:, row], row][-3:], changes[took[:, row], row][-3:]
        assert torch.allclose(product[row], by_matrices(own, met) @ vectors(3)[row], rtol=1e-8)
    assert torch.equal(product[2], vectors(3)[2])


def test_an_empty_memory_changes_nothing_and_hands_out_a_copy():
    vector = vectors(2)
    product = Curvature.empty(vector, history=3).times(vector)
    assert torch.equal(product, vector) and product is not vector


def test_a_move_without_positive_curvature_is_not_remembered():
    made, changes = moves(1, rows=3)
    changes[0, 1] *= -1  # bends downwards
    changes[0, 2] = 0  # tells nothing
    memory = Curvature.empty(vectors(3), history=3)
    memory.remember(made[0], changes[0], everyone(3))
    product = memory.times(vectors(3))
    assert not torch.allclose(product[0], vectors(3)[0]) and torch.equal(product[1:], vectors(3)[1:])


def test_the_last_change_is_undone_exactly():
    made, changes = moves(5, rows=2)
    memory = Curvature.empty(vectors(2), history=4)
    keep(memory, made, changes)
    assert torch.allclose(memory.times(changes[-1]), made[-1], rtol=1e-9)  # the secant equation


def test_a_row_that_forgets_starts_anew_and_alone():
    made, changes = moves(6, rows=2)
    memory = Curvature.empty(vectors(2), history=4)
    keep(memory, made[:4], changes[:4])
    memory.forget(torch.tensor([True, False]))
    assert torch.equal(memory.times(vectors(2))[0], vectors(2)[0])
    keep(memory, made[4:], changes[4:])
    product = memory.times(vectors(2))
    for row, kept in ((0, slice(4, 6)), (1, slice(2, 6))):
        expected = by_matrices(made[kept, row], changes[kept, row]) @ vectors(2)[row]
        assert torch.allclose(product[row], expected, rtol=1e-8)


def test_a_move_that_is_forgotten_at_once_leaves_no_trace():
    made, changes = moves(3, rows=1)
    memory = Curvature.empty(vectors(1), history=2)
    memory.remember(made[0], changes[0], everyone(1))
    memory.forget(everyone(1))
    keep(memory, made[1:], changes[1:])
    expected = by_matrices(made[1:, 0], changes[1:, 0]) @ vectors(1)[0]
    assert torch.allclose(memory.times(vectors(1))[0], expected, rtol=1e-8)


def test_forgetting_nobody_is_nothing():
    made, changes = moves(1, rows=1)
    memory = Curvature.empty(vectors(1), history=2)
    memory.remember(made[0], changes[0], everyone(1))
    before = memory.times(vectors(1))
    memory.forget(torch.tensor([False]))
    assert torch.equal(memory.times(vectors(1)), before)
