"""Search the weights of a network that was never trained: what it can draw easily looks like a photograph."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from leaklab.attacks.matching.memory import GIB, available
from leaklab.attacks.matching.spaces import generators
from leaklab.attacks.matching.spaces.bound import Bound
from leaklab.attacks.matching.spaces.generators import DCGAN, Architecture, CINet
from leaklab.protocol.observation import Observation
from leaklab.settings import Settings, knob

_FIRST = {"paper": 8, "code": 32}  # the smallest widths the two rules try
_CODES, _MAPS = 20, 4  # copies of a code and of its maps that are held at once: measured
_FLOAT32 = 4  # bytes a number, where no update tells


class Untrained(Settings):
    """A fresh network draws all images from fixed noise; its weights are searched instead of pixels.

    Source: Ulyanov et al. 2018 (an untrained network as a prior); Zhang et al. 2023, section 4 (CI-Net).
    """

    kind: Literal["untrained"] = "untrained"
    architecture: Literal["ci-net", "dcgan"] = knob(
        "ci-net", title="Generator", symbol="G(z; θ)", level="advanced",
        help="The network that draws: CI-Net, made for this attack, or DCGAN, made to invent photographs.",
    )  # fmt: skip
    width: int = knob(
        0, low=0, high=2048, title="Generator's width", symbol="c",
        help="Channels of its first layers; 0 takes what the rule says, and 512 for DCGAN.",
    )  # fmt: skip
    rule: Literal["paper", "code"] = knob(
        "paper", title="Width by", symbol="P(G) > P(F), or P(G) > 4·n·h·w", level="advanced",
        help="CI-Net's width doubles until it has more weights than the attacked network, or than four a pixel.",
    )  # fmt: skip
    upsampling: Literal["nearest", "bilinear"] = knob(
        "nearest", title="Growing by", level="advanced",
        help="How CI-Net doubles its maps: repeating each point makes neighbours agree from the start.",
    )  # fmt: skip
    spectral_norm: bool = knob(
        True, title="Spectral norm", symbol="W / σ(W)", level="advanced",
        help="Divide each of CI-Net's convolutions by its largest singular value, which steadies the search.",
    )  # fmt: skip

    def generator(self, observation: Observation) -> Architecture:
        """Return the network that is to draw the images, its width found by the rule where none is given."""
        channels, side, _ = observation.image_shape
        if self.architecture == "dcgan":
            return DCGAN(self.width or 512, side, channels)
        if self.width:
            return self._ci_net(self.width, observation)
        enough = 4 * observation.num_images * side**2
        if self.rule == "paper":
            enough = sum(tensor.numel() for tensor in observation.network.parameters())
        width = _FIRST[self.rule]
        while generators.count(self._ci_net(width, observation)) <= enough:
            width *= 2
        return self._ci_net(width, observation)

    def missing(self, observation: Observation, *, restarts: int = 1) -> list[str]:
        """Return what keeps this from working, as sentences: the size of the images, or the memory."""
        _, high, wide = observation.image_shape
        able = generators.sides(generators.LARGEST)
        if high != wide or high not in able:
            *most, last = map(str, able)
            return [
                f"An untrained generator doubles {able[0]} pixels until the image is full and cannot draw "
                f"{high}x{wide}: choose an image size of {', '.join(most)} or {last}."
            ]
        return self._crowded(observation, restarts)

    def bind(self, observation: Observation) -> "UntrainedSpace":
        """Return the space of one generator's weights that draws as many images as the observation holds."""
        return UntrainedSpace(self.generator(observation), observation.num_images)

    def _ci_net(self, width: int, observation: Observation) -> CINet:
        channels, side, _ = observation.image_shape
        return CINet(width, side, channels, self.upsampling, self.spectral_norm)

    def _crowded(self, observation: Observation, restarts: int) -> list[str]:
        bound, seen = self.bind(observation), list(observation.update.values())
        bytes_each, device = (seen[0].element_size(), seen[0].device) if seen else (_FLOAT32, torch.device("cpu"))
        needed, there = bytes_each * restarts * bound.held, available(device)
        if there is None or needed <= there:
            return []
        others = {
            "fewer restarts": restarts > 1,
            "fewer images": bound.num_images > 1,
            "float32": bytes_each > _FLOAT32,
        }
        mends = ["a smaller generator's width", *(mend for mend, helps in others.items() if helps)]
        return [
            f"The untrained generator of width {bound.generator.width} has {generators.count(bound.generator):,} "
            f"weights and needs about {needed / GIB:,.1f} GiB for {_many(restarts, 'restart')} of "
            f"{_many(bound.num_images, 'image')}, and there are {there / GIB:,.1f} GiB: choose {' or '.join(mends)}."
        ]


@dataclass(frozen=True)
class UntrainedSpace(Bound):
    """The weights of a generator, behind the noise it draws from, as one row of numbers.

    The noise has no gradient: an optimiser leaves it where a restart began, and a code holds all of its images.
    """

    generator: Architecture
    num_images: int

    @property
    def held(self) -> int:
        """How many numbers one restart holds at most, while its gradient is traced."""
        numbers = self._noise + generators.count(self.generator)
        return _CODES * numbers + _MAPS * self.num_images * self.generator.maps()

    @property
    def _noise(self) -> int:
        return self.num_images * self.generator.latent

    def start(self, dice: torch.Generator) -> Float[Tensor, "d"]:
        """Return the noise of one restart and the fresh weights that follow it."""
        return torch.cat([torch.randn(self._noise, generator=dice), generators.drawn(self.generator, dice)])

    def decode(self, code: Float[Tensor, "r d"]) -> Float[Tensor, "r n c h w"]:
        """Return the images that each restart's generator draws."""
        if len(code) > 1:
            return torch.func.vmap(self._images)(code)
        layout = self.generator.layout if code.device.type == "cpu" else torch.contiguous_format
        return self._images(code[0], layout).unsqueeze(0)

    def _images(self, row: Float[Tensor, "d"], layout: torch.memory_format = torch.contiguous_format) -> Tensor:
        noise, weights = row[: self._noise].detach(), generators.named(self.generator, row[self._noise :])
        laid = {
            name: part.contiguous(memory_format=layout) if part.ndim == 4 else part for name, part in weights.items()
        }
        return self.generator(laid, noise.unflatten(0, (self.num_images, self.generator.latent)))


def _many(count: int, word: str) -> str:
    return f"{count} {word}" + "s" * (count != 1)
