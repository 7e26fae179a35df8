"""What a client may do so that less is given away: every defence, and a chain of them in order.

Every party knows the algorithm, nobody else the dice. A defence is its own settings; `contract.py` says what it may do
and when.
"""

from typing import Annotated

import torch
from pydantic import Field
from torch import nn

from leaklab.protocol.defences.clipping import DPSGD, Clip
from leaklab.protocol.defences.dropping import Dropout
from leaklab.protocol.defences.mixing import InstaHide, Mixup
from leaklab.protocol.defences.noise import GaussianNoise, LaplaceNoise
from leaklab.protocol.defences.parcel import Parcel
from leaklab.protocol.defences.precode import PRECODE
from leaklab.protocol.defences.pruning import RandomK, TopK
from leaklab.protocol.defences.quantising import QSGD, Sign, Uniform
from leaklab.protocol.defences.soteria import Soteria
from leaklab.protocol.updates import Update
from leaklab.settings import Refusal

Defence = Annotated[
    GaussianNoise | LaplaceNoise | Clip | DPSGD | TopK | RandomK | QSGD | Uniform | Sign | Soteria | PRECODE | Dropout
    | Mixup | InstaHide,
    Field(discriminator="kind"),
]  # fmt: skip


def check(network: nn.Module, defences: tuple[Defence, ...]) -> None:
    """Raise when a defence cannot work with a network.

    Raises: Refusal, in a sentence.
    """
    if missing := [line for defence in defences for line in defence.missing(network)]:
        raise Refusal(" ".join(missing))


def rebuilt(network: nn.Module, defences: tuple[Defence, ...], generator: torch.Generator) -> nn.Module:
    """Return the network that everybody trains, with the layers that defences put into it.

    Raises: Refusal, when a defence cannot work with it.
    """
    check(network, defences)
    for defence in defences:
        network = defence.rebuilt(network, generator)
    return network


def protect(update: Update, defences: tuple[Defence, ...], generator: torch.Generator) -> Update:
    """Return the update after every defence in order."""
    for defence in defences:
        update = defence.protect(update, generator)
    return update


def parcel(update: Update, defences: tuple[Defence, ...]) -> Parcel:
    """Return the size of what goes over the wire."""
    packed = Parcel.of(update)
    for defence in defences:
        packed = defence.packed(packed, update)
    return packed
