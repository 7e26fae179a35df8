"""Search the pixels themselves."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from leaklab.protocol.observation import Observation
from leaklab.settings import Settings, knob


class Pixels(Settings):
    """Every pixel is a number of its own; the search starts from random noise."""

    kind: Literal["pixels"] = "pixels"
    start: Literal["normal", "uniform"] = knob(
        "normal", title="Start", symbol="x₀", level="advanced",
        help="The noise the search starts from: bell-shaped around zero, or even between black and white.",
    )  # fmt: skip
    scale: float = knob(
        1.0, low=1e-3, high=2, log=True, title="Init scale", symbol="σ: x₀ = σ·noise",
        help="How strong the noise is from which the search starts; a small value starts from near black.",
    )  # fmt: skip
    boxed: bool = knob(
        False, title="Keep pixels in range", symbol="x ∈ [0, 1]", level="advanced",
        help="After every step push each pixel back between black and white.",
    )  # fmt: skip

    def bind(self, observation: Observation) -> "PixelSpace":
        """Return the space of as many images as the observation holds."""
        return PixelSpace(self, (observation.num_images, *observation.image_shape))


@dataclass(frozen=True)
class PixelSpace:
    """The pixels of a fixed number of images as one row of numbers."""

    settings: Pixels
    shape: tuple[int, int, int, int]

    def start(self, generator: torch.Generator) -> Float[Tensor, "d"]:
        """Return the noise one restart starts from."""
        draw = torch.randn if self.settings.start == "normal" else torch.rand
        return self.settings.scale * draw(self.shape, generator=generator).flatten()

    def decode(self, code: Float[Tensor, "r d"]) -> Float[Tensor, "r n c h w"]:
        """Return the code as images."""
        return code.unflatten(1, self.shape)

    def project(self, code: Float[Tensor, "r d"]) -> Float[Tensor, "r d"]:
        """Return the code with every pixel inside the box, when there is one."""
        return code.clamp(0, 1) if self.settings.boxed else code
