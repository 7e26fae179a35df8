"""CMA-ES: guesses are drawn, ranked by their loss, and the next ones drawn where the better ones lay. No gradient."""

import math
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import torch
from jaxtyping import Float, Int
from pydantic import field_validator
from torch import Tensor

from leaklab.settings import Settings, knob

_APART = 0x2545F491  # tells these dice from those the start was drawn with
_LEAST = 4  # of a population
_MOST = 2000  # numbers in a code: the table of how they vary together grows with their square
_WORST = 1e100  # stands for a loss that is none: the library ranks numbers


class Objective(Protocol):
    """What this optimiser asks of an objective: no gradient."""

    def losses(self, code: Float[Tensor, "r d"]) -> Float[Tensor, "r"]: ...

    def project(self, code: Float[Tensor, "r d"]) -> Float[Tensor, "r d"]: ...


@dataclass(frozen=True)
class CMAESState:
    """Where every row stands: the loss of its best guess so far, and the distribution it draws from."""

    losses: Float[Tensor, "r"]
    searches: tuple[Any, ...]  # one of the library's a row; each goes on where it is asked
    evaluations: int

    @property
    def settled(self) -> bool:
        """Whether every row's draws have come so near to each other that nothing changes any more."""
        return all(search.stop() for search in self.searches)

    def kept(self, rows: Int[Tensor, "k"]) -> "CMAESState":
        """Return the state of some rows alone."""
        return CMAESState(self.losses[rows], tuple(self.searches[row] for row in rows.tolist()), self.evaluations)


class CMAES(Settings):
    """Draw a population around a mean, move the mean to the better half, and learn in which directions to spread.

    A row's code is the best that it has drawn so far; the mean begins at the code of the start. One iteration is one
    population, and all populations of all rows are evaluated together.

    Source: Hansen and Ostermeier 2001, by the library `cma`; populations of 50 and the tanh after Li et al. 2022.
    """

    kind: Literal["cmaes"] = "cmaes"
    population: int = knob(
        50, low=0, high=500, symbol="λ",
        help="How many guesses are drawn and weighed in one iteration; 0 takes 4 + 3·ln d for d numbers.",
    )  # fmt: skip
    sigma: float = knob(
        1.0, low=1e-3, high=10, log=True, title="First spread", symbol="σ₀",
        help="How far from the start the first guesses are drawn.",
    )  # fmt: skip
    box: float = knob(
        0.0, low=0, high=10, symbol="z = b·tanh(u / b)", level="advanced",
        help="How large any number may become: draws are bent to stay below; 0 lets them go anywhere.",
    )  # fmt: skip

    @field_validator("population")
    @classmethod
    def _enough(cls, value: int) -> int:
        if 0 < value < _LEAST:
            raise ValueError(f"to learn anything from a population takes {_LEAST} guesses; 0 takes 4 + 3·ln d")
        return value

    def missing(self, numbers: int, fitting: int) -> list[str]:
        """Return what keeps this from searching so many numbers, of whose rows so many fit into the memory (0: any)."""
        if numbers > _MOST:
            return [
                f"CMA-ES keeps a table of how numbers vary together, at most {_MOST:,} of them, and here are "
                f"{numbers:,}: choose the space 'generator_latent', fewer photographs, or the optimiser 'adam'."
            ]
        if 0 < fitting < _LEAST:
            return [
                f"CMA-ES weighs a population of {self.size(numbers)} guesses, and the memory holds {fitting} at once "
                f"where {_LEAST} are the least: choose fewer photographs, a smaller network, or the optimiser 'adam'."
            ]
        return []

    def faded(self, times: float) -> "CMAES":
        """Return the same with a first spread that is so many times as wide."""
        return self.model_copy(update={"sigma": self.sigma * times})

    def size(self, numbers: int) -> int:
        """Return how many guesses are drawn of so many numbers."""
        return self.population or _LEAST + int(3 * math.log(numbers))

    def evaluations(self, iterations: int) -> int | None:
        """Return how many evaluations so many iterations take; None where the population is left to the search."""
        return self.population * iterations + 1 if self.population else None

    def start(self, code: Float[Tensor, "r d"], objective: Objective, iterations: int, seed: int = 0) -> CMAESState:
        """Return the state before the first population; row k of seed s draws as row 0 of seed s + k does."""
        with torch.no_grad():
            losses = objective.losses(code)
        means = self._unboxed(code.double()).nan_to_num().cpu()
        return CMAESState(losses, tuple(self._search(row, seed + k) for k, row in enumerate(means)), evaluations=1)

    def step(
        self, code: Float[Tensor, "r d"], state: CMAESState, objective: Objective
    ) -> tuple[Float[Tensor, "r d"], CMAESState]:
        """Return code and state after one population of every row that still goes on."""
        going = [row for row, search in enumerate(state.searches) if not search.stop()]
        drawn = [state.searches[row].ask() for row in going]
        if not going:
            return code, state
        guesses = torch.stack([torch.tensor(guess, dtype=torch.float64) for one in drawn for guess in one])
        tried = objective.project(self._boxed(guesses).to(code))
        with torch.no_grad():
            found = objective.losses(tried).unflatten(0, (len(going), -1))
        for row, one, losses in zip(going, drawn, found.double().nan_to_num(nan=_WORST, posinf=_WORST), strict=True):
            state.searches[row].tell(one, losses.tolist())
        rows = torch.tensor(going, device=code.device)
        lowest, place = found.min(1)
        better = lowest < state.losses[rows]
        best = tried.unflatten(0, found.shape)[torch.arange(len(going), device=code.device), place]
        code = code.index_copy(0, rows, best.where(better[:, None], code[rows]))
        losses = state.losses.index_copy(0, rows, lowest.where(better, state.losses[rows]))
        return code, CMAESState(losses, state.searches, state.evaluations + found.shape[1])

    def _search(self, mean: Float[Tensor, "d"], seed: int) -> Any:
        import cma  # takes a second, which only whoever searches so shall wait for
        import numpy as np

        dice = np.random.default_rng([_APART, seed])
        options = {
            "popsize": self.size(len(mean)), "randn": lambda *shape: dice.standard_normal(shape),
            "seed": np.nan,  # leaves numpy's own dice alone
            "CMA_mirrors": 0, "maxiter": np.inf, "verbose": -10,  # quieter than quiet: no files are looked for either
        }  # fmt: skip
        return cma.CMAEvolutionStrategy(mean.numpy(), self.sigma, options)

    def _boxed(self, numbers: Float[Tensor, "r d"]) -> Float[Tensor, "r d"]:
        return self.box * (numbers / self.box).tanh() if self.box else numbers

    def _unboxed(self, code: Float[Tensor, "r d"]) -> Float[Tensor, "r d"]:
        inside = 1 - 1e-6
        return self.box * (code / self.box).clamp(-inside, inside).atanh() if self.box else code
