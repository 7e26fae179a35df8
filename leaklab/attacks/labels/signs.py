"""Which rows of the last weight gradient are negative: iDLG for one photograph, ZLR for different ones."""

from typing import Literal

import torch
from jaxtyping import Int
from torch import Tensor

from leaklab.attacks.labels import needs
from leaklab.attacks.labels.head import has_bias, head, non_negative
from leaklab.protocol.observation import Observation
from leaklab.settings import Settings


class IDLG(Settings):
    """Read the label of a single image from the sign of the last layer's gradient.

    Where features can be negative, or a defence has silenced all of them, the bias is read instead, whose sign never
    misleads.
    Source: Zhao et al. 2020, section 3: only the true class's row of the last weight gradient is negative.
    """

    kind: Literal["idlg"] = "idlg"

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working, as sentences."""
        if observation.num_images > 1:
            return [
                f"iDLG reads the label of one photograph and {observation.num_images} are in this update: "
                "use one photograph a client, tell the attacker the labels, or recover them jointly."
            ]
        return [] if has_bias(observation.network) else needs.signs(observation, "iDLG without a bias")

    def doubts(self, observation: Observation) -> list[str]:
        """Return what may make the label wrong, as sentences."""
        return needs.disturbed(observation, head(observation))

    def recover(self, observation: Observation) -> Int[Tensor, "n"]:
        """Return the class whose row of the last weight gradient has the smallest sum."""
        seen = head(observation)
        rows, bias = seen.weight_gradient.sum(1), seen.bias_gradient
        tells = bool(rows.any()) and non_negative(observation.network, observation.image_shape)
        scores = rows if bias is None or tells else bias
        return scores.argmin().reshape(1).to(observation.like.device)


class ZLR(Settings):
    """Name as many different classes as there are photographs: those with the most negative entries of all.

    Zero-shot label restoration. A label that repeats is named once, and a class that is absent takes its place.
    Source: Yin et al. 2021 (GradInversion), batch label restoration: argsort_i(min_j ∂ℓ/∂W_ij)[:B].
    """

    kind: Literal["zlr"] = "zlr"

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working, as sentences."""
        count, classes = observation.num_images, observation.num_classes
        lines = needs.signs(observation, "ZLR")
        if count > classes:
            lines.append(
                f"ZLR names every class once at most, and {count} photographs cannot all differ among {classes} "
                f"classes: use {classes} photographs or fewer, or choose 'llg', 'alr' or 'ilrg'."
            )
        return lines

    def doubts(self, observation: Observation) -> list[str]:
        """Return what may make the labels wrong, as sentences."""
        seen = head(observation)
        named = int((seen.weight_gradient.amin(1) < 0).sum())
        repeats = (
            f"Only {named} classes have a negative entry and there are {observation.num_images} photographs: "
            "labels repeat, and ZLR cannot say which."
        )
        lines = needs.disturbed(observation, seen)
        return [repeats, *lines] if named < observation.num_images else lines

    def recover(self, observation: Observation) -> Int[Tensor, "n"]:
        """Return the classes whose rows of the last weight gradient hold the smallest entries."""
        smallest = head(observation).weight_gradient.amin(1)
        found = smallest.argsort(stable=True)[: observation.num_images]
        return torch.sort(found).values.to(observation.like.device)
