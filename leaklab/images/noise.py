"""Pictures of noise: what no prior of natural images can help with."""

from typing import Literal

import torch
from jaxtyping import Int
from torch import Generator, Tensor

from leaklab.images.pictures import GREY, MOST_CLASSES, Pictures
from leaklab.settings import Settings, knob


class Noise(Settings):
    """Every pixel drawn at random: images that are natural to no network, to test what an attack takes for granted."""

    kind: Literal["noise"] = "noise"
    classes: int = knob(
        32, low=1, high=MOST_CLASSES, level="advanced", symbol="y = i mod k",
        help="Deal the pictures out to this many classes.",
    )  # fmt: skip
    grey: bool = knob(False, level="advanced", help=GREY)

    @property
    def num_classes(self) -> int:
        """How many classes the labels tell apart."""
        return self.classes

    def draw(self, count: int, size: int, generator: Generator) -> Pictures:
        """Return pictures of noise."""
        return self.labelled(torch.arange(count) % self.classes, size, generator)

    @property
    def labelled_classes(self) -> int:
        """How many classes `labelled` has pictures of: any label goes with any noise."""
        return MOST_CLASSES

    def labelled(self, labels: Int[Tensor, "n"], size: int, generator: Generator) -> Pictures:
        """Return a picture of noise for each label."""
        classes = max(self.classes, int(labels.max()) + 1)
        return Pictures(
            images=torch.rand(len(labels), 1 if self.grey else 3, size, size, generator=generator),
            labels=labels,
            class_names=tuple(f"Class {number}" for number in range(classes)),
            names=tuple(f"Noise {number}" for number in range(1, len(labels) + 1)),
        )
