"""The mean of every block of pixels as a measurement, with its singular values written down: one number a block.

H is the mean of s x s pixels of one channel: H = U·Σ·Vᵀ with U = 1, one singular value 1/s a block, and V an
orthonormal basis of the block whose first vector is constant, 1/s. So H·Hᵀ = 1/s² and H^+ repeats a number s² times.

Source: Kawar et al. 2022 (DDRM), appendix D.3.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Blocks:
    """Pictures in the basis of their blocks; the last axis holds the s² numbers of one, the constant part first."""

    side: int  # pixels of a block, s; a block of one pixel is the picture itself

    def basis(self, like: Tensor) -> Float[Tensor, "k k"]:
        """Return an orthonormal basis of a block as rows, the first one constant."""
        count = self.side**2
        whole = torch.eye(count, dtype=torch.float64)
        # The mirror between the first axis and the constant direction is orthonormal, and its own inverse.
        normal = whole[0] - 1 / self.side
        mirror = whole - 2 * normal.outer(normal) / normal.dot(normal) if count > 1 else whole
        return mirror.to(like)

    def analysed(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c a b k"]:
        """Return Vᵀ·x: what each block consists of."""
        side = self.side
        blocks = images.unflatten(3, (-1, side)).unflatten(2, (-1, side)).movedim(3, 4)
        return blocks.flatten(4) @ self.basis(images).T

    def composed(self, parts: Float[Tensor, "n c a b k"]) -> Float[Tensor, "n c h w"]:
        """Return V·x̄: the pictures of which these are the parts."""
        blocks = (parts @ self.basis(parts)).unflatten(4, (self.side, self.side))
        return blocks.movedim(4, 3).flatten(4).flatten(2, 3)

    def means(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c a b"]:
        """Return H·x: the mean of every block."""
        return self.analysed(images)[..., 0] / self.side

    def singular_values(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "1 c a b k"]:
        """Return Σ for pictures such as these: 1/s for each block's constant part, 0 for all else."""
        values = torch.zeros_like(self.analysed(images[:1]))
        values[..., 0] = 1 / self.side
        return values
