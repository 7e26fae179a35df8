"""What a defence may do, and when: every hook does nothing here, and a defence fills in those it is about.

Contract, in the order of a client's work:

    lacking(photographs)                  sentences that keep it from working for a client of so many photographs
    missing(network)                      sentences that keep the defence from working with this network
    rebuilt(network, generator)           a network with layers of the defence's own, agreed on before the first round
    prepare(images, targets, generator)   what the client trains on instead of its photographs
    drawn(forward, count, generator)      the network with fresh dice in its layers, once a local step
    trained(gradient, generator)          what the client computes in each local step instead of the plain gradient
    protect(update, generator)            what it sends instead of its update
    packed(parcel, update)                what of it has to go over the wire
    guarantee(exposure)                   the noise that an accountant makes an epsilon of, where there is any

What an attacker does who knows of the defence, but not of its dice:

    imitated(network, seen)               gradient -> the same step, as far as it can be done without dice
    imitate(dummy, seen)                  its dummy update as it would have been sent, differentiable
    ignored(seen)                         names of the tensors from which it learns nothing
"""

from collections.abc import Callable
from typing import ClassVar, Literal

from jaxtyping import Float
from torch import Generator, Tensor, nn

from leaklab.protocol.defences.guarantee import Exposure, Guarantee
from leaklab.protocol.defences.parcel import Parcel
from leaklab.protocol.training import Pass
from leaklab.protocol.updates import Update, Weights
from leaklab.settings import Settings

# The network comes along, since the images of one part have dice of their own in its layers.
Gradient = Callable[[Pass, Weights, Float[Tensor, "n c h w"], Float[Tensor, "n classes"]], Update]
Imitation = Callable[[Gradient], Gradient]
Place = Literal["photographs", "network", "local step", "update"]


class Hooks(Settings):
    """A defence that does nothing at all: what the others have in common."""

    place: ClassVar[Place] = "update"  # where in the protocol it works
    strength: ClassVar[str] = ""  # the knob that says how strong it is

    def lacking(self, photographs: int) -> list[str]:
        """Return what keeps this from working for a client of so many photographs, as sentences."""
        return []

    def missing(self, network: nn.Module) -> list[str]:
        """Return what keeps this from working with a network, as sentences."""
        return []

    def rebuilt(self, network: nn.Module, generator: Generator) -> nn.Module:
        """Return the network that everybody trains."""
        return network

    def prepare(
        self, images: Float[Tensor, "n c h w"], targets: Float[Tensor, "n classes"], generator: Generator
    ) -> tuple[Float[Tensor, "n c h w"], Float[Tensor, "n classes"]]:
        """Return what is trained on."""
        return images, targets

    def drawn(self, forward: Pass, count: int, generator: Generator) -> Pass:
        """Return the network as it is in one local step over a number of images."""
        return forward

    def trained(self, gradient: Gradient, generator: Generator) -> Gradient:
        """Return what stands for the gradient of a local step."""
        return gradient

    def imitated(self, network: nn.Module, seen: Update) -> Imitation:
        """Return how somebody changes the gradient of a local step who saw an update and does not know the dice."""
        return lambda gradient: gradient

    def protect(self, update: Update, generator: Generator) -> Update:
        """Return what is sent."""
        return update

    def packed(self, parcel: Parcel, update: Update) -> Parcel:
        """Return what goes over the wire, of an update that was to be sent in some way so far."""
        return parcel

    def guarantee(self, exposure: Exposure) -> Guarantee | None:
        """Return what an accountant needs for an epsilon; None, since most defences promise nothing."""
        return None

    def imitate(self, dummy: Update, seen: Update) -> Update:
        """Return a dummy update as it would have been sent, by somebody who does not know the dice."""
        return dummy

    def ignored(self, seen: Update) -> frozenset[str]:
        """Return the names of tensors that say nothing to somebody who knows of this defence."""
        return frozenset()
