"""Search small images that bicubic interpolation enlarges: fewer numbers than pixels, and none but smooth answers."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from leaklab.attacks.matching.spaces.bound import Bound
from leaklab.protocol.observation import Observation
from leaklab.settings import Settings, knob


class Bicubic(Settings):
    """Every image is a smaller one, enlarged by bicubic interpolation.

    Source: Yue et al. 2023 (ROG); the published code enlarges 32x32 to 128x128, from a uniform start.
    """

    kind: Literal["bicubic"] = "bicubic"
    factor: int = knob(
        4, low=2, high=16, title="Enlarged by", symbol="s: u is h/s × w/s",
        help="How many pixels one number of the code spans in height and width; larger is blurrier but easier to find.",
    )  # fmt: skip
    start: Literal["normal", "uniform"] = knob(
        "uniform", title="Start", symbol="u₀", level="advanced",
        help="The noise the search starts from: bell-shaped around zero, or even between black and white.",
    )  # fmt: skip
    scale: float = knob(
        1.0, low=1e-3, high=2, log=True, title="Init scale", symbol="σ: u₀ = σ·noise",
        help="How strong the noise is from which the search starts; a small value starts from near black.",
    )  # fmt: skip
    boxed: bool = knob(
        False, title="Keep pixels in range", symbol="u ∈ [0, 1]", level="advanced",
        help="After every step push each pixel of the small images back between black and white.",
    )  # fmt: skip

    def missing(self, observation: Observation, *, restarts: int = 1) -> list[str]:
        """Return what keeps this from working: a factor that does not divide the images."""
        _, high, wide = observation.image_shape
        if high % self.factor == 0 and wide % self.factor == 0:
            return []
        able = [str(factor) for factor in range(2, 17) if high % factor == 0 and wide % factor == 0]
        mend = f"choose {' or '.join(able)}, or another image size" if able else "choose another image size"
        return [f"Images of {high}x{wide} pixels cannot be enlarged by {self.factor} from whole pixels: {mend}."]

    def bind(self, observation: Observation) -> "BicubicSpace":
        """Return the space of as many small images as the observation holds large ones."""
        channels, high, wide = observation.image_shape
        shape = (observation.num_images, channels, high // self.factor, wide // self.factor)
        rows, columns = (enlarging(size, self.factor).to(observation.like) for size in shape[2:])
        return BicubicSpace(self, shape, rows, columns)


@dataclass(frozen=True)
class BicubicSpace(Bound):
    """The pixels of a fixed number of small images as one row of numbers."""

    settings: Bicubic
    shape: tuple[int, int, int, int]
    rows: Float[Tensor, "h u"]
    columns: Float[Tensor, "w v"]

    def start(self, generator: torch.Generator) -> Float[Tensor, "d"]:
        """Return the noise one restart starts from."""
        draw = torch.randn if self.settings.start == "normal" else torch.rand
        return self.settings.scale * draw(self.shape, generator=generator).flatten()

    def decode(self, code: Float[Tensor, "r d"]) -> Float[Tensor, "r n c h w"]:
        """Return the small images enlarged."""
        return self.rows @ code.unflatten(1, self.shape) @ self.columns.mT

    def encode(self, images: Float[Tensor, "r n c h w"]) -> Float[Tensor, "r d"]:
        """Return the code whose images come nearest to given ones, in the least squares."""
        return (self.rows.pinverse() @ images @ self.columns.pinverse().mT).flatten(1)

    def project(self, code: Float[Tensor, "r d"]) -> Float[Tensor, "r d"]:
        """Return the code with every small pixel inside the box, when there is one."""
        return code.clamp(0, 1) if self.settings.boxed else code


def enlarging(size: int, factor: int) -> Float[Tensor, "large size"]:
    """Return bicubic interpolation along one side as a matrix: it is linear, and the same along rows and columns.

    Source: Keys 1981 with a = -0.75, as PyTorch interpolates with `align_corners=False`.
    """
    points = torch.eye(size, dtype=torch.float64)[:, :, None]
    return functional.interpolate(points[None], (factor * size, 1), mode="bicubic")[0, :, :, 0].mT
