"""What a bound prior is, and how one that is written for a single restart serves many."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from leaklab.attacks.snapshot import Dummy

Penalty = Callable[[Dummy], Float[Tensor, "r"]]


def each_restart(measure: Callable[..., Float[Tensor, ""]]) -> Callable[..., Float[Tensor, "r"]]:
    """Return a measure of one restart as a measure of all, each as if it were alone."""
    batched = torch.func.vmap(measure)

    def one_or_many(*parts: Tensor) -> Float[Tensor, "r"]:
        # A single restart needs no vmap, and is faster without.
        return batched(*parts) if len(parts[0]) > 1 else measure(*(part[0] for part in parts)).unsqueeze(0)

    return one_or_many
