"""Search the weights of a generator, a copy for every image: so it can draw what it has never learnt to."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from leaklab.attacks.generative.fitting import Fit
from leaklab.attacks.matching.memory import GIB, available
from leaklab.attacks.matching.spaces import generators
from leaklab.attacks.matching.spaces.bound import Bound, Codes
from leaklab.attacks.matching.spaces.brought import Brought, WithGenerator
from leaklab.protocol.observation import Observation

_CODES, _MAPS = 16, 4  # copies of a code and of its maps that are held at once, about as with an untrained generator
_FLOAT32 = 4  # bytes a number, where no update tells


class GeneratorWeights(WithGenerator):
    """Every image has a copy of the generator to itself, whose weights are searched; its latent numbers stay.

    After a stage that found latent numbers, those of its best restart are taken. What is searched is by how much the
    weights have moved, from nothing. Source: Jeon et al. 2021, section 3.2; Fang et al. 2024, equation 8.
    """

    kind: Literal["generator_weights"] = "generator_weights"
    holds: ClassVar[tuple[str, ...]] = ("latent", "weights")

    def missing(self, observation: Observation, *, restarts: int = 1) -> list[str]:
        """Return what keeps this from working, as sentences: the generator, or the memory for its copies."""
        return self.ill_suited(observation) or self._crowded(observation, restarts)

    def bind(self, observation: Observation) -> "WeightsSpace":
        """Return the space of as many copies of the generator as the observation holds images."""
        brought = self.brought(observation)
        return WeightsSpace(brought.to(observation.like.device), brought.fit(observation), observation.num_images)

    def _crowded(self, observation: Observation, restarts: int) -> list[str]:
        generator, seen = self.brought(observation).generator, list(observation.update.values())
        bytes_each, device = (seen[0].element_size(), seen[0].device) if seen else (_FLOAT32, torch.device("cpu"))
        copies, weights = restarts * observation.num_images, generators.count(generator)
        needed, there = bytes_each * copies * (_CODES * weights + _MAPS * generator.maps()), available(device)
        if there is None or needed <= there:
            return []
        fewer = {"restarts": restarts > 1, "photographs": observation.num_images > 1}
        mends = [f"fewer {word}" for word, helps in fewer.items() if helps] or ["a smaller generator"]
        return [
            f"The generator has {weights:,} weights, of which every photograph and restart has a copy: {copies} of "
            f"them need about {needed / GIB:,.1f} GiB, and there are {there / GIB:,.1f} GiB: "
            f"choose {' or '.join(mends)}."
        ]


@dataclass(frozen=True)
class WeightsSpace(Bound):
    """By how much a generator's weights have moved for each image, behind the images' latent numbers, as one row.

    Latent numbers have no gradient: an optimiser leaves them where they are.
    """

    brought: Brought
    fit: Fit
    num_images: int

    @property
    def remark(self) -> str:
        """What is made of the generator's pictures, where anything is."""
        return self.fit.remark

    @property
    def maps(self) -> int:
        """How many numbers one row leaves behind on its way to images."""
        return self.num_images * (self.brought.generator.maps() + self.brought.row.numel())

    @property
    def _numbers(self) -> list[int]:
        return [self.num_images * self.brought.generator.latent, self.num_images * self.brought.row.numel()]

    def start(self, dice: torch.Generator) -> Float[Tensor, "d"]:
        """Return the latent numbers of one restart, and weights that have not moved."""
        latent, weights = self._numbers
        return torch.cat([torch.randn(latent, generator=dice), torch.zeros(weights)])

    def decode(self, code: Float[Tensor, "r d"]) -> Float[Tensor, "r n c h w"]:
        """Return the images that each copy of the generator draws."""
        noise, shifts = (part.reshape(len(code) * self.num_images, -1) for part in code.split(self._numbers, 1))
        # One after another: a grouped convolution, which vmap would make of them, is several times slower.
        each = zip(noise.detach().unbind(), shifts.unbind(), strict=True)
        drawn = torch.cat([self.brought.pictures(one[None], shift) for one, shift in each])
        return self.fit.back(drawn).unflatten(0, (len(code), self.num_images))

    def codes(self, code: Float[Tensor, "r d"]) -> Codes:
        """Return the latent numbers, and by how much the weights have moved."""
        return dict(zip(("latent", "weights"), code.split(self._numbers, 1), strict=True))

    def alone(self, codes: Codes) -> bool:
        """Return that the best restart alone goes on: every copy of the weights is millions of numbers."""
        return True

    def resumed(self, codes: Codes, images: Float[Tensor, "r n c h w"]) -> tuple["Bound", Float[Tensor, "r d"]] | None:
        """Return the code of the latent numbers that were found, with the weights where an earlier stage left them."""
        latent, shift = codes.get("latent"), codes.get("weights")
        numbers, weights = self._numbers
        if latent is None or latent.shape[1] != numbers or (shift is not None and shift.shape[1] != weights):
            return None
        return self, torch.cat([latent, latent.new_zeros(len(latent), weights) if shift is None else shift], 1)
