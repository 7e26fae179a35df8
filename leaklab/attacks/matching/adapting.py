"""The attacker who knows of defences: it makes its dummy update as the client would have, and passes over the rest.

Source: Li et al. 2022 (GGL), section 3.3, whose published code estimates the bound of a clip and the mask of a pruning.
"""

from typing import Literal

import torch

from leaklab.attacks.matching.distances import Distance, Measure
from leaklab.attacks.matching.estimating import estimated
from leaklab.protocol.defences import Defence
from leaklab.protocol.observation import Observation
from leaklab.protocol.updates import Update

Adapt = Literal["no", "told", "estimated"]

_NOT_TOLD = (
    "The attacker is to adapt to the defences it was told of, and was told of none: tick 'Defences are told', or let "
    "it estimate them."
)


def missing(observation: Observation, how: Adapt) -> list[str]:
    """Return what keeps an attacker from adapting, as sentences."""
    return [_NOT_TOLD] if how == "told" and observation.defences is None else []


def known(observation: Observation, how: Adapt) -> tuple[Defence, ...]:
    """Return the defences an attacker reckons with: none, those it was told of, or those it makes out."""
    if how == "no":
        return ()
    return estimated(observation) if how == "estimated" else observation.defences or ()


def adapted(distance: Distance, seen: Update, defences: tuple[Defence, ...]) -> Measure:
    """Return the distance to what was seen of a dummy update as it would have been sent."""
    ignored = frozenset[str]().union(*(defence.ignored(seen) for defence in defences))
    kept = {name: tensor for name, tensor in seen.items() if name not in ignored} or seen
    compare = distance.bind(kept)
    if not defences:
        return compare

    def sent(dummy: Update) -> Update:
        for defence in defences:
            dummy = defence.imitate(dummy, seen)
        return dummy

    return lambda dummy: compare(torch.func.vmap(sent)(dummy))
