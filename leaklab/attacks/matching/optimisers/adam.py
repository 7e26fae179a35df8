"""Adam, and its signed form that the field prefers for deep networks."""

import math
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from jaxtyping import Float
from torch import Tensor

from leaklab.settings import Settings, knob


class Objective(Protocol):
    """What an optimiser asks of an objective."""

    def losses_and_gradient(self, code: Float[Tensor, "r d"]) -> tuple[Float[Tensor, "r"], Float[Tensor, "r d"]]: ...

    def project(self, code: Float[Tensor, "r d"]) -> Float[Tensor, "r d"]: ...


@dataclass(frozen=True)
class AdamState:
    """Where Adam stands: the moments, and loss and gradient of the code it belongs to."""

    losses: Float[Tensor, "r"]
    gradient: Float[Tensor, "r d"]
    mean: Float[Tensor, "r d"]
    square: Float[Tensor, "r d"]
    iteration: int
    iterations: int
    evaluations: int
    settled: bool = False


class Adam(Settings):
    """Adaptive steps from running moments of the gradient.

    Source: Kingma and Ba 2015, Algorithm 1; the sign and the decay at 3/8, 5/8, 7/8 after Geiping et al. 2020.
    """

    kind: Literal["adam"] = "adam"
    learning_rate: float = knob(
        0.1, low=1e-4, high=1, log=True, title="Attack's step", symbol="α",
        help="How far one iteration moves each pixel.",
    )  # fmt: skip
    signed: bool = knob(
        False, symbol="sign(∂loss/∂x)", level="advanced",
        help="Use only the sign of the gradient, so that every pixel moves at the same pace.",
    )  # fmt: skip
    decay: Literal["constant", "steps", "cosine"] = knob(
        "constant", title="Step decay", level="advanced",
        help="Whether the step stays, falls to a tenth at 3/8, 5/8 and 7/8 of the way, or fades along a cosine.",
    )  # fmt: skip
    beta_1: float = knob(0.9, low=0, high=0.999, symbol="β₁", level="advanced", help="Memory of the mean gradient.")
    beta_2: float = knob(
        0.999, low=0, high=0.99999, symbol="β₂", level="advanced", help="Memory of the squared gradient."
    )
    epsilon: float = knob(1e-8, low=0, high=1e-2, symbol="ε", level="hidden", help="Keeps the division finite.")

    def start(self, code: Float[Tensor, "r d"], objective: Objective, iterations: int) -> AdamState:
        """Return the state before the first step."""
        losses, gradient = objective.losses_and_gradient(code)
        zeros = torch.zeros_like(code)
        return AdamState(losses, gradient, zeros, zeros, iteration=0, iterations=iterations, evaluations=1)

    def step(
        self, code: Float[Tensor, "r d"], state: AdamState, objective: Objective
    ) -> tuple[Float[Tensor, "r d"], AdamState]:
        """Return code and state after one step."""
        gradient = state.gradient.sign() if self.signed else state.gradient
        # A diverged row has no gradient worth keeping: it stays where it is, with its infinite loss.
        gradient = torch.where(torch.isfinite(gradient), gradient, torch.zeros_like(gradient))
        mean = self.beta_1 * state.mean + (1 - self.beta_1) * gradient
        square = self.beta_2 * state.square + (1 - self.beta_2) * gradient.square()
        count = state.iteration + 1
        root = (square / (1 - self.beta_2**count)).sqrt() + self.epsilon
        moved = code - self._rate(state) * mean / (1 - self.beta_1**count) / root
        moved = objective.project(moved)
        losses, gradient = objective.losses_and_gradient(moved)
        evaluations = state.evaluations + 1
        return moved, AdamState(losses, gradient, mean, square, count, state.iterations, evaluations)

    def _rate(self, state: AdamState) -> float:
        done = state.iteration / state.iterations
        if self.decay == "cosine":
            return self.learning_rate * (1 + math.cos(math.pi * done)) / 2
        drops = sum(done >= at for at in (3 / 8, 5 / 8, 7 / 8)) if self.decay == "steps" else 0
        return self.learning_rate * 0.1**drops
