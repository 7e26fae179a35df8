"""L-BFGS, row by row, on functions whose minima are known."""

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from leaklab.attacks.matching.optimisers.lbfgs import LBFGS, LBFGSState
from tests.attacks.matching.optimisers.bowls import Known, quadratic
from tests.scene import dice

ROSENBROCK = Known(lambda code: 100 * (code[:, 1] - code[:, 0].square()).square() + (1 - code[:, 0]).square())
WALL = Known(lambda code: (code - code.log()).sum(1))  # not a number beyond zero; the bottom is at one


def start(rows: int = 3, numbers: int = 12) -> Tensor:
    return torch.randn(rows, numbers, dtype=torch.float64, generator=dice(3))


def run(
    objective: Known, code: Tensor, iterations: int, lbfgs: LBFGS = LBFGS()  # noqa: B008
) -> tuple[Tensor, LBFGSState]:  # fmt: skip
    state = lbfgs.start(code, objective, iterations)
    for _ in range(iterations):
        code, state = lbfgs.step(code, state, objective)
    return code, state


@pytest.mark.parametrize("history", [3, 100])
def test_it_reaches_the_bottom_of_a_bowl(history: int):
    objective, bottom = quadratic(12, condition=1e3)
    end, state = run(objective, start(), 15, LBFGS(history=history))
    assert torch.allclose(end, bottom.expand(3, 12), atol=1e-5) and state.losses.max() < 1e-10


def test_it_finds_its_way_along_a_curved_valley():
    end, state = run(ROSENBROCK, torch.tensor([[-1.2, 1.0], [2.0, -3.0]], dtype=torch.float64), 10)
    assert torch.allclose(end, torch.ones(2, 2, dtype=torch.float64), atol=1e-6) and state.losses.max() < 1e-12


def test_no_accepted_step_ever_goes_up():
    lbfgs, code = LBFGS(updates=1), torch.tensor([[-1.2, 1.0]], dtype=torch.float64)
    state = lbfgs.start(code, ROSENBROCK, 40)
    losses = [state.losses.item()]
    for _ in range(40):
        code, state = lbfgs.step(code, state, ROSENBROCK)
        losses.append(state.losses.item())
        assert torch.equal(state.losses, ROSENBROCK.losses_and_gradient(code)[0])
    assert all(after <= before for before, after in pairwise(losses)) and losses[-1] < 1


def test_every_row_goes_its_own_way():
    objective, _ = quadratic(12)
    together, state = run(objective, start(), 2)
    for row in range(3):
        alone, own = run(objective, start()[row : row + 1], 2)
        assert torch.allclose(together[row], alone[0], rtol=1e-8) and own.evaluations <= state.evaluations


def test_a_trial_that_is_not_a_number_is_a_failed_trial():
    code = torch.tensor([[1e-3, 30.0]], dtype=torch.float64)  # the first full step leads far beyond the wall
    end, state = run(WALL, code, 3)
    assert torch.allclose(end, torch.ones_like(end), atol=1e-6) and state.losses.isfinite().all()


@dataclass(frozen=True)
class Cliff(Known):
    """A function that knows no slope below zero, though it has a value there."""

    def losses_and_gradient(self, code: Tensor) -> tuple[Tensor, Tensor]:
        losses, gradient = super().losses_and_gradient(code)
        return losses, torch.where(code < 0, torch.nan, gradient)


def test_a_trial_without_a_slope_is_a_failed_trial():
    cliff = Cliff(lambda code: (code + 0.1).square().sum(1))
    end, state = run(cliff, torch.tensor([[0.3]], dtype=torch.float64), 3)
    assert 0 <= end.item() < 0.3 and state.gradient.isfinite().all() and state.losses.isfinite().all()


