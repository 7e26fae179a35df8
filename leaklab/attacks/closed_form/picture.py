"""What all closed forms share: the guess they hand out, scored by the attacker's own means, and what they must know."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from leaklab.attacks.labels.head import local_steps
from leaklab.attacks.snapshot import Snapshot
from leaklab.protocol.observation import Observation

_GREY = 0.5


def guess(
    observation: Observation, labels: Int[Tensor, "n"], images: Float[Tensor, "n c h w"] | None, *, stage: int
) -> Snapshot:
    """Return images as the one guess of a closed form, grey where there are none yet; the loss is how far its own
    gradient is from the one that was seen."""
    like = observation.like
    shape = (observation.num_images, *observation.image_shape)
    # Equations that a defence has made false can lead beyond all numbers; an attacker knows what a photograph can be.
    found = like.new_full(shape, _GREY) if images is None else images.to(like)
    shown = found.nan_to_num(nan=_GREY, posinf=1.0, neginf=0.0)
    targets = functional.one_hot(labels.to(like.device), observation.num_classes).to(like)
    with torch.no_grad():
        made = observation.forward.gradient(observation.weights, shown, targets)
    loss = sum((made[name] - seen).square().sum() for name, seen in observation.update.items())
    loss = loss.nan_to_num(nan=torch.inf, posinf=torch.inf).reshape(1)
    return Snapshot(
        stage=stage, iteration=0, evaluations=1, losses=loss, terms={"matching": loss}, images=shown[None],
        labels=targets[None], code=shown.reshape(1, -1),
    )  # fmt: skip


def told_one_step(observation: Observation, name: str) -> list[str]:
    """Return a sentence when the client is known to take several local steps."""
    steps = local_steps(observation)
    if steps == 1:
        return []
    return [f"{name} needs the gradient of a single step and the client takes {steps:g}: set one local step."]
