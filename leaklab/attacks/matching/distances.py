"""How far is the dummy's update from what was seen?

Contract: `bind(seen)` returns a function (dummy Update (r, ...)) -> (r,).
"""

from collections.abc import Callable
from typing import Annotated, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from leaklab.protocol.updates import Update
from leaklab.settings import Settings

Measure = Callable[[Update], Float[Tensor, "r"]]


class L2(Settings):
    """The squared Euclidean distance, summed over all layers: length and direction both count.

    Source: Zhu et al. 2019, equation 4.
    """

    kind: Literal["l2"] = "l2"

    def bind(self, seen: Update) -> Measure:
        """Return the distance to one update."""
        return lambda dummy: sum((dummy[name] - seen[name]).square().flatten(1).sum(1) for name in seen)


class Cosine(Settings):
    """One minus the cosine of the angle between the two updates: only the direction counts.

    Source: Geiping et al. 2020, equation 4; one angle over the concatenation of all layers.
    """

    kind: Literal["cosine"] = "cosine"

    def bind(self, seen: Update) -> Measure:
        """Return the distance to the direction of one update."""
        target = torch.cat([part.flatten() for part in seen.values()])
        target = target / target.norm().clamp_min(torch.finfo(target.dtype).tiny)

        def measure(dummy: Update) -> Float[Tensor, "r"]:
            rows = torch.cat([dummy[name].flatten(1) for name in seen], 1)
            lengths = rows.norm(dim=1, keepdim=True).clamp_min(torch.finfo(rows.dtype).tiny)
            # Half the squared chord is 1 - cos, without its cancellation near zero.
            return (rows / lengths - target).square().sum(1) / 2

        return measure


Distance = Annotated[L2 | Cosine, Field(discriminator="kind")]
