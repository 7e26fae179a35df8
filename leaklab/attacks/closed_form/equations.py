"""The linear equations that one layer's gradient and outputs put on its input, and their solution in float64."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from leaklab.attacks.snapshot import Solve

_ITERATIONS = 30  # enough for a condition to two digits
_REFINEMENTS = 4  # each wins back what squaring the condition number has cost
_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class System:
    """Equations of one layer in the numbers of its input: matrix times input = right side."""

    matrix: sparse.csr_matrix
    right: np.ndarray

    def solved(self, layer: str) -> tuple[Float[Tensor, "unknowns"], Solve]:
        """Return the least-squares input, the shortest one where the equations leave a choice, and how it was found.

        The normal equations are small and dense where the equations are many and sparse; refinement against the
        equations themselves makes up for the squared condition number.
        """
        scale = np.sqrt(np.asarray(self.matrix.multiply(self.matrix).sum(0)).ravel())
        scale[scale == 0] = 1
        scaled = self.matrix @ sparse.diags(1 / scale)
        normal = torch.from_numpy((scaled.T @ scaled).toarray())
        factor, failed = torch.linalg.cholesky_ex(normal)
        condition = np.inf if failed else _condition(normal, factor)
        rank, inverse = len(normal), lambda rest: torch.cholesky_solve(rest[:, None], factor)[:, 0]
        if not condition**2 * len(normal) * _EPSILON < 1:
            rank, condition, inverse = _pseudo_inverse(normal)
        values = np.zeros(len(normal))
        for _ in range(1 + _REFINEMENTS):
            rest = torch.from_numpy(scaled.T @ (self.right - scaled @ values))
            values = values + inverse(rest).numpy()
        residual = np.linalg.norm(self.right - scaled @ values) / max(np.linalg.norm(self.right), _EPSILON)
        facts = Solve(layer, len(normal), self.matrix.shape[0], rank, float(condition), float(residual))
        return torch.from_numpy(values / scale), facts


def convolution(
    layer: nn.Conv2d,
    weight: Float[Tensor, "o c k l"],
    gradient: Float[Tensor, "o c k l"],
    *,
    outputs: Float[Tensor, "o h w"],
    trust: Float[Tensor, "o h w"],
    arriving: Float[Tensor, "o h w"],
    shape: tuple[int, int, int],
) -> System:
    """Return the equations of a convolution's input: what came out of it, and the gradient of its weights.

    `outputs` is what came out, less the bias; `trust` weighs those equations; `arriving` is the loss's gradient there.

    Source: Zhu and Blaschko 2021, section 3: weight constraints and gradient constraints.
    """
    taps = _taps(layer, shape)
    forward = _rows(weight.flatten(1), taps, shape, by_tap=False)
    backward = _rows(arriving.flatten(1), taps, shape, by_tap=True)
    weights = trust.flatten().numpy()
    forward, seen = sparse.diags(weights) @ forward, weights * outputs.flatten().numpy()
    # Both kinds of equations get the same say, whatever the size of their numbers.
    balance = float(sparse.linalg.norm(forward) / max(sparse.linalg.norm(backward), np.finfo(np.float64).tiny))
    matrix = sparse.vstack([forward, balance * backward]).tocsr()
    return System(matrix, np.concatenate([seen, balance * gradient.flatten().numpy()]))


def _taps(layer: nn.Conv2d, shape: tuple[int, int, int]) -> np.ndarray:
    """Return which input number every tap of the kernel meets at every position (t, p); -1 is padding."""
    count = shape[0] * shape[1] * shape[2]
    numbers = torch.arange(1, count + 1, dtype=torch.float64).reshape(1, *shape)
    met = functional.unfold(numbers, layer.kernel_size, padding=layer.padding, stride=layer.stride)
    return met[0].long().numpy() - 1


def _rows(values: Float[Tensor, "o m"], taps: np.ndarray, shape: tuple[int, int, int], *, by_tap: bool):
    """Return one equation an output and position (values by tap), or one an output and tap (values by position)."""
    tap, position = np.nonzero(taps >= 0)
    many, inner, outer = values.shape[0], *((position, tap) if by_tap else (tap, position))
    width = taps.shape[0] if by_tap else taps.shape[1]
    rows = (np.arange(many)[:, None] * width + outer).ravel()
    columns = np.tile(taps[tap, position], many)
    numbers = values.numpy()[:, inner].ravel()
    return sparse.csr_matrix((numbers, (rows, columns)), shape=(many * width, shape[0] * shape[1] * shape[2]))


def _condition(normal: Float[Tensor, "n n"], factor: Float[Tensor, "n n"]) -> float:
    """Return about by how much the equations stretch one direction more than another, by power iterations."""
    high = low = torch.linspace(1, 2, len(normal), dtype=normal.dtype)
    for _ in range(_ITERATIONS):
        high, low = normal @ high, torch.cholesky_solve(low[:, None], factor)[:, 0]
        largest, smallest = high.norm(), 1 / low.norm()
        high, low = high * (1 / largest), low * smallest
    return float((largest / smallest).sqrt())


def _pseudo_inverse(normal: Float[Tensor, "n n"]):
    """Return rank, condition and the shortest solution's map of normal equations that leave a choice."""
    values, vectors = torch.linalg.eigh(normal)
    kept = values > len(normal) * _EPSILON * values[-1]
    vectors, values = vectors[:, kept], values[kept]
    condition = (values[-1] / values[0]).sqrt()
    return int(kept.sum()), condition, lambda rest: vectors @ ((vectors.T @ rest) / values)
