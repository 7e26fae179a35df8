"""Metrics: one number an image, of reconstructions that already stand beside their own photographs.

Everything is measured on what a screen can show: values clamped to [0, 1]. A reconstruction with a pixel that is not
finite gets the metric's worst value.
"""

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

PSNR_CAP = 100.0  # dB; identical images would be infinitely good, and one infinity spoils every mean
_RADIUS = 5  # pixels; the Gaussian window of Wang et al. 2004 is 11 wide


def mse(reconstruction: Float[Tensor, "n c h w"], truth: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
    """Return the mean squared error of each image over its pixels and channels; 1 at worst."""
    errors = (shown(reconstruction) - shown(truth)).square().mean((1, 2, 3))
    return torch.where(broken(reconstruction), 1.0, errors)


def psnr(reconstruction: Float[Tensor, "n c h w"], truth: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
    """Return the peak signal-to-noise ratio of each image in dB, from 0 to the cap of 100."""
    return decibels(mse(reconstruction, truth))


def decibels(errors: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Return mean squared errors as peak signal-to-noise ratios in dB, for values that range over one."""
    return (10 * errors.reciprocal().log10()).clamp(max=PSNR_CAP)


def ssim(reconstruction: Float[Tensor, "n c h w"], truth: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
    """Return the structural similarity of each image, mean of its channels; 1 is identical, -1 the worst.

    The window is Gaussian, of 1.5 pixels; an image smaller than it is mirrored at its border.

    Source: Wang, Bovik, Sheikh, Simoncelli 2004, equation 13.
    """
    from skimage.metrics import structural_similarity

    one, other = _tower(shown(reconstruction)), _tower(shown(truth))
    _, field = structural_similarity(
        one, other, full=True, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1.0
    )
    fields = torch.as_tensor(field).reshape(*truth.shape[:2], -1, field.shape[1])
    inside = fields[..., _RADIUS:-_RADIUS, _RADIUS:-_RADIUS]
    return torch.where(broken(reconstruction), -1.0, inside.mean((1, 2, 3)))


def _tower(images: Float[Tensor, "n c h w"]) -> np.ndarray:
    """Return all channels of all images below one another: one call of scikit-image's instead of n times c.

    A window never reaches another floor, as a margin of its radius is cut off each; what of it a small image lacks is
    mirrored here, as the filter itself does at its border.
    """
    margins = [max(0, _RADIUS - (side - 1) // 2) for side in images.shape[2:]]
    padded = np.pad(images.numpy(), [(0, 0), (0, 0), *((margin, margin) for margin in margins)], mode="symmetric")
    return padded.reshape(-1, padded.shape[-1])


def cosine(reconstruction: Float[Tensor, "n c h w"], truth: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
    """Return the cosine between the pixels of each image and of its photograph; 0 at worst, as no pixel is negative."""
    similarity = torch.cosine_similarity(shown(reconstruction).flatten(1), shown(truth).flatten(1), dim=1)
    return torch.where(broken(reconstruction), 0.0, similarity)


def labels_right(recovered: Int[Tensor, "n"], true: Int[Tensor, "n"]) -> Float[Tensor, "n"]:
    """Return 1 for each image whose label was recovered and 0 for the others, position by position."""
    return (recovered.cpu() == true.cpu()).double()


def multiset_accuracy(recovered: Int[Tensor, "m"], true: Int[Tensor, "n"]) -> float:
    """Return how well the labels were counted, whatever their order: 1 - sum |recovered - true| / 2n over classes.

    Every label that is wrong is missing in one class and too many in another, hence the two.
    """
    recovered, true = recovered.cpu(), true.cpu()
    classes = torch.cat([recovered, true]).unique()
    counted, held = ((labels[:, None] == classes).sum(0) for labels in (recovered, true))
    return 1 - float((counted - held).abs().sum()) / (2 * len(true))


def presence_accuracy(recovered: Int[Tensor, "m"], true: Int[Tensor, "n"]) -> float:
    """Return the share of classes that are both there and named, among all that are there or named."""
    named, there = set(recovered.tolist()), set(true.tolist())
    return len(named & there) / len(named | there)


def shown(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    """Return images as a screen would show them: finite, within [0, 1]; in double precision, on the processor."""
    return images.detach().cpu().double().nan_to_num(nan=0.0).clamp(0, 1)


def broken(images: Float[Tensor, "n c h w"]) -> Bool[Tensor, "n"]:
    """Return which images have a pixel that is not finite."""
    return ~images.detach().cpu().isfinite().all(3).all(2).all(1)
