"""Mixing photographs before training, so that no gradient is of one of them alone: mixup, and InstaHide's signs."""

from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from leaklab.protocol.defences.contract import Hooks, Place
from leaklab.settings import Refusal, knob

_FIRST, _OTHER = 3.0, 1.0  # of the Dirichlet distribution: the first photograph weighs most
_MOST = 0.65  # a mixture in which one photograph weighs more is drawn again
_DRAWS = 1000

_ALONE = (
    "Mixing needs two photographs or more, and a client has {}: give each client more photographs, or choose another "
    "defence."
)


class Mixup(Hooks):
    """Each photograph replaced by a weighted mean of several of the client's, and its label likewise.

    Coefficients are Dirichlet(3, 1, …, 1), drawn until none is above 0.65.
    Source: Zhang et al. 2018, equation 1; with several photographs as in Huang et al. 2020 and the code of GradAttack.
    """

    place: ClassVar[Place] = "photographs"
    strength: ClassVar[str] = "mixed"
    kind: Literal["mixup"] = "mixup"
    mixed: int = knob(
        4, low=1, high=8, title="Photographs in a mixture", symbol="k: Σ λⱼxⱼ, Σ λⱼyⱼ",
        help="How many of the client's photographs are laid over each other before training.",
    )  # fmt: skip

    def lacking(self, photographs: int) -> list[str]:
        """Return a sentence where there is nothing to mix a photograph with."""
        return [_ALONE.format(photographs)] if self.mixed > 1 and photographs < 2 else []

    def prepare(
        self, images: Float[Tensor, "n c h w"], targets: Float[Tensor, "n classes"], generator: torch.Generator
    ) -> tuple[Float[Tensor, "n c h w"], Float[Tensor, "n classes"]]:
        """Return as many mixtures as there are photographs.

        Raises: Refusal, when there is only one photograph.
        """
        if self.mixed == 1:
            return images, targets
        if lacking := self.lacking(len(images)):
            raise Refusal(" ".join(lacking))
        count = min(self.mixed, len(images))
        share = torch.stack([_shares(count, generator) for _ in images]).to(images)
        others = [torch.randperm(len(images) - 1, generator=generator)[: count - 1] for _ in images]
        # Of the others in a row the one's own place is left out, so that each photograph is in its mixture once.
        chosen = [torch.cat([torch.tensor([own]), rest + (rest >= own)]) for own, rest in enumerate(others)]
        picked = torch.stack(chosen).to(images.device)
        # Coefficients may add up to a hair more than 1.
        mixed = torch.einsum("nk,nkchw->nchw", share, images[picked]).clamp(0, 1)
        return mixed, torch.einsum("nk,nkc->nc", share, targets[picked])


class InstaHide(Mixup):
    """Mixup, and every pixel turned around middle grey or not, as the dice say.

    Source: Huang et al. 2020, equation 3. It was broken by Carlini et al. 2021: many mixtures of one photograph give it
    away.
    """

    kind: Literal["instahide"] = "instahide"

    def prepare(
        self, images: Float[Tensor, "n c h w"], targets: Float[Tensor, "n classes"], generator: torch.Generator
    ) -> tuple[Float[Tensor, "n c h w"], Float[Tensor, "n classes"]]:
        """Return mixtures with random signs.

        Raises: Refusal, when there is only one photograph.
        """
        mixed, soft = super().prepare(images, targets, generator)
        signs = 2 * torch.randint(0, 2, mixed.shape, generator=generator).to(mixed) - 1
        return (signs * (2 * mixed - 1) + 1) / 2, soft


def _shares(count: int, generator: torch.Generator) -> Float[Tensor, "k"]:
    """Return coefficients that add up to 1, none of them above the most."""
    strengths = torch.tensor([_FIRST] + [_OTHER] * (count - 1))
    for _ in range(_DRAWS):
        # Gamma numbers of whole shape are sums of exponential ones; divided by their sum they are Dirichlet.
        drawn = torch.stack([torch.empty(int(each)).exponential_(generator=generator).sum() for each in strengths])
        shares = drawn / drawn.sum()
        if shares.max() <= _MOST:
            return shares
    raise RuntimeError("no mixture without a heavy photograph was drawn")
