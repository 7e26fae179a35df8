"""Where the private images come from: each source is its own settings, and `Source` is their union."""

from abc import abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import torch
from jaxtyping import Int
from pydantic import Field
from torch import Generator, Tensor

from leaklab.images import datasets, folders, photos
from leaklab.images.collection import Collection, data_root, pick, pick_classes
from leaklab.images.crops import LOOKS, crops, look
from leaklab.images.digits import Digits
from leaklab.images.faces import Faces
from leaklab.images.noise import Noise
from leaklab.images.pictures import GREY, MOST_CLASSES, Pictures
from leaklab.images.prepare import to_image
from leaklab.images.uploads import Uploads
from leaklab.settings import Refusal, Settings, knob

__all__ = ["Pictures", "Source", "Uploads", "load"]

_ROOT = "Folder that holds the data sets; empty means $LEAKLAB_DATA, or leaklab/data in the user's cache."
_INDICES = "Which images are used, by number, one for each; none: the seed draws them."
_TWICE = "Photographs are chosen both by name and by index: leave one of the two empty."
_LOOKS = "{} photographs make up all classes: the higher ones are the same, mirrored, turned or in other colours."
_SPLIT = "Which part of the data set the images come from."


class Photos(Settings):
    """Real photographs that come with the packages: nothing to download."""

    kind: Literal["photos"] = "photos"
    names: tuple[Literal[photos.KEYS], ...] = knob(
        (), title="Photographs", help="Which photographs are used; the seed draws those that are missing.", symbol="x"
    )
    indices: tuple[int, ...] = knob((), level="hidden", help=_INDICES)
    classes: int = knob(
        0, low=0, high=len(photos.KEYS), level="advanced",
        help="Deal the photographs out to this many classes; 0 makes each a class of its own.", symbol="y = i mod k",
    )  # fmt: skip
    grey: bool = knob(False, level="advanced", help=GREY)

    @property
    def num_classes(self) -> int:
        """How many classes the labels tell apart."""
        return self.classes or len(photos.ALBUM)

    def draw(self, count: int, size: int, generator: Generator) -> Pictures:
        """Return photographs of the album.

        Raises: Refusal, when names and indices are both given, or the indices do not fit.
        """
        chosen = self._chosen(count, generator)
        entries = [photos.ALBUM[position] for position in chosen]
        left_out = [photos.ALBUM[photos.KEYS.index(name)].title for name in self.names[count:]]
        titles = tuple(photograph.title for photograph in photos.ALBUM)
        return Pictures(
            images=torch.stack([to_image(photos.picture(entry.key, size), grey=self.grey) for entry in entries]),
            labels=torch.tensor([position % self.num_classes for position in chosen]),
            class_names=tuple(f"Class {number}" for number in range(self.classes)) or titles,
            names=tuple(entry.title for entry in entries),
            note=f"More photographs are chosen than used: without {', '.join(left_out)}." if left_out else "",
        )

    @property
    def labelled_classes(self) -> int:
        """How many classes `labelled` has pictures of: its photographs in all their looks."""
        return min(MOST_CLASSES, LOOKS * len(self._dealt()))

    def labelled(self, labels: Int[Tensor, "n"], size: int, generator: Generator) -> Pictures:
        """Return a random crop for each label: each photograph is a class, and its other looks are higher classes.

        Where none are chosen, a third of the album is left to the attacker.
        Raises: Refusal, when names and indices are both given, or an index is out of range.
        """
        dealt, wanted = self._dealt(), labels.tolist()
        own = len(dealt)
        drawn = torch.rand(len(wanted), 4, generator=generator)
        held = [dealt[label % own] for label in wanted]
        entries = [of_class[int(share * len(of_class))] for of_class, share in zip(held, drawn[:, 3], strict=True)]
        squares = crops([entry.key for entry in entries], size, drawn[:, :3])
        looks = [look(square, label // own) for square, label in zip(squares, wanted, strict=True)]
        titles = [f"Class {number}" if self.classes else of_class[0].title for number, of_class in enumerate(dealt)]
        classes = range(max(wanted) + 1)
        return Pictures(
            images=torch.stack([to_image(square, grey=self.grey) for square in looks]),
            labels=labels,
            class_names=tuple(titles[n % own] + (f", look {n // own + 1}" if n >= own else "") for n in classes),
            names=tuple(entry.title for entry in entries),
            note=_LOOKS.format(own) if len(classes) > own else "",
        )

    def _dealt(self) -> list[list[photos.Photograph | photos.Face]]:
        """Return the photographs of each class when classes come before photographs."""
        if self.names and self.indices:
            raise Refusal(_TWICE)
        chosen = pick("the album", len(photos.KEYS), len(self.indices), indices=self.indices, generator=Generator())
        kept = [key for key in photos.KEYS if key not in photos.OTHERS]
        keys = self.names or [photos.KEYS[position] for position in chosen] or kept
        entries = [photos.ALBUM[photos.KEYS.index(key)] for key in keys]
        classes = min(self.classes or len(entries), len(entries))
        return [entries[label::classes] for label in range(classes)]

    def _chosen(self, count: int, generator: Generator) -> list[int]:
        if not self.names:
            return pick("the album", len(photos.KEYS), count, indices=self.indices, generator=generator)
        if self.indices:
            raise Refusal(_TWICE)
        named = [photos.KEYS.index(name) for name in self.names[:count]]
        others = [position for position in range(len(photos.KEYS)) if position not in named]
        drawn = pick("the rest of the album", len(others), count - len(named), indices=(), generator=generator)
        return named + [others[position] for position in drawn]


class _Collected(Settings):
    """What all sources share whose images lie in files: where, which ones, and how many channels."""

    root: str = knob("", level="hidden", private=True, help=_ROOT)
    indices: tuple[int, ...] = knob((), level="advanced", help=_INDICES)
    grey: bool = knob(False, level="advanced", help=GREY)

    @abstractmethod
    def collection(self) -> Collection:
        """Return all there is to choose from."""

    def draw(self, count: int, size: int, generator: Generator) -> Pictures:
        """Return the chosen or drawn images of the collection.

        Raises: Refusal, when the data are missing or damaged, or the indices do not fit.
        """
        have = self.collection()
        return self._opened(have, pick(have.title, have.count, count, indices=self.indices, generator=generator), size)

    @property
    def labelled_classes(self) -> int:
        """How many classes `labelled` has pictures of."""
        return self.num_classes

    def labelled(self, labels: Int[Tensor, "n"], size: int, generator: Generator) -> Pictures:
        """Return a picture of the collection for each label; indices play no part.

        Raises: Refusal, when the data are missing or damaged, or have no picture of a class.
        """
        have = self.collection()
        chosen, scarce = pick_classes(have, labels, generator)
        opened = self._opened(have, chosen, size)
        return replace(opened, note=" ".join(note for note in (opened.note, scarce) if note))

    def _opened(self, have: Collection, chosen: list[int], size: int) -> Pictures:
        labels = [have.label(index) for index in chosen]
        return Pictures(
            images=torch.stack([to_image(have.square(index, size), grey=self.grey) for index in chosen]),
            labels=torch.tensor(labels),
            class_names=have.class_names,
            names=tuple(f"{have.class_names[label]} {index}" for label, index in zip(labels, chosen, strict=True)),
            note=have.note,
        )


class Cifar10(_Collected):
    """CIFAR-10: 32 x 32 photographs of ten kinds of animals and vehicles."""

    num_classes: ClassVar[int] = 10
    kind: Literal["cifar10"] = "cifar10"
    split: Literal["train", "test"] = knob("test", level="advanced", help=_SPLIT)

    def collection(self) -> Collection:
        """Return the chosen split.

        Raises: Refusal, when it is not there.
        """
        return datasets.cifar10(data_root(self.root), self.split)


class Cifar100(_Collected):
    """CIFAR-100: 32 x 32 photographs of a hundred kinds of things."""

    num_classes: ClassVar[int] = 100
    kind: Literal["cifar100"] = "cifar100"
    split: Literal["train", "test"] = knob("test", level="advanced", help=_SPLIT)

    def collection(self) -> Collection:
        """Return the chosen split.

        Raises: Refusal, when it is not there.
        """
        return datasets.cifar100(data_root(self.root), self.split)


class Mnist(_Collected):
    """MNIST: 28 x 28 handwritten digits in grey."""

    num_classes: ClassVar[int] = 10
    kind: Literal["mnist"] = "mnist"
    split: Literal["train", "test"] = knob("test", level="advanced", help=_SPLIT)
    grey: bool = knob(True, level="advanced", help=GREY)

    def collection(self) -> Collection:
        """Return the chosen split.

        Raises: Refusal, when it is not there.
        """
        return datasets.mnist(data_root(self.root), self.split)


class TinyImageNet(_Collected):
    """Tiny-ImageNet: 64 x 64 photographs of two hundred kinds of things."""

    kind: Literal["tiny-imagenet"] = "tiny-imagenet"
    split: Literal["train", "val"] = knob("val", level="advanced", help=_SPLIT)
    classes: int = knob(
        0, low=0, high=200, level="advanced", help="Keep only the first so many classes; 0 keeps all 200."
    )

    @property
    def num_classes(self) -> int:
        """How many classes the labels tell apart."""
        return self.classes or 200

    def collection(self) -> Collection:
        """Return the chosen split, or what it has of the first classes.

        Raises: Refusal, when it is not there.
        """
        return folders.tiny_imagenet(data_root(self.root), self.split).first(self.num_classes)


class ImageNet(_Collected):
    """ImageNet: photographs of a thousand kinds of things."""

    num_classes: ClassVar[int] = 1000
    kind: Literal["imagenet"] = "imagenet"
    split: Literal["train", "val"] = knob("val", level="advanced", help=_SPLIT)

    def collection(self) -> Collection:
        """Return the chosen split.

        Raises: Refusal, when it is not there.
        """
        return folders.imagenet(data_root(self.root), self.split)


class Ffhq(_Collected):
    """FFHQ: faces, their class the decade of their age."""

    num_classes: ClassVar[int] = 10
    kind: Literal["ffhq"] = "ffhq"
    split: Literal["all", "train", "val"] = knob("all", level="advanced", help=_SPLIT)

    def collection(self) -> Collection:
        """Return the chosen split.

        Raises: Refusal, when it is not there.
        """
        return folders.ffhq(data_root(self.root), self.split)


class Folder(_Collected):
    """A folder of one's own: one subfolder a class, pictures in them."""

    kind: Literal["folder"] = "folder"
    split: Literal["all", "train", "val", "test"] = knob("all", level="advanced", help=_SPLIT)

    @property
    def num_classes(self) -> int:
        """How many classes the labels tell apart: the subfolders, counted on the disk."""
        return len(folders.class_folders(self._place()))

    def collection(self) -> Collection:
        """Return every picture below the folder.

        Raises: Refusal, when it is not there or has no subfolders with pictures.
        """
        return folders.by_class(self._place())

    def _place(self) -> Path:
        root = data_root(self.root) if self.root else data_root("") / "folder"
        return root if self.split == "all" else root / self.split


Source = Annotated[
    Photos | Uploads | Cifar10 | Cifar100 | Mnist | Digits | Faces | TinyImageNet | ImageNet | Ffhq | Folder | Noise,
    Field(discriminator="kind"),
]


def load(source: Source, count: int, size: int, generator: Generator) -> Pictures:
    """Return `count` images of a source as squares of `size` pixels, drawn by the generator where none are chosen.

    Raises: Refusal, when the source has no such images.
    """
    return source.draw(count, size, generator)
