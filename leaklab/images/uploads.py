"""Uploads: a visitor's own photographs as a source of private images."""

from typing import Literal

import torch
from jaxtyping import Int
from torch import Generator, Tensor

from leaklab.images import files
from leaklab.images.pictures import GREY, MOST_CLASSES, Pictures
from leaklab.settings import Settings, knob


class Uploads(Settings):
    """A visitor's own photographs; they stay out of links, and where they are missing a drawn picture stands in."""

    kind: Literal["uploads"] = "uploads"
    pictures: tuple[str, ...] = knob(
        (), private=True, level="hidden", title="Your photographs", symbol="x",
        help="Photographs of your own, shrunk on arrival; they never travel in a link.",
    )  # fmt: skip
    grey: bool = knob(False, level="advanced", help=GREY)

    @property
    def num_classes(self) -> int:
        """How many classes the labels tell apart: one a photograph, and ten at least."""
        return max(10, len(self.pictures))

    def draw(self, count: int, size: int, generator: Generator) -> Pictures:
        """Return the first photographs, and a drawn placeholder for each that is missing.

        Raises: Refusal, when an upload was changed on its way.
        """
        given = [files.decode(text, size, grey=self.grey) for text in self.pictures[:count]]
        drawn = [files.placeholder(number, size, grey=self.grey) for number in range(len(given), count)]
        numbers = range(1, max(self.num_classes, count) + 1)
        words = ("Photograph",) * len(given) + ("Placeholder",) * len(drawn)
        missing = "a drawn picture stands in" if len(drawn) == 1 else f"{len(drawn)} drawn pictures stand in"
        return Pictures(
            images=torch.stack(given + drawn),
            labels=torch.arange(count),
            class_names=tuple(f"Photograph {number}" for number in numbers),
            names=tuple(f"{word} {number}" for word, number in zip(words, numbers, strict=False)),
            note=f"Photographs of one's own never travel in a link: {missing} for what is missing." if drawn else "",
        )

    @property
    def labelled_classes(self) -> int:
        """How many classes `labelled` has pictures of: any label goes with any photograph."""
        return MOST_CLASSES

    def labelled(self, labels: Int[Tensor, "n"], size: int, generator: Generator) -> Pictures:
        """Return the photographs under the labels given, from the first again when all have been used.

        Raises: Refusal, when an upload was changed on its way.
        """
        own = self.draw(min(len(self.pictures) or self.num_classes, len(labels)), size, generator)
        turns = [number % len(own.images) for number in range(len(labels))]
        again = f"{len(own.images)} photographs stand for all {len(labels)}, under labels that were drawn for them."
        return Pictures(
            images=own.images[turns],
            labels=labels,
            class_names=tuple(f"Class {label}" for label in range(int(labels.max()) + 1)),
            names=tuple(own.names[turn] for turn in turns),
            note=" ".join(note for note in (own.note, again if len(labels) > len(own.images) else "") if note),
        )
