"""All pictures of a source as bytes, and batches that depend on seed and step alone."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from leaklab.experiments import pool as pools
from leaklab.experiments.pool import Pool, pool
from leaklab.images.source import Digits, Folder, Photos
from leaklab.settings import Refusal

PIXELS = np.arange(2 * 3 * 8 * 8 * 3).reshape(6, 8, 8, 3) % 251


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Return a folder of three pictures each of cats and dogs."""
    for number, pixels in enumerate(PIXELS):
        place = tmp_path / "two" / ("cat", "dog")[number % 2] / f"{number}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(place)
    return Folder(root=str(tmp_path / "two"))


def test_every_picture_of_a_folder_is_there_to_the_last_bit(folder: Folder):
    found = pool(folder, 8, 1)
    assert found.class_names == ("cat", "dog") and found.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.shape == (3, 8, 8) and found.images.dtype == torch.uint8
    assert np.array_equal(found.images.movedim(1, -1).numpy(), PIXELS[[0, 2, 4, 1, 3, 5]])
    assert pool(folder, 8, 1) is found


def test_grey_pictures_have_one_channel(folder: Folder):
    assert pool(folder.changed(("grey",), True), 8, 1).shape == (1, 8, 8)


@pytest.mark.parametrize("source", [Photos(), Digits()], ids=lambda source: source.kind)
def test_a_source_that_makes_pictures_up_gives_many(source, monkeypatch):
    monkeypatch.setattr(pools, "_CROPS", 24)
    found = pool(source, 8, 1)
    assert len(found.images) == len(found.labels) == 24 and found.images.float().std() > 1
    assert int(found.labels.max()) < len(found.class_names)


def test_a_source_that_is_too_large_is_refused(folder: Folder, monkeypatch):
    monkeypatch.setattr(pools, "_MOST", 100)
    with pytest.raises(Refusal, match="The folder two has 6 pictures, which take more than"):
        pool(folder, 8, 2)


def test_a_batch_depends_on_seed_and_step_alone():
    some = Pool(torch.arange(40, dtype=torch.uint8).reshape(10, 1, 2, 2), torch.arange(10), ("one",) * 10, "ten")
    images, labels = some.batch(3, 7, 6, flips=True)
    again = some.batch(3, 7, 6, flips=True)
    assert torch.equal(images, again[0]) and torch.equal(labels, again[1])
    others = [some.batch(seed, step, 6, flips=True)[1].tolist() for seed, step in ((3, 8), (4, 7), (7, 3))]
    assert labels.tolist() not in others
    plain = some.images[labels].float() / 255
    mirrored = (images != plain).flatten(1).any(1)
    assert torch.equal(images, plain.flip(-1).where(mirrored[:, None, None, None], plain))
    flipped = torch.stack([(some.batch(1, step, 50, flips=True)[0].diff(dim=-1)[..., 0, 0] < 0).float().mean()
                           for step in range(20)]).mean()  # fmt: skip
    assert 0.4 < flipped < 0.6
    assert torch.equal(some.batch(3, 7, 6, flips=False)[0], plain)


def test_all_pictures_are_drawn():
    some = Pool(torch.zeros(10, 1, 2, 2, dtype=torch.uint8), torch.arange(10), ("one",) * 10, "ten")
    assert set(torch.cat([some.batch(1, step, 10, flips=False)[1] for step in range(20)]).tolist()) == set(range(10))
