"""The hundred small faces inside scikit-image's wheel, and a hundred squares without one: two classes, no download."""

from typing import ClassVar, Literal

import torch
from jaxtyping import Int
from PIL import Image
from torch import Generator, Tensor

from leaklab.images.collection import Collection, pick, pick_classes
from leaklab.images.photos import Face
from leaklab.images.pictures import Pictures
from leaklab.images.prepare import to_image
from leaklab.settings import Settings, knob

_EACH = 100  # faces come first in the file
_NAMES = ("Face", "No face")
_TITLE = "The set of faces and other things"


class Faces(Settings):
    """Faces of 25 x 25 grey pixels, and as many squares from behind them: is this a face? Nobody is named."""

    num_classes: ClassVar[int] = len(_NAMES)
    labelled_classes: ClassVar[int] = len(_NAMES)  # how many classes `labelled` has pictures of
    grey: ClassVar[bool] = True
    kind: Literal["faces"] = "faces"
    indices: tuple[int, ...] = knob(
        (), level="advanced", help="Which images are used, by number, one for each; none: the seed draws them."
    )

    def draw(self, count: int, size: int, generator: Generator) -> Pictures:
        """Return the chosen or drawn pictures.

        Raises: Refusal, when the file is missing, or the indices do not fit.
        """
        return _pictures(pick(_TITLE, _EACH * len(_NAMES), count, indices=self.indices, generator=generator), size)

    def labelled(self, labels: Int[Tensor, "n"], size: int, generator: Generator) -> Pictures:
        """Return a drawn picture for each label; indices play no part.

        Raises: Refusal, when the file is missing.
        """
        have = Collection(_TITLE, _EACH * len(_NAMES), _NAMES, label=_label, square=_square)
        chosen, scarce = pick_classes(have, labels, generator)
        return _pictures(chosen, size, scarce)


def _pictures(chosen: list[int], size: int, note: str = "") -> Pictures:
    return Pictures(
        images=torch.stack([to_image(_square(index, size), grey=True) for index in chosen]),
        labels=torch.tensor([_label(index) for index in chosen]),
        class_names=_NAMES,
        names=tuple(f"{_NAMES[_label(index)]} {index}" for index in chosen),
        note=note,
    )


def _label(index: int) -> int:
    return index // _EACH


def _square(index: int, size: int) -> Image.Image:
    return Face(key="", title="", row=index).square(size)
