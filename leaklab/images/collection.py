"""A collection of labelled pictures that are opened one by one, and the choice of some of them."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
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
