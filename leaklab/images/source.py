"""Where the private images come from: each source is its own settings, and `Source` is their union."""

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Generator, Tensor

from leaklab.images import datasets, files, folders, photos
from leaklab.images.collection import Collection, data_root, pick
from leaklab.images.prepare import to_image
from leaklab.settings import Refusal, Settings, knob

_ROOT = "Folder that holds the data sets; empty means $LEAKLAB_DATA, or leaklab/data in the user's cache."
_INDICES = "Which images are used, by number, one for each; none: the seed draws them."
_GREY = "Use one channel of grey instead of three of colour."
_SPLIT = "Which part of the data set the images come from."


@dataclass(frozen=True)
class Pictures:
    """Images with their labels, ready to be handed to the clients; labels index `class_names`."""

    images: Float[Tensor, "n c h w"]
    labels: Int[Tensor, " n"]
    class_names: tuple[str, ...]
    names: tuple[str, ...]
    note: str = ""  # one sentence for the visitor, when something is not as asked for


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
    grey: bool = knob(False, level="advanced", help=_GREY)

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

    def _chosen(self, count: int, generator: Generator) -> list[int]:
        if not self.names:
            return pick("the album", len(photos.KEYS), count, indices=self.indices, generator=generator)
        if self.indices:
            raise Refusal("Photographs are chosen both by name and by index: leave one of the two empty.")
        named = [photos.KEYS.index(name) for name in self.names[:count]]
        others = [position for position in range(len(photos.KEYS)) if position not in named]
        drawn = pick("the rest of the album", len(others), count - len(named), indices=(), generator=generator)
        return named + [others[position] for position in drawn]


class _Collected(Settings):
    """What all sources share whose images lie in files: where, which ones, and how many channels."""

    root: str = knob("", level="hidden", private=True, help=_ROOT)
    indices: tuple[int, ...] = knob((), level="advanced", help=_INDICES)
    grey: bool = knob(False, level="advanced", help=_GREY)

    @abstractmethod
    def collection(self) -> Collection:
        """Return all there is to choose from."""

    def draw(self, count: int, size: int, generator: Generator) -> Pictures:
        """Return the chosen or drawn images of the collection.

        Raises: Refusal, when the data are missing or damaged, or the indices do not fit.
        """
        have = self.collection()
        chosen = pick(have.title, have.count, count, indices=self.indices, generator=generator)
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
    grey: bool = knob(True, level="advanced", help=_GREY)

    def collection(self) -> Collection:
        """Return the chosen split.

        Raises: Refusal, when it is not there.
        """
        return datasets.mnist(data_root(self.root), self.split)


class TinyImageNet(_Collected):
    """Tiny-ImageNet: 64 x 64 photographs of two hundred kinds of things."""

    num_classes: ClassVar[int] = 200
    kind: Literal["tiny-imagenet"] = "tiny-imagenet"
    split: Literal["train", "val"] = knob("val", level="advanced", help=_SPLIT)

    def collection(self) -> Collection:
        """Return the chosen split.

        Raises: Refusal, when it is not there.
        """
        return folders.tiny_imagenet(data_root(self.root), self.split)


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


class Uploads(Settings):
    """A visitor's own photographs; they stay out of links, and where they are missing a drawn picture stands in."""

    kind: Literal["uploads"] = "uploads"
    pictures: tuple[str, ...] = knob(
        (), private=True, level="hidden", title="Your photographs", symbol="x",
        help="Photographs of your own, shrunk on arrival; they never travel in a link.",
    )  # fmt: skip
    grey: bool = knob(False, level="advanced", help=_GREY)

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


Source = Annotated[
    Photos | Uploads | Cifar10 | Cifar100 | Mnist | TinyImageNet | ImageNet | Ffhq | Folder,
    Field(discriminator="kind"),
]


def load(source: Source, count: int, size: int, generator: Generator) -> Pictures:
    """Return `count` images of a source as squares of `size` pixels, drawn by the generator where none are chosen.

    Raises: Refusal, when the source has no such images.
    """
    return source.draw(count, size, generator)
