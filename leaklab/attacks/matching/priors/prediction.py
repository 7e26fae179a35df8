"""Label matching: the network should see in the images what their labels say."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor

from leaklab.attacks.matching.priors.penalty import Penalty, each_restart
from leaklab.protocol.observation import Observation
from leaklab.settings import Settings, knob


class Prediction(Settings):
    """What the network answers to an image should be its label: the squared difference, mean over images.

    Source: Wei et al. 2020 (CPL), Algorithm 1, ‖f(x) − y‖²; its published code leaves the term out.
    """

    kind: Literal["prediction"] = "prediction"
    weight: float = knob(
        0.0, low=0, high=10, log=True, title="Prediction weight", symbol="λ: λ·‖f(x) − y‖²",
        help="How strongly images are pulled to what the network takes for their class; tells little before training.",
    )  # fmt: skip
    answer: Literal["probabilities", "logits"] = knob(
        "probabilities", title="Compared answer", symbol="f(x)", level="advanced",
        help="Whether the label is compared with class probabilities, or with the bare numbers before the softmax; "
        "the paper does not say which.",
    )  # fmt: skip

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working: nothing."""
        return []

    def bind(self, observation: Observation) -> Penalty:
        """Return how far the network's answers to each restart's images are from their labels."""
        forward, weights = observation.forward, observation.weights

        def apart(images: Float[Tensor, "n c h w"], labels: Float[Tensor, "n k"]) -> Float[Tensor, ""]:
            logits = forward.logits(weights, images)
            answers = logits.softmax(1) if self.answer == "probabilities" else logits
            return (answers - labels).square().sum(1).mean()

        measure = each_restart(apart)
        return lambda dummy: measure(dummy.images, dummy.labels)
