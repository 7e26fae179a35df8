"""The spectral norm as a pure function: a power iteration that carries no state, so it runs under `vmap`."""

import torch
from jaxtyping import Float
from torch import Tensor

_SQUARINGS = 10  # 2^10 power iterations: random weights have many singular values close to the largest


def spectral_norm(matrix: Float[Tensor, "a b"]) -> Float[Tensor, ""]:
    """Return the largest singular value; its gradient holds the singular vectors fixed, as it may.

    Squaring the Gram matrix again and again is a power iteration in long strides that needs no start vector: what is
    left projects onto the first singular vector.
    Source: Miyato et al. 2018, who iterate once a pass and remember the vectors.
    """
    tiny = torch.finfo(matrix.dtype).tiny
    still = matrix.detach()
    power = still @ still.mT
    for _ in range(_SQUARINGS):
        power = power / power.trace().clamp_min(tiny)
        power = power @ power
    power = power / power.trace().clamp_min(tiny)
    return ((power @ matrix) * matrix).sum().clamp_min(tiny).sqrt()
