"""Adam, and its signed form that the field prefers for deep networks."""

import math
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import torch
from jaxtyping import Float, Int
from torch import Tensor

from leaklab.settings import Settings, knob

_APART = 0x9E3779B9  # tells the noise's dice from those the start was drawn with


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
    dice: tuple[Tensor, ...] = ()  # the states of the rows' generators; empty without noise
    settled: bool = False

    def kept(self, rows: Int[Tensor, "k"]) -> "AdamState":
        """Return the state of some rows alone."""
        return replace(
            self, losses=self.losses[rows], gradient=self.gradient[rows], mean=self.mean[rows],
            square=self.square[rows], dice=tuple(self.dice[row] for row in rows.tolist()) if self.dice else (),
        )  # fmt: skip


class Adam(Settings):
    """Adaptive steps from running moments of the gradient.

    Source: Kingma and Ba 2015, Algorithm 1; the sign and the decay at 3/8, 5/8, 7/8 after Geiping et al. 2020, the
    soft sign after breaching's "modern" attack, warm-up and noise after Yin et al. 2021, the cosine to a tenth after
    Yue et al. 2023.
    """

    kind: Literal["adam"] = "adam"
    learning_rate: float = knob(
        0.1, low=1e-4, high=1, log=True, title="Attack's step", symbol="α",
        help="How far one iteration moves each pixel.",
    )  # fmt: skip
    sign: Literal["none", "hard", "soft"] = knob(
        "none", symbol="∂loss/∂x, its sign, or tanh(s·∂loss/∂x)/s with s from 1 to 0", level="advanced",
        help="Use only the sign of the gradient, so that every pixel moves at the same pace; soft only caps large "
        "ones, and less and less.",
    )  # fmt: skip
    decay: Literal["constant", "steps", "cosine", "cosine to a tenth"] = knob(
        "constant", title="Step decay", level="advanced",
        help="Whether the step stays, falls to a tenth at 3/8, 5/8 and 7/8 of the way, or fades along a cosine to "
        "nothing or to a tenth.",
    )  # fmt: skip
    warm_up: int = knob(
        0, low=0, high=1000, title="Warm-up", unit="iterations", level="advanced",
        help="Over how many iterations the step first rises to its full length.",
    )  # fmt: skip
    noise: float = knob(
        0.0, low=0, high=1, title="Step noise", symbol="x + ν·α·N(0, 1)", level="advanced",
        help="Random jitter of each step, as a share of the step, which can shake a search out of a bad place.",
    )  # fmt: skip
    beta_1: float = knob(0.9, low=0, high=0.999, symbol="β₁", level="advanced", help="Memory of the mean gradient.")
    beta_2: float = knob(
        0.999, low=0, high=0.99999, symbol="β₂", level="advanced", help="Memory of the squared gradient."
    )
    epsilon: float = knob(1e-8, low=0, high=1e-2, symbol="ε", level="hidden", help="Keeps the division finite.")

    def faded(self, times: float) -> "Adam":
        """Return the same with steps so many times as long."""
        return self.model_copy(update={"learning_rate": self.learning_rate * times})

    def evaluations(self, iterations: int) -> int:
        """Return how many evaluations so many iterations take."""
        return iterations + 1

    def start(self, code: Float[Tensor, "r d"], objective: Objective, iterations: int, seed: int = 0) -> AdamState:
        """Return the state before the first step; row k of seed s draws its noise as row 0 of seed s + k does."""
        losses, gradient = objective.losses_and_gradient(code)
        zeros = torch.zeros_like(code)
        dice = tuple(_dice(seed + row) for row in range(len(code))) if self.noise else ()
        return AdamState(losses, gradient, zeros, zeros, iteration=0, iterations=iterations, evaluations=1, dice=dice)

    def step(
        self, code: Float[Tensor, "r d"], state: AdamState, objective: Objective
    ) -> tuple[Float[Tensor, "r d"], AdamState]:
        """Return code and state after one step."""
        gradient = self._signed(state)
        # A diverged row has no gradient worth keeping: it stays where it is, with its infinite loss.
        gradient = torch.where(torch.isfinite(gradient), gradient, torch.zeros_like(gradient))
        mean = self.beta_1 * state.mean + (1 - self.beta_1) * gradient
        square = self.beta_2 * state.square + (1 - self.beta_2) * gradient.square()
        count, rate = state.iteration + 1, self._rate(state)
        root = (square / (1 - self.beta_2**count)).sqrt() + self.epsilon
        moved = code - rate * mean / (1 - self.beta_1**count) / root
        dice = state.dice
        if dice:
            jitter, dice = _normal(moved, dice)
            moved = moved + self.noise * rate * jitter
        moved = objective.project(moved)
        losses, gradient = objective.losses_and_gradient(moved)
        evaluations = state.evaluations + 1
        return moved, AdamState(losses, gradient, mean, square, count, state.iterations, evaluations, dice)

    def _signed(self, state: AdamState) -> Float[Tensor, "r d"]:
        if self.sign == "hard":
            return state.gradient.sign()
        steepness = 1 - state.iteration / state.iterations if self.sign == "soft" else 0
        # At no steepness the soft sign is the gradient itself.
        return (state.gradient * steepness).tanh() / steepness if steepness > 0 else state.gradient

    def _rate(self, state: AdamState) -> float:
        rise = min(1.0, (state.iteration + 1) / self.warm_up) if self.warm_up else 1.0
        return self.learning_rate * rise * self._decayed(state.iteration / state.iterations)

    def _decayed(self, done: float) -> float:
        if self.decay.startswith("cosine"):
            fade = (1 + math.cos(math.pi * done)) / 2
            return fade if self.decay == "cosine" else 0.1 + 0.9 * fade
        drops = sum(done >= at for at in (3 / 8, 5 / 8, 7 / 8)) if self.decay == "steps" else 0
        return 0.1**drops


def _dice(seed: int) -> Tensor:
    return torch.Generator().manual_seed(seed ^ _APART).get_state()


def _normal(like: Float[Tensor, "r d"], dice: tuple[Tensor, ...]) -> tuple[Float[Tensor, "r d"], tuple[Tensor, ...]]:
    """Return normal noise for each row and the dice after it; drawn on the CPU, so that a GPU meets the same noise."""
    drawn, after = [], []
    for state in dice:
        generator = torch.Generator()
        generator.set_state(state)
        drawn.append(torch.randn(like.shape[1], generator=generator))
        after.append(generator.get_state())
    return torch.stack(drawn).to(like), tuple(after)
