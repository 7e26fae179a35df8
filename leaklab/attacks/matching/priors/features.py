"""What enters the last layer: its gradient says so, class by class, before any image is rebuilt."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from leaklab.attacks.labels.head import Head, entering, has_bias, head
from leaklab.attacks.matching.priors.penalty import Penalty, each_restart
from leaklab.protocol.observation import Observation
from leaklab.settings import Settings, knob

_NO_BIAS = (
    "The feature prior divides the last layer's weight gradient by its bias gradient and this network has no bias "
    "there: choose another network, or set the prior's weight to 0."
)


class Features(Settings):
    """What the images excite in the last layer should be what its gradient says of their classes.

    With one image a class the quotient of weight and bias gradient is that image's features, but for what the other
    classes add; with several it is their mean.

    Source: the published preset "modern" of breaching; the quotient as in Ma et al. 2023 (iLRG), step 1.
    """

    kind: Literal["features"] = "features"
    weight: float = knob(
        0.0, low=0, high=10, log=True, title="Feature weight", symbol="λ: λ·mean (a(x) − ∂W_y/∂b_y)²",
        help="How strongly the images are pulled to those that excite the last layer as its gradient says.",
    )  # fmt: skip

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working, as sentences."""
        return [] if has_bias(observation.network) else [_NO_BIAS]

    def bind(self, observation: Observation) -> Penalty:
        """Return how far each restart's features are from those that the gradient names."""
        measured = quotients(head(observation)).to(observation.like)

        def apart(images: Float[Tensor, "n c h w"], labels: Float[Tensor, "n k"]) -> Float[Tensor, ""]:
            return (entering(observation, images) - labels @ measured).square().mean()

        measure = each_restart(apart)
        return lambda dummy: measure(dummy.images, dummy.labels)


def quotients(last: Head) -> Float[Tensor, "k f"]:
    """Return the features that each class's row of the gradient names; zero where the row says nothing."""
    tiny = torch.finfo(torch.float32).eps * last.bias_gradient.abs().max()
    heard = (last.bias_gradient.abs() > tiny)[:, None]
    safe = torch.where(heard, last.bias_gradient[:, None], 1.0)
    return torch.where(heard, last.weight_gradient / safe, 0.0)
