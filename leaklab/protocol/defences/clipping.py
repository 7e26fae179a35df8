"""Clipping with noise, which together is differential privacy: of a whole update, or of every photograph in a step."""

from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Float
from pydantic import field_validator
from torch import Tensor, nn

from leaklab.protocol.defences.contract import Gradient, Hooks, Imitation, Place
from leaklab.protocol.defences.guarantee import Exposure, Guarantee
from leaklab.protocol.defences.noise import normal_like
from leaklab.protocol.defences.parcel import Parcel
from leaklab.protocol.training import Pass
from leaklab.protocol.updates import Update, Weights, norm, scaled
from leaklab.settings import knob

_NOTHING_LEFT = "clipped to the length 0 an update is nothing, and nobody learns; choose 1e-6 or more"
_BATCH_NORM = (
    "DP-SGD clips the gradient of every photograph on its own, and batch norm on batch statistics gives no photograph "
    "a gradient of its own: choose running statistics, or a network without batch norm."
)


class _Clipped(Hooks):
    """What both have in common: a bound and a noise in proportion to it."""

    strength: ClassVar[str] = "noise_multiplier"

    @field_validator("bound", mode="before", check_fields=False)
    @classmethod
    def _something(cls, value: Any) -> Any:
        if value == 0:
            raise ValueError(_NOTHING_LEFT)
        return value


class Clip(_Clipped):
    """The whole update shortened to a bound, then noise in proportion to it: privacy of a client.

    Without noise it is a bare change of scale, to which an attack by cosine is blind.
    Source: McMahan et al. 2018, Algorithm 1, with the noise added by the client itself.
    """

    kind: Literal["clip"] = "clip"
    bound: float = knob(
        1.0, low=1e-6, high=1e4, log=True, title="Clip to", symbol="C: g·min(1, C/‖g‖)",
        help="The longest update a client may send; a longer one is shortened to this length.",
    )  # fmt: skip
    noise_multiplier: float = knob(
        0.0, low=0, high=10, log=True, title="Noise after the clip", symbol="σ: + N(0, σ²C²I)",
        help="Noise on every number, in units of the bound; without any, clipping promises nothing.",
    )  # fmt: skip

    def protect(self, update: Update, generator: torch.Generator) -> Update:
        """Return the update shortened to the bound, with fresh noise."""
        shortened = clipped(update, self.bound)
        if self.noise_multiplier == 0:
            return shortened
        spread = self.noise_multiplier * self.bound
        return {name: tensor + spread * normal_like(tensor, generator) for name, tensor in shortened.items()}

    def packed(self, parcel: Parcel, update: Update) -> Parcel:
        """Return all of the update where there is noise: nothing that was shortened before stays so."""
        return Parcel.of(update) if self.noise_multiplier else parcel

    def guarantee(self, exposure: Exposure) -> Guarantee | None:
        """Return the noise a round; that of several clients adds up where only their sum is seen."""
        if self.noise_multiplier == 0:
            return None
        multiplier = self.noise_multiplier * exposure.summed**0.5
        return Guarantee(multiplier, 1.0, exposure.rounds, "client", exposure.summed)

    def imitate(self, dummy: Update, seen: Update) -> Update:
        """Return what was seen, but for what is left when it is lengthened as much as the dummy would be shortened.

        The squared distance is then ‖g − g*·max(1, ‖g‖/C)‖²: that of updates that nobody has clipped, in their units.
        """
        factor = (norm(dummy) / self.bound).clamp(min=1)
        return {name: tensor + (1 - factor) * seen[name] for name, tensor in dummy.items()}


class DPSGD(_Clipped):
    """Every photograph's gradient shortened to a bound, their sum noised, in each local step: privacy of a photograph.

    Source: Abadi et al. 2016, Algorithm 1.
    """

    place: ClassVar[Place] = "local step"
    kind: Literal["dp_sgd"] = "dp_sgd"
    bound: float = knob(
        1.0, low=1e-6, high=1e4, log=True, title="Clip each photograph to", symbol="C: gₖ·min(1, C/‖gₖ‖)",
        help="The longest gradient a single photograph may have; a longer one is shortened to this length.",
    )  # fmt: skip
    noise_multiplier: float = knob(
        1.0, low=0, high=10, log=True, title="Noise of a step", symbol="σ: (Σ gₖ + N(0, σ²C²I))/B",
        help="Noise on the sum of a step's gradients, in units of the bound; more noise is a smaller ε.",
    )  # fmt: skip

    def missing(self, network: nn.Module) -> list[str]:
        """Return a sentence where a photograph has no gradient of its own."""
        mixing = any(getattr(layer, "statistics", "") == "batch" for layer in network.modules())
        return [_BATCH_NORM] if mixing else []

    def trained(self, gradient: Gradient, generator: torch.Generator) -> Gradient:
        """Return the mean of the clipped gradients of a step, with noise."""
        return self._step(gradient, generator)

    def imitated(self, network: nn.Module, seen: Update) -> Imitation:
        """Return the mean of the clipped gradients of a step."""
        return lambda gradient: self._step(gradient, None)

    def _step(self, gradient: Gradient, generator: torch.Generator | None) -> Gradient:
        def step(forward: Pass, weights: Weights, images: Tensor, targets: Tensor) -> Update:
            def of_one(number: Tensor) -> Update:
                one = number.unsqueeze(0)
                return gradient(forward.of(one), weights, images[one], targets[one])

            numbers = torch.arange(len(images), device=images.device)
            each = torch.func.vmap(of_one, chunk_size=forward.at_once or None)(numbers)
            shares = _kept(each, self.bound) / len(images)
            # Shortened while they are averaged, since all these gradients are too much memory to write once more.
            together = {name: torch.tensordot(shares, tensor, 1) for name, tensor in each.items()}
            if generator is None or self.noise_multiplier == 0:
                return together
            spread = self.noise_multiplier * self.bound / len(images)
            return {name: tensor + spread * normal_like(tensor, generator) for name, tensor in together.items()}

        return step

    def guarantee(self, exposure: Exposure) -> Guarantee | None:
        """Return the noise of every local step in all rounds."""
        if self.noise_multiplier == 0:
            return None
        return Guarantee(
            self.noise_multiplier, exposure.sample_rate, exposure.steps, "photograph", exposure.images
        )  # fmt: skip


def _kept(each: Update, bound: float) -> Float[Tensor, "n"]:
    """Return which part of its length every one of several updates keeps; their tensors have a row for each."""
    squares = sum(tensor.reshape(len(tensor), -1).square().sum(1) for tensor in each.values())
    # The slope of a root is infinite at zero, where nothing is shortened.
    return bound / squares.clamp_min(torch.finfo(squares.dtype).tiny).sqrt().clamp_min(bound)


def clipped(update: Update, bound: float) -> Update:
    """Return an update shortened to a length, its direction kept; one that is short enough stays as it is."""
    # Not min(1, C/‖g‖): the slope of C/‖g‖ at a tiny length is infinite, and nothing times infinity is no number.
    return scaled(update, bound / norm(update).clamp_min(bound))
