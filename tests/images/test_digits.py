"""The digits of scikit-learn's wheel: all there, the right ones, smooth when enlarged, and read without the package."""

import gzip
import importlib.machinery
import importlib.util
import subprocess
import sys

import pytest
import torch
from sklearn.datasets import load_digits
from torch.nn import functional

from leaklab.images import digits
from leaklab.images.digits import Digits
from leaklab.images.source import load
from leaklab.settings import Refusal
from tests.scene import dice


def test_they_are_the_digits_of_scikit_learn():
    found, true = load(Digits(indices=tuple(range(1797))), 1797, 8, dice()), load_digits()
    assert found.labels.tolist() == true.target.tolist()
    shades = torch.from_numpy(true.images / 16).float()
    assert (found.images[:, 0] - shades).abs().max() <= 0.5 / 255 + 1e-6
    assert found.images.min() == 0 and found.images.max() == 1


def test_they_are_drawn_by_the_seed_without_repetition():
    one, again, other = (load(Digits(), 40, 16, dice(seed)) for seed in (1, 1, 2))
    assert torch.equal(one.images, again.images) and one.names == again.names != other.names
    assert one.images.shape == (40, 1, 16, 16) and one.images.dtype == torch.float32 and len(set(one.names)) == 40


def test_they_are_chosen_by_number_and_named():
    found = load(Digits(indices=(3, 0)), 2, 32, dice())
    assert found.labels.tolist() == [3, 0] and found.names == ("Digit 3, number 3", "Digit 0, number 0")
    assert found.class_names == tuple("0123456789") and found.note == ""


def test_they_are_enlarged_smoothly():
    small, large = (load(Digits(indices=(5,)), 1, size, dice()).images for size in (8, 32))
    assert len(large.unique()) > 100  # not blocks of 17 shades
    assert (functional.avg_pool2d(large, 4) - small).abs().max() < 0.15


def test_labels_can_be_asked_for():
    wanted = torch.tensor([7, 7, 1])
    found = Digits(indices=(4,)).labelled(wanted, 16, dice())
    assert torch.equal(found.labels, wanted) and found.images.shape == (3, 1, 16, 16)
    assert len(set(found.names)) == 3 and all(name.startswith("Digit ") for name in found.names)
    again = Digits().labelled(torch.zeros(179, dtype=torch.int64), 8, dice())
    assert again.note == f"{digits._TITLE} has too few pictures of some classes, which are used again: 0 (178)."


def test_what_the_source_says_of_itself():
    assert Digits().grey and Digits().num_classes == Digits().labelled_classes == 10


@pytest.mark.parametrize(
    ("one", "count", "words"),
    [
        (Digits(indices=(1797,)), 1, "Index 1797 is out of range: The UCI set of digits has 1797 images"),
        (Digits(indices=(1,)), 2, "1 indices are given and 2 images are needed"),
        (Digits(), 1798, "1798 images are needed and The UCI set of digits has 1797"),
    ],
)
def test_what_cannot_be_given_is_refused(one: Digits, count: int, words: str):
    with pytest.raises(Refusal, match=words):
        load(one, count, 8, dice())


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
    """Another scikit-learn than the one installed: a folder where the file can be left out or spoilt."""
    spec = importlib.machinery.ModuleSpec("sklearn", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    digits._table.cache_clear()
    yield tmp_path / digits._FILE
    digits._table.cache_clear()


def test_a_missing_file_is_refused(elsewhere, monkeypatch):
    words = "digits.csv.gz comes inside scikit-learn, and it is not there: `pip install --force-reinstall scikit-learn`"
    with pytest.raises(Refusal, match=words):
        load(Digits(), 1, 8, dice())
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Refusal, match=words):
        load(Digits(), 1, 8, dice())


@pytest.mark.parametrize(
    "raw",
    [b"no gzip", gzip.compress(b"1,2,3\n" * 99)[:-9], gzip.compress(b"one,two")],
    ids=["no gzip", "cut off", "no numbers"],  # gzip writes the time, by which two workers would tell tests apart
)
def test_a_damaged_file_is_refused(elsewhere, raw: bytes):
    elsewhere.parent.mkdir(parents=True)
    elsewhere.write_bytes(raw)
    with pytest.raises(Refusal, match="digits.csv.gz of scikit-learn is damaged: `pip install"):
        load(Digits(), 1, 8, dice())


def test_scikit_learn_itself_is_not_loaded():
    code = (
        "import sys, torch; from leaklab.images.digits import Digits; Digits().draw(1, 8, torch.Generator());"
        "print('sklearn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