def test_a_row_that_begins_diverged_waits_and_the_others_go_on():
    objective, _ = quadratic(12)
    code = start()
    code[1] = torch.nan
    end, state = run(objective, code, 2)
    assert state.losses[1] == torch.inf and state.stuck[1] and state.losses[[0, 2]].max() < 1e-6
    for row in (0, 2):
        assert torch.allclose(end[row], run(objective, start()[row : row + 1], 2)[0][0], rtol=1e-8)


def test_it_settles_where_nothing_improves_any_more_and_stays():
    objective, bottom = quadratic(4, condition=2)
    code, state = run(objective, start(2, 4), 30)
    assert state.settled
    again, later = LBFGS().step(code, state, objective)
    assert torch.equal(again, code) and later.evaluations == state.evaluations


def test_a_start_at_the_bottom_settles_at_once():
    objective, bottom = quadratic(4)
    code, state = run(objective, bottom[None], 1)
    assert state.settled and torch.equal(code, bottom[None])


def test_all_diverged_is_settled_from_the_beginning():
    objective, _ = quadratic(4)
    assert LBFGS().start(torch.full((2, 4), torch.nan, dtype=torch.float64), objective, 5).settled


@pytest.mark.parametrize("updates", [1, 4, 20])
def test_an_iteration_is_so_many_updates_or_as_many_trials_as_torch_allows(updates: int):
    code, lbfgs = start(1), LBFGS(updates=updates, patience=60)
    hopeless = Known(lambda tried: torch.where((tried == code).all(1), tried.sum(1), torch.inf))
    assert run(hopeless, code, 1, lbfgs)[1].evaluations - 1 == int(1.25 * updates)
    assert updates <= run(quadratic(12)[0], code, 1, lbfgs)[1].evaluations - 1 <= 1.25 * updates


@dataclass(frozen=True)
class Flaky(Known):
    """A function that is infinite at some of its evaluations, and remembers where it was asked."""

    broken: tuple[int, ...] = ()
    tried: list[Tensor] = field(default_factory=list)

    def losses_and_gradient(self, code: Tensor) -> tuple[Tensor, Tensor]:
        losses, gradient = super().losses_and_gradient(code)
        self.tried.append(code)
        return losses + torch.inf if len(self.tried) - 1 in self.broken else losses, gradient


def test_a_direction_that_leads_nowhere_is_given_up_for_the_steepest_one():
    flaky = Flaky(quadratic(12)[0].value, broken=(3, 4, 5))  # after two accepted steps, with patience for three trials
    run(flaky, start(1), 1, LBFGS(patience=3))
    begun, downhill = flaky.tried[2], -flaky.losses_and_gradient(flaky.tried[2])[1]
    along = [cosine_similarity(flaky.tried[trial] - begun, downhill).item() for trial in (3, 4, 5, 6)]
    assert along[0] == pytest.approx(along[1]) == pytest.approx(along[2]) and along[0] < 0.99
    assert along[3] == pytest.approx(1)
    steps = [(flaky.tried[trial] - begun).norm() for trial in (3, 4, 5)]
    shares = [float(after / before) for before, after in pairwise(steps)]
    assert all(0.1 <= round(share, 9) <= 0.5 for share in shares)  # each step is a difference, and so rounded


def test_the_first_step_moves_by_at_most_one_in_all():
    objective = Known(lambda code: 1e3 * code.square().sum(1))
    lbfgs, code = LBFGS(updates=1), start()
    moved, _ = lbfgs.step(code, lbfgs.start(code, objective, 1), objective)
    assert torch.allclose((moved - code).abs().sum(1), torch.ones(3, dtype=torch.float64))


def test_steps_stay_inside_what_is_allowed():
    objective, bottom = quadratic(6, condition=1)
    boxed = Known(objective.value, box=(0, 0.5))
    end, _ = run(boxed, torch.full((1, 6), 0.25, dtype=torch.float64), 10)
    assert torch.allclose(end[0], bottom.clamp(0, 0.5), atol=1e-6)


def test_the_code_is_not_changed_in_place():
    objective, _ = quadratic(12)
    code = start()
    run(objective, code, 2)
    assert torch.equal(code, start())
