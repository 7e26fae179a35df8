"""Secure aggregation: masks that hide every client's update from the server and cancel in the sum.

Every two clients share a mask that one adds and the other subtracts. In whole numbers modulo 2^64 that is exact: one
masked update is uniform noise, and their sum is the sum of the updates to the last bit. The agreement of keys and the
recovery of clients that drop out are left out, for they do not change what anybody sees.
Source: Bonawitz et al. 2017, section 4.
"""

from collections.abc import Sequence
from itertools import combinations

import torch
from jaxtyping import Int64
from torch import Tensor

from leaklab.protocol.updates import Update, flatten
from leaklab.settings import Refusal

Masked = dict[str, Int64[Tensor, "..."]]

_ONE = 2.0**40  # the whole number that stands for 1
_MOST = 2.0**22  # the largest sum that is taken; 2^23 no longer fits in 64 bits
_TOO_LARGE = (
    "Secure aggregation counts in whole numbers that hold sums of up to {:,.0f}, and the clients' updates, each times "
    "its number of photographs, add up to {:,.4g}: lower the local learning rate or take fewer local steps, or turn "
    "secure aggregation off."
)


def masked(updates: Sequence[Update], counts: Sequence[int], generator: torch.Generator) -> list[Masked]:
    """Return what each client sends: its update times its number of images, in fixed point and masked.

    A client alone has nobody to share a mask with and sends its update as it is.
    Raises: Refusal, when the updates are too large for the fixed point or not finite.
    """
    rows = [count * flatten(update).detach().cpu().double() for update, count in zip(updates, counts, strict=True)]
    largest = float(sum(row.abs() for row in rows).max())
    if not largest <= _MOST:
        raise Refusal(_TOO_LARGE.format(_MOST, largest))
    hidden = [(row * _ONE).round().to(torch.int64) for row in rows]
    pairs = list(combinations(range(len(rows)), 2))
    seeds = torch.randint(2**62, (len(pairs),), generator=generator).tolist()
    mask = torch.empty_like(hidden[0])
    for (one, other), seed in zip(pairs, seeds, strict=True):
        mask.random_(-(2**63), None, generator=torch.Generator().manual_seed(seed))  # every whole number of 64 bits
        hidden[one] += mask
        hidden[other] -= mask
    return [_named(row, update) for row, update in zip(hidden, updates, strict=True)]


def mean(hidden: Sequence[Masked], counts: Sequence[int], *, like: Update) -> Update:
    """Return the average update, weighted by images, that the server reads from the sum; in type and place as `like`.

    Only with every client's share do the masks cancel.
    """
    total = {name: sum(update[name] for update in hidden) for name in like}
    return _decoded(total, sum(counts), like)


def seen(hidden: Sequence[Masked], counts: Sequence[int], *, like: Update) -> list[Update]:
    """Return what the server reads of each client by itself: noise, unless the client is alone."""
    return [_decoded(update, count, like) for update, count in zip(hidden, counts, strict=True)]


def _named(row: Int64[Tensor, "numbers"], like: Update) -> Masked:
    parts = row.split([tensor.numel() for tensor in like.values()])
    return {name: part.view(tensor.shape) for (name, tensor), part in zip(like.items(), parts, strict=True)}


def _decoded(fixed: Masked, count: int, like: Update) -> Update:
    return {name: (fixed[name].double() / (_ONE * count)).to(tensor) for name, tensor in like.items()}
