"""The album is whole, recognisably varied, cheap, and loads neither torch nor the packages it comes in."""

import itertools
import subprocess
import sys

import numpy as np
import pytest

from leaklab.images import photos
from leaklab.settings import Refusal


@pytest.mark.parametrize("size", [32, 64])
@pytest.mark.parametrize("key", photos.KEYS)
def test_every_photograph_loads_with_contrast(key, size):
    picture = photos.picture(key, size)
    assert picture.shape == (size, size, 3) and picture.dtype == np.uint8
    assert picture.std() > 15 and np.ptp(picture) > 90


def test_no_two_photographs_look_alike():
    pictures = [photos.picture(key, 32).astype(float) / 255 for key in photos.KEYS]
    assert all(((one - other) ** 2).mean() > 0.004 for one, other in itertools.combinations(pictures, 2))


def test_there_are_thirty_two_and_faces_among_them():
    assert len(set(photos.KEYS)) == len(photos.ALBUM) >= 32
    assert sum(isinstance(entry, photos.Face) for entry in photos.ALBUM) >= 8


@pytest.mark.parametrize("entry", photos.ALBUM, ids=photos.KEYS)
def test_everyone_is_thanked(entry):
    assert entry.title and entry.credit


def test_a_picture_is_made_once_and_cannot_be_spoilt():
    picture = photos.picture("cat", 32)
    assert photos.picture("cat", 32) is picture
    with pytest.raises(ValueError, match="read-only"):
        picture[:] = 0


def test_an_unknown_photograph_is_refused():
    with pytest.raises(Refusal, match="no photograph 'dog' in the album: choose among astronaut, cat"):
        photos.picture("dog", 32)


def test_a_package_without_its_file_is_refused(monkeypatch):
    monkeypatch.setattr(photos, "_SKIMAGE", ("skimage", "nowhere", "scikit-image"))
    with pytest.raises(Refusal, match="lfw_subset.npy comes inside scikit-image.*pip install --force-reinstall"):
        photos.ALBUM[-1].square(32)


def test_a_package_that_is_not_installed_is_refused():
    absent = photos.Photograph("k", "t", "a.png", (0, 0, 1), "c", ("no_such_package", "data", "no-such-package"))
    with pytest.raises(Refusal, match="a.png comes inside no-such-package"):
        absent.square(32)


def test_showing_the_album_loads_neither_torch_nor_the_packages():
    code = (
        "import sys; from leaklab.images import photos; photos.picture('flower', 32); photos.picture('face-01', 32);"
        "print([name for name in ('torch', 'skimage', 'sklearn', 'scipy', 'torchvision') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
