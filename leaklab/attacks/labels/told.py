"""Labels that are told, or left open: where nothing, or next to nothing, is read from the update."""

from typing import Literal

from jaxtyping import Int
from torch import Tensor

from leaklab.attacks.labels.signs import IDLG
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

    def doubts(self, observation: Observation) -> list[str]:
        """Return what may make the labels wrong: nothing."""
        return []

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

    def doubts(self, observation: Observation) -> list[str]:
        """Return what may make the labels wrong: nothing that can be measured beforehand."""
        return []

    def recover(self, observation: Observation) -> None:
        """Return None: the labels stay open."""
        return None


class GivenOrIDLG(Settings):
    """Use the labels when they are told; otherwise read the single label from the gradient.

    Source: Geiping et al. 2020, section 4, which assumes the labels of batches to be known.
    """

    kind: Literal["given_or_idlg"] = "given_or_idlg"

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working, as sentences."""
        if observation.labels is not None:
            return []
        return IDLG().missing(observation) if observation.num_images == 1 else [NOT_TOLD]

    def doubts(self, observation: Observation) -> list[str]:
        """Return what may make the labels wrong, as sentences."""
        return [] if observation.labels is not None else IDLG().doubts(observation)

    def recover(self, observation: Observation) -> Int[Tensor, "n"]:
        """Return the labels as told, or the one that the gradient gives away."""
        return observation.labels if observation.labels is not None else IDLG().recover(observation)
