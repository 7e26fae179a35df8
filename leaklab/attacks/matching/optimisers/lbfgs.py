"""L-BFGS, row by row: every restart has its own curvature, its own line search, and waits for nobody.

One evaluation serves all rows: each tries its own point, and accepts or shortens its own step. A row that cannot
improve at this precision settles; a trial that is not finite is a failed trial, so nothing diverges.
"""

from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from leaklab.attacks.matching.optimisers.adam import Objective
from leaklab.attacks.matching.optimisers.curvature import Curvature
from leaklab.settings import Settings, knob

_SUFFICIENT = 1e-4  # Armijo's constant (Nocedal and Wright 2006, section 3.1)
_EVALUATIONS = 1.25  # trials an update may cost on average within one iteration, as torch's own bound has it


@dataclass(frozen=True)
class LBFGSState:
    """Where every row stands, and the step it is about to try."""

    losses: Float[Tensor, "r"]
    gradient: Float[Tensor, "r d"]
    direction: Float[Tensor, "r d"]
    length: Float[Tensor, "r"]
    failures: Int[Tensor, "r"]  # trials in vain since the last accepted one
    steepest: Bool[Tensor, "r"]  # whether the direction is the bare gradient's
    stuck: Bool[Tensor, "r"]
    curvature: Curvature
    evaluations: int

    @property
    def settled(self) -> bool:
        """Whether no row can move any further."""
        return bool(self.stuck.all())

    def kept(self, rows: Int[Tensor, "k"]) -> "LBFGSState":
        """Return the state of some rows alone."""
        return LBFGSState(
            self.losses[rows], self.gradient[rows], self.direction[rows], self.length[rows], self.failures[rows],
            self.steepest[rows], self.stuck[rows], self.curvature.kept(rows), self.evaluations,
        )  # fmt: skip


class LBFGS(Settings):
    """Quasi-Newton steps from the last gradients; one iteration is up to twenty updates, as torch counts them.

    Source: Liu and Nocedal 1989; settings of Zhu et al. 2019 (history 100, 20 updates an iteration), with a
    backtracking line search in place of their fixed step.
    """

    kind: Literal["lbfgs"] = "lbfgs"
    history: int = knob(
        100, low=1, high=200, symbol="m", level="advanced",
        help="How many past steps are remembered to guess the curvature.",
    )  # fmt: skip
    updates: int = knob(
        20, low=1, high=50, title="Updates an iteration", level="advanced",
        help="How many moves are counted as one iteration.",
    )  # fmt: skip
    patience: int = knob(20, low=3, high=60, level="hidden", help="Shortened steps before a direction is given up.")

    def faded(self, times: float) -> "LBFGS":
        """Return the same: its line search finds the length of every step."""
        return self

    def evaluations(self, iterations: int) -> int:
        """Return how many evaluations so many iterations usually take: one an update, which is what a step costs."""
        return iterations * self.updates + 1

    def start(self, code: Float[Tensor, "r d"], objective: Objective, iterations: int, seed: int = 0) -> LBFGSState:
        """Return the state before the first step: down the gradient, by at most one in all; nothing is drawn."""
        losses, gradient = objective.losses_and_gradient(code)
        return LBFGSState(
            losses, gradient, -gradient, _first_length(gradient),
            failures=torch.zeros(len(code), dtype=torch.int64, device=code.device),
            steepest=torch.ones(len(code), dtype=torch.bool, device=code.device),
            stuck=~torch.isfinite(losses), curvature=Curvature.empty(code, self.history), evaluations=1,
        )  # fmt: skip

    def step(
        self, code: Float[Tensor, "r d"], state: LBFGSState, objective: Objective
    ) -> tuple[Float[Tensor, "r d"], LBFGSState]:
        """Return code and state after one iteration."""
        accepted = torch.zeros_like(state.failures)
        for _ in range(int(self.updates * _EVALUATIONS)):
            waiting = state.stuck | (accepted >= self.updates)
            if bool(waiting.all()):
                break
            code, state, took = self._trial(code, state, objective, waiting)
            accepted = accepted + took
        return code, state

    def _trial(self, code, state, objective, waiting):
        trial = objective.project(code + state.length[:, None] * state.direction)
        losses, gradient = objective.losses_and_gradient(trial)
        moved = trial - code
        slope = (state.gradient * moved).sum(1)
        better = losses <= state.losses + _SUFFICIENT * slope
        took = better & (slope < 0) & (losses < state.losses) & torch.isfinite(gradient).all(1) & ~waiting
        failed = ~took & ~waiting
        state.curvature.remember(moved, gradient - state.gradient, took)
        code = torch.where(took[:, None], trial, code)
        state = self._aim(state, losses, gradient, slope, took, failed)
        return code, replace(state, evaluations=state.evaluations + 1), took

    def _aim(self, state, losses, gradient, slope, took, failed):
        """Choose every row's next trial: a new direction after a success, a shorter step after a failure."""
        keep = took[:, None]
        now, gradient_now = torch.where(took, losses, state.losses), torch.where(keep, gradient, state.gradient)
        failures = torch.where(took, 0, state.failures + failed)
        lost = failed & (failures >= self.patience)
        reset = lost & ~state.steepest
        stuck = state.stuck | (lost & state.steepest) | (gradient_now == 0).all(1)
        state.curvature.forget(reset)
        if not bool((took | reset).any()):  # every row that moved failed: only the lengths change
            shorter = _shortened(state.length, state.losses, losses, slope)
            return replace(state, failures=failures, stuck=stuck, length=torch.where(failed, shorter, state.length))
        fresh = -state.curvature.times(gradient_now)
        uphill = (fresh * gradient_now).sum(1) >= 0
        fresh = torch.where((uphill | reset)[:, None], -gradient_now, fresh)
        steepest = torch.where(took | reset, uphill | reset, state.steepest)
        direction = torch.where((took | reset)[:, None], fresh, state.direction)
        shorter = _shortened(state.length, state.losses, losses, slope)
        length = torch.where(failed, shorter, torch.ones_like(shorter))
        length = torch.where((took | reset) & steepest, _first_length(gradient_now), length)
        length = torch.where(took | failed, length, state.length)
        failures = torch.where(reset, 0, failures)
        return replace(
            state, losses=now, gradient=gradient_now, direction=direction, length=length,
            failures=failures, steepest=steepest, stuck=stuck,
        )  # fmt: skip


def _first_length(gradient: Float[Tensor, "r d"]) -> Float[Tensor, "r"]:
    return (1 / gradient.abs().sum(1)).clamp(max=1)


def _shortened(length, before, tried, slope):
    """Return the minimum of the parabola through value, slope and trial, kept between a tenth and a half."""
    share = -slope / (2 * (tried - before - slope))
    share = torch.where(torch.isfinite(share), share, torch.full_like(share, 0.1))
    return length * share.clamp(0.1, 0.5)
