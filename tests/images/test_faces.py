"""The faces and other squares of scikit-image's wheel: all there, the right ones, and read without the package."""

import importlib.util
import subprocess
import sys

import pytest
import torch
from skimage.data import lfw_subset

from leaklab.images.faces import Faces
from leaklab.images.source import Photos, load
from leaklab.settings import Refusal
from tests.scene import dice


def test_they_are_the_squares_of_scikit_image():
    found = load(Faces(indices=tuple(range(200))), 200, 25, dice())
    assert found.labels.tolist() == [0] * 100 + [1] * 100 and found.class_names == ("Face", "No face")
    assert (found.images[:, 0] - torch.from_numpy(lfw_subset())).abs().max() <= 0.5 / 255 + 1e-6


def test_they_are_drawn_by_the_seed_without_repetition():
    one, again, other = (load(Faces(), 40, 16, dice(seed)) for seed in (1, 1, 2))
    assert torch.equal(one.images, again.images) and one.names == again.names != other.names
    assert one.images.shape == (40, 1, 16, 16) and one.images.dtype == torch.float32 and len(set(one.names)) == 40
    assert set(one.labels.tolist()) == {0, 1}


def test_they_are_chosen_by_number_and_named():
    found = load(Faces(indices=(103, 7)), 2, 32, dice())
    assert found.labels.tolist() == [1, 0] and found.names == ("No face 103", "Face 7") and found.note == ""


def test_a_face_of_the_album_is_the_same_picture():
    here, there = load(Faces(indices=(18,)), 1, 32, dice()), load(Photos(names=("face-01",), grey=True), 1, 32, dice())
    assert torch.equal(here.images, there.images)


def test_labels_can_be_asked_for():
    wanted = torch.tensor([1, 1, 0])
    found = Faces(indices=(4,)).labelled(wanted, 16, dice())
    assert torch.equal(found.labels, wanted) and len(set(found.names)) == 3
    again = Faces().labelled(torch.zeros(101, dtype=torch.int64), 8, dice())
    assert again.note.endswith("has too few pictures of some classes, which are used again: Face (100).")


def test_what_the_source_says_of_itself():
    assert Faces().grey and Faces().num_classes == Faces().labelled_classes == 2


@pytest.mark.parametrize(
    ("one", "count", "words"),
    [
        (Faces(indices=(200,)), 1, "Index 200 is out of range: The set of faces and other things has 200 images"),
        (Faces(indices=(1,)), 2, "1 indices are given and 2 images are needed"),
        (Faces(), 201, "201 images are needed and The set of faces and other things has 200"),
    ],
)
def test_what_cannot_be_given_is_refused(one: Faces, count: int, words: str):
    with pytest.raises(Refusal, match=words):
        load(one, count, 8, dice())


def test_a_missing_file_is_refused(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Refusal, match="lfw_subset.npy comes inside scikit-image.*pip install --force-reinstall"):
        load(Faces(), 1, 8, dice())


def test_scikit_image_itself_is_not_loaded():
    code = (
        "import sys, torch; from leaklab.images.faces import Faces; Faces().draw(1, 8, torch.Generator());"
        "print('skimage' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
