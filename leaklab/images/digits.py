"""The 1,797 handwritten digits that come inside scikit-learn's wheel: a data set with nothing to download."""

import importlib.util
import zlib
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import torch
from jaxtyping import Int, UInt8
from PIL import Image
from torch import Generator, Tensor

from leaklab.images.collection import Collection, pick, pick_classes
from leaklab.images.pictures import Pictures
from leaklab.images.prepare import to_image
from leaklab.images.squares import squared
from leaklab.settings import Refusal, Settings, knob

_FILE = "datasets/data/digits.csv.gz"  # a row an image: 64 numbers from 0 to 16, and the digit
_TITLE = "The UCI set of digits"
_MEND = "`pip install --force-reinstall scikit-learn` brings it back."


class Digits(Settings):
    """Handwritten digits of 8 x 8 pixels in 17 shades of grey, enlarged smoothly: the cheapest data set there is."""

    num_classes: ClassVar[int] = 10
    labelled_classes: ClassVar[int] = 10  # how many classes `labelled` has pictures of
    grey: ClassVar[bool] = True
    kind: Literal["digits"] = "digits"
    indices: tuple[int, ...] = knob(
        (), level="advanced", help="Which images are used, by number, one for each; none: the seed draws them."
    )

    def draw(self, count: int, size: int, generator: Generator) -> Pictures:
        """Return the chosen or drawn digits.

        Raises: Refusal, when the file is missing or damaged, or the indices do not fit.
        """
        return _pictures(pick(_TITLE, len(_table()), count, indices=self.indices, generator=generator), size)

    def labelled(self, labels: Int[Tensor, "n"], size: int, generator: Generator) -> Pictures:
        """Return a drawn digit for each label; indices play no part.

        Raises: Refusal, when the file is missing or damaged.
        """
        have = Collection(
            title=_TITLE, count=len(_table()), class_names=_NAMES, label=lambda index: int(_table()[index, -1]),
            square=_square,
        )  # fmt: skip
        chosen, scarce = pick_classes(have, labels, generator)
        return _pictures(chosen, size, scarce)


_NAMES = tuple(str(digit) for digit in range(Digits.num_classes))


def _pictures(chosen: list[int], size: int, note: str = "") -> Pictures:
    labels = [int(_table()[index, -1]) for index in chosen]
    return Pictures(
        images=torch.stack([to_image(_square(index, size), grey=True) for index in chosen]),
        labels=torch.tensor(labels),
        class_names=_NAMES,
        names=tuple(f"Digit {label}, number {index}" for label, index in zip(labels, chosen, strict=True)),
        note=note,
    )


def _square(index: int, size: int) -> Image.Image:
    shades = _table()[index, :-1].reshape(8, 8)
    return squared(Image.fromarray((shades * (255 / 16)).round().astype(np.uint8)), size)


@lru_cache(maxsize=1)
def _table() -> UInt8[np.ndarray, "images 65"]:
    # The package is only looked up: importing scikit-learn for one file would take a second.
    spec = importlib.util.find_spec("sklearn")
    path = Path(*spec.submodule_search_locations) / _FILE if spec else None
    if path is None or not path.is_file():
        raise Refusal(f"The file {Path(_FILE).name} comes inside scikit-learn, and it is not there: {_MEND}")
    try:
        table = np.loadtxt(path, dtype=np.uint8, delimiter=",", ndmin=2)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise Refusal(f"The file {path} of scikit-learn is damaged: {_MEND}") from error
    table.setflags(write=False)
    return table
