"""Slices of a bowl, whose values are known everywhere."""

import torch

from leaklab.evaluation.slices import line, plane

ORIGIN, ACROSS, DOWN = torch.tensor([1.0, 0, 0]), torch.tensor([0, 2.0, 0]), torch.tensor([0, 0, 1.0])


def bowl(codes: torch.Tensor) -> torch.Tensor:
    return codes.square().sum(1)


def test_a_line_through_a_bowl_is_a_parabola_whatever_the_chunk():
    steps = torch.linspace(-2, 2, 7)
    for chunk in (1, 3, 100):
        assert torch.allclose(line(bowl, ORIGIN, ACROSS, steps, chunk=chunk), 1 + 4 * steps**2)


def test_no_more_codes_are_asked_for_at_once_than_the_chunk():
    asked = []

    def objective(codes: torch.Tensor) -> torch.Tensor:
        asked.append(len(codes))
        return bowl(codes)

    line(objective, ORIGIN, ACROSS, torch.zeros(7), chunk=3)
    assert asked == [3, 3, 1]


def test_a_plane_comes_row_by_row_and_only_when_asked():
    asked = []

    def objective(codes: torch.Tensor) -> torch.Tensor:
        asked.append(len(codes))
        return bowl(codes)

    columns, rows = torch.linspace(-1, 1, 4), torch.linspace(0, 3, 3)
    found = plane(objective, ORIGIN, (ACROSS, DOWN), (columns, rows), chunk=10)
    first = next(found)
    assert asked == [4]
    surface = torch.stack([first, *found])
    assert torch.allclose(surface, 1 + 4 * columns[None, :] ** 2 + rows[:, None] ** 2)


def test_what_is_not_finite_is_kept_as_infinity():
    values = torch.tensor([1.0, float("nan"), -float("inf"), float("inf")])
    found = line(lambda codes: values, ORIGIN, ACROSS, torch.zeros(4))
    assert found.tolist() == [1, float("inf"), float("inf"), float("inf")]


def test_an_objective_that_differentiates_inside_may_be_sliced():
    def gradient_norm(codes: torch.Tensor) -> torch.Tensor:
        codes = codes.detach().requires_grad_()
        return torch.autograd.grad(bowl(codes).sum(), codes, create_graph=True)[0].norm(dim=1)

    found = line(gradient_norm, ORIGIN, DOWN, torch.tensor([0.0]))
    assert found.tolist() == [2] and not found.requires_grad
