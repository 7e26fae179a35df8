"""The linear equations that one layer's gradient and outputs put on its input, and their solution in float64."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import scipy.linalg
import torch
from jaxtyping import Float
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from leaklab.attacks.snapshot import Solve

_REFINEMENTS = 2  # each wins back what squaring the condition number has cost
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
        normal = (scaled.T @ scaled).toarray()
        factor, failed = scipy.linalg.lapack.dpotrf(normal, lower=1)
        reciprocal = 0.0 if failed else scipy.linalg.lapack.dpocon(factor, np.abs(normal).sum(0).max(), uplo="L")[0]
        if reciprocal > len(normal) * _EPSILON:
            rank, condition = len(normal), 1 / np.sqrt(reciprocal)
            inverse = partial(_solved, factor)
        else:
            rank, condition, inverse = _pseudo_inverse(normal)
        values = np.zeros(len(normal))
        for _ in range(1 + _REFINEMENTS):
            values = values + inverse(scaled.T @ (self.right - scaled @ values))
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


def _solved(factor: np.ndarray, right: np.ndarray) -> np.ndarray:
    return scipy.linalg.cho_solve((factor, True), right, check_finite=False)


def _pseudo_inverse(normal: np.ndarray) -> tuple[int, float, Callable[[np.ndarray], np.ndarray]]:
    """Return rank, condition and the shortest solution's map of normal equations that leave a choice."""
    values, vectors = scipy.linalg.eigh(normal)
    kept = values > len(normal) * _EPSILON * values[-1]
    vectors, values = vectors[:, kept], values[kept]
    return int(kept.sum()), np.sqrt(values[-1] / values[0]), lambda right: vectors @ ((vectors.T @ right) / values)
