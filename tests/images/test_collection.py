"""Which images are used is decided by the indices or by the generator alone."""

from pathlib import Path

import pytest
import torch

from leaklab.images.collection import data_root, pick
from leaklab.settings import Refusal


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_indices_are_used_in_their_order_and_draw_nothing():
    generator = seeded()
    assert pick("it", 10, 3, indices=(7, 0, 7), generator=generator) == [7, 0, 7]
    assert torch.equal(generator.get_state(), seeded().get_state())


def test_a_draw_repeats_nothing_and_follows_the_seed():
    drawn = [pick("it", 50, 50, indices=(), generator=seeded(seed)) for seed in (0, 0, 1)]
    assert sorted(drawn[0]) == list(range(50))
    assert drawn[0] == drawn[1] != drawn[2]


def test_one_more_client_keeps_the_images_of_the_others():
    few, more = (pick("it", 50, count, indices=(), generator=seeded()) for count in (3, 4))
    assert more[:3] == few


def test_the_global_generator_is_left_alone():
    before = torch.get_rng_state()
    pick("it", 50, 5, indices=(), generator=seeded())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("count", "indices", "words"),
    [
        (3, (1, 2), "2 indices are given and 3 images are needed"),
        (1, (1, 2), "2 indices are given and 1 images are needed"),
        (2, (1, 10), "Index 10 is out of range: it has 10 images, numbered 0 to 9"),
        (1, (-1,), "Index -1 is out of range"),
        (11, (), "11 images are needed and it has 10. Ask for fewer clients"),
    ],
)
def test_what_does_not_fit_is_refused(count, indices, words):
    with pytest.raises(Refusal, match=words):
        pick("it", 10, count, indices=indices, generator=seeded())


def test_the_data_lie_where_one_says(monkeypatch):
    monkeypatch.setenv("LEAKLAB_DATA", "/data")
    assert data_root("/elsewhere") == Path("/elsewhere")
    assert data_root("") == Path("/data")
    monkeypatch.delenv("LEAKLAB_DATA")
    assert data_root("") == Path.home() / ".cache/leaklab/data"
    assert data_root("~/mine") == Path.home() / "mine"
