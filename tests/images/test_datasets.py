"""torchvision's data sets are read as they lie on the disk, and missing ones are asked for in a sentence.

The files are small ones of this test's own in the published layouts; for CIFAR their checksums stand in for the real.
"""

import hashlib
import pickle

import numpy as np
import pytest
import torchvision.datasets

from leaklab.images import datasets
from leaklab.settings import Refusal


def write_cifar(monkeypatch, root, dataset_class, key):
    """Write four images a file, image k of class k and all of brightness k."""
    folder = root / dataset_class.base_folder
    folder.mkdir()

    def written(name, content):
        (folder / name).write_bytes(pickle.dumps(content))
        return [name, hashlib.md5((folder / name).read_bytes()).hexdigest()]

    batch = {"data": np.repeat(np.arange(4, dtype=np.uint8)[:, None], 3072, axis=1), key: [0, 1, 2, 3]}
    for attribute in ("train_list", "test_list"):
        names = [name for name, _ in getattr(dataset_class, attribute)]
        monkeypatch.setattr(dataset_class, attribute, [written(name, batch) for name in names])
    meta = dataset_class.meta
    name, md5 = written(meta["filename"], {meta["key"]: ["cat", "dog", "frog", "ship"]})
    monkeypatch.setattr(dataset_class, "meta", meta | {"md5": md5})


def write_mnist(root):
    folder = root / "MNIST" / "raw"
    folder.mkdir(parents=True)
    images = np.repeat(np.arange(4, dtype=np.uint8)[:, None], 784, axis=1)
    for split in ("train", "t10k"):
        header = b"\x00\x00\x08\x03" + b"".join(side.to_bytes(4, "big") for side in (4, 28, 28))
        (folder / f"{split}-images-idx3-ubyte").write_bytes(header + images.tobytes())
        labels = b"\x00\x00\x08\x01" + (4).to_bytes(4, "big") + bytes([3, 2, 1, 0])
        (folder / f"{split}-labels-idx1-ubyte").write_bytes(labels)


@pytest.mark.parametrize(("split", "count"), [("train", 20), ("test", 4)])
def test_cifar10(monkeypatch, tmp_path, split, count):
    write_cifar(monkeypatch, tmp_path, torchvision.datasets.CIFAR10, "labels")
    have = datasets.cifar10(tmp_path, split)
    assert (have.title, have.count, have.class_names[:2]) == (f"CIFAR-10 ({split})", count, ("cat", "dog"))
    assert [have.label(index) for index in range(4)] == [0, 1, 2, 3]
    assert (np.asarray(have.square(2, 32)) == 2).all() and have.square(2, 16).size == (16, 16)


def test_cifar100(monkeypatch, tmp_path):
    write_cifar(monkeypatch, tmp_path, torchvision.datasets.CIFAR100, "fine_labels")
    have = datasets.cifar100(tmp_path, "test")
    assert have.title == "CIFAR-100 (test)" and have.label(3) == 3


def test_mnist(tmp_path):
    write_mnist(tmp_path)
    have = datasets.mnist(tmp_path, "train")
    assert (have.count, len(have.class_names), have.label(0)) == (4, 10, 3)
    picture = have.square(1, 28)
    assert picture.mode == "RGB" and (np.asarray(picture) == 1).all()


@pytest.mark.parametrize(
    ("read", "name", "place"),
    [
        (datasets.cifar10, "CIFAR10", "cifar-10-batches-py"),
        (datasets.cifar100, "CIFAR100", "cifar-100-python"),
        (datasets.mnist, "MNIST", "MNIST/raw"),
    ],
)
def test_a_missing_data_set_is_refused_with_what_would_download_it(tmp_path, read, name, place):
    with pytest.raises(Refusal) as refusal:
        read(tmp_path, "test")
    said = str(refusal.value)
    assert f"is not at {tmp_path / place}, or is damaged" in said
    command = said.split('python -c "')[1].removesuffix('"')
    assert command == f"from torchvision.datasets import {name}; {name}('{tmp_path}', download=True)"


def test_cifar_with_other_checksums_is_refused_before_it_is_unpickled(monkeypatch, tmp_path):
    write_cifar(monkeypatch, tmp_path, torchvision.datasets.CIFAR10, "labels")
    (tmp_path / "cifar-10-batches-py" / "test_batch").write_bytes(pickle.dumps({"data": None}))
    monkeypatch.setattr(pickle, "load", lambda *_, **__: pytest.fail("a file of unknown origin was unpickled"))
    with pytest.raises(Refusal, match="CIFAR-10 is not at"):
        datasets.cifar10(tmp_path, "test")


def test_a_damaged_mnist_is_refused(tmp_path):
    write_mnist(tmp_path)
    (tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte").write_bytes(b"\x00\x00\x08\x03" + bytes(12))
    with pytest.raises(Refusal, match="MNIST is not at .*, or is damaged"):
        datasets.mnist(tmp_path, "train")
