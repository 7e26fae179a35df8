"""Dummy inputs: what is shown to the network in place of the private photographs, to learn how it answers."""

from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from leaklab.protocol.observation import Observation
from leaklab.settings import knob

Dummies = Literal["photographs", "noise", "normal"]

MOST = 256
_SEED = 0  # recovery has no dice of its own: the same update always gives the same labels
_NONE = "The attacker has no public photographs: noise stands in for them, and networks answer noise differently."


def which() -> Any:
    """Declare the knob for the kind of dummy inputs."""
    return knob(
        "photographs", title="Dummy inputs", symbol="x̂", level="advanced",
        help="What the network is asked about in place of the private photographs: public ones, even noise between "
        "black and white, or normal noise.",
    )  # fmt: skip


def how_many() -> Any:
    """Declare the knob for the number of dummy inputs."""
    return knob(
        32, low=8, high=MOST, log=True, title="Number of dummy inputs", symbol="m", level="advanced",
        help="How many dummy inputs the network is asked about; public photographs may be fewer.",
    )  # fmt: skip


def draw(observation: Observation, kind: Dummies, count: int) -> Float[Tensor, "m c h w"]:
    """Return dummy inputs; without public photographs, even noise stands in for them."""
    if kind == "photographs" and _has_photographs(observation):
        have = len(observation.public)
        return observation.public[torch.linspace(0, have - 1, min(count, have)).long()]
    generator = torch.Generator().manual_seed(_SEED)
    noise = torch.randn if kind == "normal" else torch.rand
    return noise(count, *observation.image_shape, generator=generator).to(observation.like)


def stand_in(observation: Observation, kind: Dummies) -> list[str]:
    """Return a sentence when photographs are asked for and there are none."""
    return [_NONE] if kind == "photographs" and not _has_photographs(observation) else []


def _has_photographs(observation: Observation) -> bool:
    return observation.public is not None and len(observation.public) > 0
