"""A collection of labelled pictures that are opened one by one, and the choice of some of them."""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path

import torch
from jaxtyping import Int
from PIL import Image

from leaklab.settings import Refusal


@dataclass(frozen=True)
class Collection:
    """Many labelled pictures, none of them in memory before it is asked for."""

    title: str
    count: int
    class_names: tuple[str, ...]
    label: Callable[[int], int]  # index -> class
    square: Callable[[int, int], Image.Image]  # index, size -> RGB
    note: str = ""

    def first(self, classes: int) -> "Collection":
        """Return the pictures of the first classes alone, numbered anew."""
        if classes >= len(self.class_names):
            return self
        kept = [index for index in range(self.count) if self.label(index) < classes]
        return replace(
            self, count=len(kept), class_names=self.class_names[:classes],
            label=lambda index: self.label(kept[index]), square=lambda index, size: self.square(kept[index], size),
        )  # fmt: skip


def data_root(root: str) -> Path:
    """Return the folder that holds the data sets: the one named, `$LEAKLAB_DATA`, or the user's cache."""
    return Path(root or os.environ.get("LEAKLAB_DATA") or "~/.cache/leaklab/data").expanduser()


def pick(title: str, total: int, count: int, *, indices: tuple[int, ...], generator: torch.Generator) -> list[int]:
    """Return which pictures are used: those whose indices are given, or as many drawn without repetition.

    Raises: Refusal, when the indices are of the wrong number or out of range, or when there are too few pictures.
    """
    if not indices:
        if count > total:
            mend = "Ask for fewer clients or images a client, or choose another source."
            raise Refusal(f"{count} images are needed and {title} has {total}. {mend}")
        return torch.randperm(total, generator=generator)[:count].tolist()
    if len(indices) != count:
        mend = "Give one index for each image (clients x images a client), or none to have them drawn."
        raise Refusal(f"{len(indices)} indices are given and {count} images are needed. {mend}")
    for index in indices:
        if not 0 <= index < total:
            raise Refusal(f"Index {index} is out of range: {title} has {total} images, numbered 0 to {total - 1}.")
    return list(indices)


def pick_classes(have: Collection, labels: Int[torch.Tensor, "n"], generator: torch.Generator) -> tuple[list[int], str]:
    """Return a drawn picture of each label's class, and a sentence when a class has too few and some come again.

    Raises: Refusal, when there is no picture of a class.
    """
    wanted = Counter(labels.tolist())
    found: dict[int, list[int]] = {label: [] for label in wanted}
    lacking = set(wanted)
    for index in torch.randperm(have.count, generator=generator).tolist():
        if not lacking:
            break  # what is not asked for need not be read
        label = have.label(index)
        if label in lacking:
            found[label].append(index)
            if len(found[label]) == wanted[label]:
                lacking.remove(label)
    if absent := [label for label in sorted(lacking) if not found[label]]:
        raise Refusal(f"{have.title} has no picture of class {absent[0]} ({have.class_names[absent[0]]}).")
    turns = {label: cycle(indices) for label, indices in found.items()}
    scarce = ", ".join(f"{have.class_names[label]} ({len(found[label])})" for label in sorted(lacking))
    note = f"{have.title} has too few pictures of some classes, which are used again: {scarce}." if scarce else ""
    return [next(turns[label]) for label in labels.tolist()], note
