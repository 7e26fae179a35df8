"""Epoch consistency: every epoch goes through the same images, whatever their order."""

from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from leaklab.attacks.matching.priors.penalty import Penalty
from leaklab.attacks.snapshot import Dummy
from leaklab.protocol.observation import Observation
from leaklab.settings import Settings, knob

_FEATURES = 96  # of the random convolution


class EpochConsistency(Settings):
    """What all images of an epoch have in common should be the same in every epoch: their mean, or their largest.

    Source: Dimitrov et al. 2022, L_inv, by its code: the mean over all ordered pairs of epochs.
    """

    kind: Literal["epoch_consistency"] = "epoch_consistency"
    weight: float = knob(
        0.0, low=0, high=1e4, log=True, title="Epoch weight", symbol="λ: λ/E² · Σ dist(S(X_i), S(X_j))",
        help="How strongly the pictures of different epochs are held together; nothing where there is one set of them.",
    )  # fmt: skip
    statistic: Literal["mean", "max"] = knob(
        "max", title="Compared", symbol="S", level="advanced",
        help="What is compared of an epoch's images, pixel by pixel: their mean, or the brightest of them.",
    )  # fmt: skip
    convolved: bool = knob(
        True, title="Behind a random convolution", level="advanced",
        help="Whether the images first go through one layer of random 3×3 filters, so that edges are compared.",
    )  # fmt: skip
    distance: Literal["l1", "l2"] = knob(
        "l2", title="Distance", level="advanced", help="Whether differences count as they are, or squared.",
    )  # fmt: skip

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working: nothing, though a single set of images is consistent in itself."""
        return []

    def bind(self, observation: Observation) -> Penalty:
        """Return how much each restart's epochs differ."""
        count, look = observation.num_images, self._look(observation)

        def apart(dummy: Dummy) -> Float[Tensor, "r"]:
            sets = look(dummy.images).unflatten(1, (-1, count))
            seen = sets.mean(2) if self.statistic == "mean" else sets.amax(2)
            pairs = seen[:, :, None] - seen[:, None]
            return (pairs.abs() if self.distance == "l1" else pairs.square()).flatten(1).mean(1)

        return apart

    def _look(self, observation: Observation) -> Callable[[Float[Tensor, "r m c h w"]], Float[Tensor, "r m d h w"]]:
        if not self.convolved:
            return lambda images: images
        channels, generator = observation.image_shape[0], torch.Generator().manual_seed(0)
        # The scale with which networks of the source's library begin: variance one over the fan-in.
        filters = torch.randn(_FEATURES, channels, 3, 3, generator=generator) / (9 * channels) ** 0.5
        filters = filters.to(observation.like)
        return lambda images: functional.conv2d(images.flatten(0, 1), filters, padding=1).unflatten(0, images.shape[:2])
