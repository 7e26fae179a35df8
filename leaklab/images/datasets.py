"""torchvision's CIFAR-10, CIFAR-100 and MNIST as collections; nothing is ever downloaded here."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from leaklab.images.collection import Collection
from leaklab.images.squares import squared
from leaklab.settings import Refusal


def cifar10(root: Path, split: str) -> Collection:
    """Return one split of CIFAR-10.

    Raises: Refusal, when it is not there, saying what would download it.
    """
    from torchvision.datasets import CIFAR10

    return _collection(CIFAR10, root, split, title="CIFAR-10", place=CIFAR10.base_folder)


def cifar100(root: Path, split: str) -> Collection:
    """Return one split of CIFAR-100.

    Raises: Refusal, when it is not there, saying what would download it.
    """
    from torchvision.datasets import CIFAR100

    return _collection(CIFAR100, root, split, title="CIFAR-100", place=CIFAR100.base_folder)


def mnist(root: Path, split: str) -> Collection:
    """Return one split of MNIST.

    Raises: Refusal, when it is not there, saying what would download it.
    """
    from torchvision.datasets import MNIST

    return _collection(MNIST, root, split, title="MNIST", place="MNIST/raw")


def _collection(dataset_class: Callable[..., Any], root: Path, split: str, *, title: str, place: str) -> Collection:
    try:
        dataset = dataset_class(root, train=split == "train", download=False)
    except (RuntimeError, OSError, ValueError, AssertionError) as error:
        name = dataset_class.__name__
        command = f'python -c "from torchvision.datasets import {name}; {name}({str(root)!r}, download=True)"'
        raise Refusal(
            f"{title} is not at {root / place}, or is damaged. leaklab downloads nothing itself; this does: {command}"
        ) from error
    return Collection(
        title=f"{title} ({split})",
        count=len(dataset),
        class_names=tuple(dataset.classes),
        label=lambda index: int(dataset.targets[index]),
        square=lambda index, size: squared(dataset[index][0].convert("RGB"), size),
    )
