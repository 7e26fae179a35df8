"""FSIM: how alike two pictures are in what an eye looks for, edges and corners, rather than pixel by pixel."""

import torch
from jaxtyping import Float
from torch import Tensor

from leaklab.evaluation.metrics import broken, shown

_TOGETHER = 2**16  # pixels a pass, to bound the memory: each becomes sixteen complex numbers, several times over


def fsim(reconstruction: Float[Tensor, "n c h w"], truth: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
    """Return the feature similarity of each image, colour included; 1 is identical, 0 the worst.

    Grey images are measured as three equal channels, and large ones are first averaged down, their shorter side to
    about 256 pixels. Small ones are neither enlarged nor mirrored, for the filters wrap around the border of any size.

    Source: Zhang, Zhang, Mou, Zhang 2011, equation 8 (FSIMc), with the constants of piq.
    """
    from piq import fsim as published

    together = max(1, _TOGETHER // (truth.shape[2] * truth.shape[3]))
    pairs = zip(_prepared(reconstruction).split(together), _prepared(truth).split(together), strict=True)
    similarity = torch.cat([published(one, other, reduction="none") for one, other in pairs])
    return torch.where(broken(reconstruction), 0.0, similarity)


def _prepared(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 3 height width"]:
    """Return images as piq wants them: three channels in [0, 1]; of a lone pixel it would divide nothing by nothing."""
    return shown(images).expand(-1, 3, *(max(side, 2) for side in images.shape[2:]))
