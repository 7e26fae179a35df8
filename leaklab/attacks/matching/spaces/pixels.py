"""Search the pixels themselves."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from leaklab.attacks.matching.spaces.bound import Bound
from leaklab.protocol.observation import Observation
from leaklab.settings import Settings, knob


class Pixels(Settings):
    """Every pixel is a number of its own; the search starts from noise, a pattern, or one plain tone.

    Source: Zhu et al. 2019 (normal); Wei et al. 2020 (patterned), by its code: an evenly random tile.
    """

    kind: Literal["pixels"] = "pixels"
    start: Literal["normal", "uniform", "patterned", "grey", "black"] = knob(
        "normal", title="Start", symbol="x₀", level="advanced",
        help="What the search starts from: noise that is bell-shaped around zero, or even between black and white; a "
        "small even tile, repeated; noise around middle grey; or plain black, the same in every restart.",
    )  # fmt: skip
    scale: float = knob(
        1.0, low=1e-3, high=2, log=True, title="Init scale", symbol="σ: x₀ = σ·noise",
        help="How strong the noise is from which the search starts; a small value starts from near one plain tone.",
    )  # fmt: skip
    tile: int = knob(
        4, low=1, high=64, unit="px", level="advanced",
        help="Width and height of the tile that a patterned start repeats.",
    )  # fmt: skip
    boxed: bool = knob(
        False, title="Keep pixels in range", symbol="x ∈ [0, 1]", level="advanced",
        help="After every step push each pixel back between black and white.",
    )  # fmt: skip

    def missing(self, observation: Observation, *, restarts: int = 1) -> list[str]:
        """Return what keeps this from working: nothing."""
        return []

    def bind(self, observation: Observation) -> "PixelSpace":
        """Return the space of as many images as the observation holds."""
        return PixelSpace(self, (observation.num_images, *observation.image_shape))


@dataclass(frozen=True)
class PixelSpace(Bound):
    """The pixels of a fixed number of images as one row of numbers."""

    settings: Pixels
    shape: tuple[int, int, int, int]

    def start(self, generator: torch.Generator) -> Float[Tensor, "d"]:
        """Return what one restart starts from."""
        drawn = {
            "normal": self._normal, "uniform": self._even, "patterned": self._tiled,
            "grey": self._normal, "black": self._nothing,
        }  # fmt: skip
        noise = self.settings.scale * drawn[self.settings.start](generator).flatten()
        return 0.5 + noise if self.settings.start == "grey" else noise

    def decode(self, code: Float[Tensor, "r d"]) -> Float[Tensor, "r n c h w"]:
        """Return the code as images."""
        return code.unflatten(1, self.shape)

    def encode(self, images: Float[Tensor, "r n c h w"]) -> Float[Tensor, "r d"]:
        """Return images as the code."""
        return images.flatten(1)

    def project(self, code: Float[Tensor, "r d"]) -> Float[Tensor, "r d"]:
        """Return the code with every pixel inside the box, when there is one."""
        return code.clamp(0, 1) if self.settings.boxed else code

    def _normal(self, generator: torch.Generator) -> Float[Tensor, "n c h w"]:
        return torch.randn(self.shape, generator=generator)

    def _even(self, generator: torch.Generator) -> Float[Tensor, "n c h w"]:
        return torch.rand(self.shape, generator=generator)

    def _tiled(self, generator: torch.Generator) -> Float[Tensor, "n c h w"]:
        (count, channels, high, wide), side = self.shape, self.settings.tile
        tile = torch.rand((count, channels, side, side), generator=generator)
        return tile.tile((1, 1, -(-high // side), -(-wide // side)))[:, :, :high, :wide]

    def _nothing(self, generator: torch.Generator) -> Float[Tensor, "n c h w"]:
        return torch.zeros(self.shape)
