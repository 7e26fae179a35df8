"""The averages inside the network: images should be such as batch norm is used to, or such as it met."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from leaklab.attacks.matching.priors.penalty import Penalty, each_restart
from leaklab.protocol.observation import Observation
from leaklab.protocol.statistics import Statistics, batch_statistics
from leaklab.settings import Settings, knob

_NO_LAYERS = (
    "The batch-norm prior compares averages inside batch-norm layers and this network has none: "
    "choose a network with batch norm, such as ResNet18, or set the prior's weight to 0."
)
_NOT_TOLD = (
    "The batch-norm prior wants the averages of the private photographs and the attacker is not told them: "
    "tick 'Batch-norm statistics are told', or take the running ones."
)


class BatchNormStatistics(Settings):
    """The guess should meet batch norm with the mean and spread that the network remembers, or that were told.

    Source: Yin et al. 2021, R_BN; the factor on the first layer after breaching. How much the told averages give away
    is the point of Huang et al. 2021.
    """

    kind: Literal["batch_norm_statistics"] = "batch_norm_statistics"
    weight: float = knob(
        0.0, low=0, high=10, log=True, title="Batch-norm weight", symbol="λ: λ·Σ(‖μ − μ̂‖₂ + ‖σ² − σ̂²‖₂)",
        help="How strongly the averages inside the network are pulled to those that batch norm expects.",
    )  # fmt: skip
    statistics: Literal["auto", "running", "told"] = knob(
        "auto", title="Which averages", symbol="μ̂, σ̂²", level="advanced",
        help="The running averages that come with the network, those of the private photographs, or auto: the "
        "private ones where they are told. An untrained network's running averages know nothing.",
    )  # fmt: skip
    first: float = knob(
        1.0, low=0, high=100, title="First layer's factor", level="advanced",
        help="How much more the first batch norm counts than the others.",
    )  # fmt: skip

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working, as sentences."""
        if not _layers(observation):
            return [_NO_LAYERS]
        return [_NOT_TOLD] if self.statistics == "told" and observation.batch_statistics is None else []

    def bind(self, observation: Observation) -> Penalty:
        """Return how far each restart's averages are from the expected ones."""
        forward, weights, expected = observation.forward, observation.weights, self._expected(observation)

        def apart(images: Float[Tensor, "n c h w"]) -> Float[Tensor, ""]:
            met = batch_statistics(forward, weights, images)
            first, *later = [_distance(met[name], expected[name]) for name in met]
            return sum(later, self.first * first)

        measure = each_restart(apart)
        return lambda dummy: measure(dummy.images)

    def _expected(self, observation: Observation) -> Statistics:
        if observation.batch_statistics is not None and self.statistics != "running":
            return observation.batch_statistics
        buffers = observation.buffers
        return {
            name: (buffers[f"{name}.running_mean"], buffers[f"{name}.running_var"]) for name in _layers(observation)
        }


def _layers(observation: Observation) -> list[str]:
    return [name for name, layer in observation.network.named_modules() if isinstance(layer, nn.BatchNorm2d)]


def _distance(met: tuple[Tensor, Tensor], expected: tuple[Tensor, Tensor]) -> Float[Tensor, ""]:
    # The norm, unlike a root, has a slope at nothing: zero.
    return sum(torch.linalg.vector_norm(one - other) for one, other in zip(met, expected, strict=True))
