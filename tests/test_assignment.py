"""Pairing: optimal, bijective, and unmoved by images that are not finite."""

import inspect

import pytest
import torch

from leaklab.assignment import assign, squared_distances
from leaklab.settings import Refusal


def images(count: int, *shape: int) -> torch.Tensor:
    return torch.rand(count, *(shape or (3, 6, 5)), generator=torch.Generator().manual_seed(count))


def test_a_shuffled_set_is_put_back_in_order():
    truth = images(7)
    order = torch.randperm(7, generator=torch.Generator().manual_seed(0))
    assert torch.equal(truth[order][assign(truth[order], truth)], truth)


def test_the_whole_pairing_is_optimal_not_each_choice():
    # Both guesses are nearest to the first picture; the cheapest bijection gives it the second guess.
    truth = torch.tensor([0.0, 0.9]).reshape(2, 1, 1, 1)
    guess = torch.tensor([0.3, 0.1]).reshape(2, 1, 1, 1)
    assert assign(guess, truth).tolist() == [1, 0]


def test_no_pairing_of_five_costs_less():
    guess, truth = images(5), images(6)[1:]
    costs = squared_distances(truth, guess)
    least = min(
        costs[range(5), order].sum()
        for order in torch.cartesian_prod(*[torch.arange(5)] * 5)
        if len(set(order.tolist())) == 5
    )
    assert costs[range(5), assign(guess, truth)].sum() == pytest.approx(float(least))


def test_distances_are_mean_squared_errors_and_exact_for_copies():
    ones, others = images(3), images(4)
    assert squared_distances(ones, others)[2, 1] == pytest.approx(float((ones[2] - others[1]).square().mean()))
    assert torch.equal(squared_distances(others, others).diagonal(), torch.zeros(4, dtype=torch.float64))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_broken_guess_takes_what_the_others_leave(value):
    truth = images(4)
    guess = truth[[2, 0, 3, 1]].clone()
    guess[2] = 0.5
    guess[2, 0, 0, 0] = value
    assert assign(guess, truth).tolist() == [1, 3, 0, 2]
    assert sorted(assign(torch.full_like(truth, value), truth).tolist()) == [0, 1, 2, 3]


def test_sets_of_another_size_are_refused_with_both_shapes():
    unchecked = inspect.unwrap(assign)  # in a notebook no shape is checked before the function's own sentence
    with pytest.raises(Refusal, match=r"\(2, 3, 6, 5\) with images of shape \(3, 3, 6, 5\)"):
        unchecked(images(2), images(3))
