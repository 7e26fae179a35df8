"""Slices: the values of any objective on a line or a plane through the space it is defined on.

An objective takes many codes at once, `(b, d) -> (b,)`. A value that is not finite is kept, as infinity.
"""

from collections.abc import Callable, Iterator

import torch
from jaxtyping import Float
from torch import Tensor

Objective = Callable[[Float[Tensor, "b d"]], Float[Tensor, "b"]]


def line(
    objective: Objective,
    origin: Float[Tensor, "d"],
    direction: Float[Tensor, "d"],
    steps: Float[Tensor, "s"],
    *,
    chunk: int = 32,
) -> Float[Tensor, "s"]:
    """Return the objective at origin + step * direction for every step, `chunk` of them at a time."""
    values = torch.cat([objective(origin + some[:, None] * direction).detach() for some in steps.split(chunk)])
    return torch.where(values.isfinite(), values, torch.inf)


def plane(
    objective: Objective,
    origin: Float[Tensor, "d"],
    directions: tuple[Float[Tensor, "d"], Float[Tensor, "d"]],
    steps: tuple[Float[Tensor, "across"], Float[Tensor, "down"]],
    *,
    chunk: int = 32,
) -> Iterator[Float[Tensor, "across"]]:
    """Yield the objective on a grid, a row for every step down, so that whoever asks can show how far it is.

    The point of column i and row j is origin + steps[0][i] * directions[0] + steps[1][j] * directions[1].
    """
    (across, down), (columns, rows) = directions, steps
    for row in rows:
        yield line(objective, origin + row * down, across, columns, chunk=chunk)
