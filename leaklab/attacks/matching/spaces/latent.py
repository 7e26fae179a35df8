"""Search the latent numbers of a generator: whatever they are, what it draws is such as it has learnt to draw."""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from leaklab.attacks.generative.fitting import Fit
from leaklab.attacks.matching.spaces.bound import Bound, Codes
from leaklab.attacks.matching.spaces.brought import Brought, WithGenerator
from leaklab.protocol.observation import Observation
from leaklab.settings import knob


class GeneratorLatent(WithGenerator):
    """A generator draws every image from a hundred numbers, and those are searched.

    After a stage that moved the generator's weights they stay moved, each image's its own.

    Source: Jeon et al. 2021, section 3.2; Li et al. 2022, equation 4; Fang et al. 2024, equation 7.
    """

    kind: Literal["generator_latent"] = "generator_latent"
    holds: ClassVar[tuple[str, ...]] = ("latent",)
    start: Literal["normal", "zero"] = knob(
        "normal", title="Start", symbol="z₀", level="advanced",
        help="Whether the search starts from bell-shaped noise, as the generator was trained on, or from zero, the "
        "middle of all it draws, where CMA-ES spreads out from.",
    )  # fmt: skip

    def missing(self, observation: Observation, *, restarts: int = 1) -> list[str]:
        """Return what keeps this from working, as sentences: a generator that is not there or draws something else."""
        return self.ill_suited(observation)

    def bind(self, observation: Observation) -> "LatentSpace":
        """Return the space of the latent numbers of as many images as the observation holds."""
        brought = self.brought(observation)
        return LatentSpace(
            brought.to(observation.like.device), brought.fit(observation), observation.num_images, self.start == "zero"
        )


@dataclass(frozen=True)
class LatentSpace(Bound):
    """The latent numbers of a fixed number of images as one row, and the generator they are for."""

    brought: Brought
    fit: Fit
    num_images: int
    from_zero: bool = False
    moved: Float[Tensor, "n w"] | None = None  # by how much an earlier stage moved the weights, for every image

    @property
    def remark(self) -> str:
        """What is made of the generator's pictures, where anything is."""
        return self.fit.remark

    @property
    def maps(self) -> int:
        """How many numbers one row leaves behind on its way to images."""
        return self.num_images * self.brought.generator.maps()

    def start(self, dice: torch.Generator) -> Float[Tensor, "d"]:
        """Return the latent numbers one restart starts from."""
        numbers = self.num_images * self.brought.generator.latent
        return torch.zeros(numbers) if self.from_zero else torch.randn(numbers, generator=dice)

    def decode(self, code: Float[Tensor, "r d"]) -> Float[Tensor, "r n c h w"]:
        """Return the images that are drawn from the numbers, all by the same weights or each by its own."""
        noise = code.unflatten(1, (self.num_images, -1))
        if self.moved is None:
            drawn = self.brought.pictures(noise.flatten(0, 1))
        else:
            each = zip(noise.unbind(1), self.moved, strict=True)
            drawn = torch.stack([self.brought.pictures(part, shift) for part, shift in each], 1).flatten(0, 1)
        return self.fit.back(drawn).unflatten(0, (len(code), self.num_images))

    def codes(self, code: Float[Tensor, "r d"]) -> Codes:
        """Return the latent numbers, and the shift of the weights where there is one."""
        if self.moved is None:
            return {"latent": code}
        return {"latent": code, "weights": self.moved.flatten().expand(len(code), -1)}

    def alone(self, codes: Codes) -> bool:
        """Return whether weights were moved: those of one restart can be kept, and no more."""
        return "weights" in codes

    def resumed(self, codes: Codes, images: Float[Tensor, "r n c h w"]) -> tuple["Bound", Float[Tensor, "r d"]] | None:
        """Return the space with the weights that an earlier stage has moved, and its latent numbers."""
        latent, shift = codes.get("latent"), codes.get("weights")
        weights = self.brought.row.numel()
        if latent is None or latent.shape[1] != self.num_images * self.brought.generator.latent:
            return None
        if shift is None:
            return self, latent
        if shift.shape[1] != self.num_images * weights:
            return None
        return replace(self, moved=shift[0].unflatten(0, (self.num_images, weights))), latent
