"""CMA-ES on bowls: that it gets down, that rows and dice are their own, and what is refused."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import Tensor

from leaklab.attacks.matching.optimisers import CMAES
from leaklab.attacks.matching.optimisers.cma import CMAESState
from leaklab.settings import Refusal
from tests.attacks.matching.optimisers.bowls import Value

SMALL = CMAES(population=8, sigma=0.5)


@dataclasses.dataclass
class Weighed:
    """Any function of a code, which notes how it is asked."""

    value: Value
    box: tuple[float, float] | None = None
    asked: list[Tensor] = dataclasses.field(default_factory=list)

    def losses(self, code: Tensor) -> Tensor:
        assert not torch.is_grad_enabled()
        self.asked.append(code)
        return self.value(code).nan_to_num(nan=torch.inf, posinf=torch.inf)

    def project(self, code: Tensor) -> Tensor:
        return code.clamp(*self.box) if self.box else code


def bowl(numbers: int = 6) -> Weighed:
    """Return a long bowl that is measured number by number, so that no row depends on which others there are."""
    widths = torch.logspace(0, 2, numbers, dtype=torch.float64)
    return Weighed(lambda code: ((code - 0.5).square() * widths).sum(1))


def start(rows: int = 1, numbers: int = 6) -> Tensor:
    return torch.zeros(rows, numbers, dtype=torch.float64)


def course(
    cma: CMAES, objective: Weighed, code: Tensor, iterations: int, seed: int = 0
) -> list[tuple[Tensor, CMAESState]]:
    found = [(code, cma.start(code, objective, iterations, seed))]
    for _ in range(iterations):
        found.append(cma.step(*found[-1], objective))
    return found


def test_it_gets_to_the_bottom_of_a_bowl():
    code, state = course(SMALL, bowl(), start(), 200)[-1]
    assert torch.allclose(code, torch.full_like(code, 0.5), atol=1e-4) and state.losses < 1e-6


def test_the_code_is_the_best_so_far_and_its_loss_never_rises():
    objective = bowl()
    found = course(SMALL, objective, start(2), 15)
    losses = torch.stack([state.losses for _, state in found])
    assert (losses.diff(dim=0) <= 0).all() and (losses[-1] < losses[0]).all()
    assert all(torch.equal(objective.value(code), state.losses) for code, state in found)
    everything = torch.cat([objective.value(asked) for asked in objective.asked])
    assert losses[-1].min() == everything.min()


def test_all_populations_are_asked_for_at_once_and_counted_a_row():
    objective = bowl()
    found = course(SMALL, objective, start(3), 2)
    assert [asked.shape for asked in objective.asked] == [(3, 6), (24, 6), (24, 6)]
    assert [state.evaluations for _, state in found] == [1, 9, 17]


def test_batched_is_one_by_one():
    together = course(SMALL, bowl(), start(3), 12, seed=40)[-1]
    for row in range(3):
        code, state = course(SMALL, bowl(), start(), 12, seed=40 + row)[-1]
        assert torch.equal(code[0], together[0][row]) and torch.equal(state.losses[0], together[1].losses[row])
    assert not torch.equal(together[0][0], together[0][1])


def test_the_same_seed_draws_the_same_and_nobody_elses_dice_are_thrown():
    first = course(SMALL, bowl(), start(), 5, seed=3)[-1][0]
    np.random.seed(11)
    before, torch_before = np.random.get_state(), torch.get_rng_state()
    again = course(SMALL, bowl(), start(), 5, seed=3)[-1][0]
    after = np.random.get_state()
    assert torch.equal(first, again) and not torch.equal(first, course(SMALL, bowl(), start(), 5, seed=4)[-1][0])
    assert after[2] == before[2] and (after[1] == before[1]).all() and torch.equal(torch.get_rng_state(), torch_before)


def test_it_begins_around_the_code_of_the_start():
    objective = bowl()
    far = start() + 7
    course(CMAES(population=200, sigma=0.01), objective, far, 1)
    assert (objective.asked[1] - far).abs().max() < 0.1 and objective.asked[1].std(0).min() > 0.005


def test_kept_rows_go_on_as_if_alone():
    objective, code = bowl(), start(3)
    state = SMALL.start(code, objective, 10, 40)
    rows = torch.tensor([2])
    code, state = code[rows], state.kept(rows)
    for _ in range(5):
        code, state = SMALL.step(code, state, objective)
    assert torch.equal(code, course(SMALL, bowl(), start(), 5, seed=42)[-1][0])


def test_a_box_bends_what_is_drawn_and_keeps_where_it_began():
    objective = bowl()
    inside = start() + 0.75
    code, _ = course(CMAES(population=40, sigma=5, box=1.0), objective, inside, 3)[-1]
    assert all(asked.abs().max() <= 1 for asked in objective.asked) and code.abs().max() <= 1
    near = bowl()
    course(CMAES(population=40, sigma=1e-3, box=1.0), near, inside, 1)
    assert torch.allclose(near.asked[1], inside.expand(40, -1), atol=0.01)


def test_what_a_space_forbids_is_not_weighed():
    objective = dataclasses.replace(bowl(), box=(0.0, 0.2))
    code, state = course(SMALL, objective, start(), 30)[-1]
    assert all(asked.min() >= 0 and asked.max() <= 0.2 for asked in objective.asked)
    assert torch.equal(objective.project(code), code)
    assert state.losses < 0.5 * objective.value(start())


def test_guesses_without_a_finite_loss_never_win():
    holes = Weighed(lambda code: torch.where(code[:, 0] > 0, torch.nan, (code - 0.5).square().sum(1)))
    code, state = course(SMALL, holes, start() - 1, 30)[-1]
    assert state.losses.isfinite().all() and code[0, 0] <= 0
    nothing = Weighed(lambda code: code.sum(1) * torch.nan)
    code, state = course(SMALL, nothing, start(), 3)[-1]
    assert torch.equal(code, start()) and state.losses == torch.inf


def test_it_settles_where_nothing_changes_any_more_and_then_stays():
    objective = bowl(2)
    code = start(1, 2)
    state = SMALL.start(code, objective, 1000, 0)
    for _ in range(1000):
        if state.settled:
            break
        code, state = SMALL.step(code, state, objective)
    asked = len(objective.asked)
    still, after = SMALL.step(code, state, objective)
    assert state.settled and torch.equal(still, code) and after.evaluations == state.evaluations
    assert len(objective.asked) == asked


def test_the_precision_and_the_code_of_others_are_left_as_they_were():
    code = start().float()
    found, state = course(SMALL, bowl(), code, 2)[-1]
    assert found.dtype == torch.float32 and torch.equal(code, start().float())


def test_a_population_of_nought_grows_with_the_logarithm():
    assert [CMAES(population=0).size(numbers) for numbers in (1, 100, 400)] == [4, 17, 21]
    assert CMAES().size(100) == 50
    with pytest.raises(Refusal, match="takes 4 guesses; 0 takes"):
        CMAES.read({"population": 3})


def test_fading_narrows_the_first_spread():
    assert CMAES(sigma=0.8).faded(0.25) == CMAES(sigma=0.2)


def test_too_many_numbers_or_too_little_memory_are_refused_in_a_sentence():
    assert CMAES().missing(2000, 0) == CMAES().missing(100, 4) == []
    [said] = CMAES().missing(3072, 0)
    assert "at most 2,000 of them, and here are 3,072" in said and said.endswith("or the optimiser 'adam'.")
    [said] = CMAES().missing(100, 2)
    assert "a population of 50 guesses, and the memory holds 2 at once" in said and "fewer photographs" in said
