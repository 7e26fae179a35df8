"""Label recovery: which classes were in the batch, read from the update before any image is rebuilt.

Contract: `recover(observation)` returns the labels (n,), or None when they are to be optimised with the images;
`missing(observation)` returns the sentences that keep it from working, empty when nothing does.
"""

from typing import Annotated, Literal

from jaxtyping import Int
from pydantic import Field
from torch import Tensor

from leaklab.protocol.observation import Observation
from leaklab.settings import Settings

NOT_TOLD = (
    "The labels are needed and the attacker is not told them: tick 'Labels are told', "
    "or choose label recovery 'jointly'."
)


class Given(Settings):
    """The attacker is told the labels."""

    kind: Literal["given"] = "given"

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working, as sentences."""
        return [] if observation.labels is not None else [NOT_TOLD]

    def recover(self, observation: Observation) -> Int[Tensor, "n"]:
        """Return the labels as told."""
        return observation.labels


class Jointly(Settings):
    """Guess the labels together with the images, as class probabilities that the optimiser moves.

    Source: Zhu et al. 2019, Algorithm 1.
    """

    kind: Literal["jointly"] = "jointly"

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working: nothing."""
        return []

    def recover(self, observation: Observation) -> None:
        """Return None: the labels stay open."""
        return None


class IDLG(Settings):
    """Read the label of a single image from the sign of the last layer's gradient.

    Source: Zhao et al. 2020, section 3: only the true class's row of the last weight gradient is negative.
    """

    kind: Literal["idlg"] = "idlg"

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working, as sentences."""
        if observation.num_images == 1:
            return []
        return [
            f"iDLG reads the label of one photograph and {observation.num_images} are in this update: "
            "use one photograph a client, tell the attacker the labels, or recover them jointly."
        ]

    def recover(self, observation: Observation) -> Int[Tensor, "n"]:
        """Return the class whose row of the last weight gradient has the smallest sum."""
        return last_layer(observation).sum(1).argmin().reshape(1)


class GivenOrIDLG(Settings):
    """Use the labels when they are told; otherwise read the single label from the gradient.

    Source: Geiping et al. 2020, section 4, which assumes the labels of batches to be known.
    """

    kind: Literal["given_or_idlg"] = "given_or_idlg"

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working, as sentences."""
        return [] if observation.labels is not None or observation.num_images == 1 else [NOT_TOLD]

    def recover(self, observation: Observation) -> Int[Tensor, "n"]:
        """Return the labels as told, or the one that the gradient gives away."""
        return observation.labels if observation.labels is not None else IDLG().recover(observation)


def last_layer(observation: Observation) -> Tensor:
    """Return the last linear layer's weight update, one row a class (classes, features)."""
    wide = [tensor for tensor in observation.update.values() if tensor.ndim == 2]
    return wide[-1]


Labels = Annotated[Given | Jointly | IDLG | GivenOrIDLG, Field(discriminator="kind")]
