"""Public photographs look like the private ones and are never among them."""

import pytest
import torch

from leaklab.images.crops import crops
from leaklab.images.files import placeholder
from leaklab.images.photos import ALBUM, KEYS
from leaklab.images.prepare import to_image
from leaklab.images.public import public
from leaklab.images.source import Photos, load


def private(*names: str, size: int = 16, grey: bool = False) -> torch.Tensor:
    return load(Photos(names=names, grey=grey), len(names), size, torch.Generator()).images


def shown(images: torch.Tensor, *, least: float = 1e-3) -> set[str]:
    """Return the keys of the album whose photographs some crops were cut from, found by cutting them all again."""
    drawn = torch.rand(len(images), 3, generator=torch.Generator().manual_seed(0))
    cut = {key: crops([key] * len(images), images.shape[2], drawn) for key in KEYS}
    return {
        key for key, squares in cut.items()
        if any((to_image(square) - image).abs().max() < least for square, image in zip(squares, images, strict=True))
    }  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("grey", [False, True])
def test_they_have_the_form_of_the_private_ones(grey, dtype):
    found = public(private("cat", grey=grey).to(dtype), 40)
    assert found.shape == (40, 1 if grey else 3, 16, 16) and found.dtype == dtype
    assert found.min() >= 0 and found.max() <= 1


def test_they_are_many_different_ones_and_always_the_same():
    found = public(private("cat"), 40)
    assert torch.equal(found, public(private("cat"), 40)) and len(found.flatten(1).unique(dim=0)) == 40


def test_a_photograph_among_the_private_ones_and_another_cut_from_its_file_are_left_out():
    assert shown(public(private("coffee"), 36)) == set(KEYS) - {"coffee"}
    assert shown(public(private("cat"), 36)) == set(KEYS) - {"cat", "eye"}
    assert shown(public(private("face-03", "rocket"), 36)) == set(KEYS) - {"face-03", "rocket"}


def test_photographs_of_which_crops_are_private_are_left_out_by_their_titles():
    stranger = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    assert shown(public(stranger, 36)) == set(KEYS)
    assert shown(public(stranger, 36, titles=("Cat", "Nobody"))) == set(KEYS) - {"cat", "eye"}


def test_where_nothing_is_left_drawn_landscapes_stand_in():
    whole = load(Photos(), len(ALBUM), 16, torch.Generator().manual_seed(0)).images
    assert torch.equal(public(whole, 3), torch.stack([placeholder(number, 16) for number in range(3)]))


def test_the_global_generator_is_left_alone():
    before = torch.get_rng_state()
    public(private("cat"), 5)
    assert torch.equal(torch.get_rng_state(), before)
