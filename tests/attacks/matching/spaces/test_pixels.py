"""The space of pixels: where it starts, what a code stands for, and the box."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from leaklab.attacks.matching.spaces.pixels import Pixels
from tests.scene import dice, scene

OBSERVATION = scene(3, side=32, channels=3).observation()


def start(settings: Pixels, seed: int = 0) -> torch.Tensor:
    return settings.bind(OBSERVATION).start(dice(seed))


def test_the_normal_start_has_the_scale_that_was_asked_for():
    noise = start(Pixels(start="normal", scale=0.05))
    assert abs(noise.mean()) < 0.002 and abs(noise.std() - 0.05) < 0.002


def test_the_uniform_start_lies_evenly_between_black_and_white():
    noise = start(Pixels(start="uniform"))
    assert noise.min() >= 0 and noise.max() <= 1
    assert abs(noise.mean() - 0.5) < 0.02 and abs(noise.std() - 12**-0.5) < 0.01


@pytest.mark.parametrize("tile", [1, 4, 5, 32, 64])
def test_the_patterned_start_repeats_an_even_tile(tile: int):
    images = start(Pixels(start="patterned", tile=tile, scale=0.5)).reshape(3, 3, 32, 32)
    for row in range(32):
        for column in range(32):
            assert torch.equal(images[:, :, row, column], images[:, :, row % tile, column % tile])
    corner = images[:, :, :tile, :tile]
    assert corner.unique().numel() > 0.99 * corner.numel(), "the tile is drawn anew for every image and colour"
    assert corner.min() >= 0 and corner.max() <= 0.5
    assert tile < 4 or abs(corner.mean() - 0.25) < 0.05


def test_the_grey_start_is_noise_around_the_middle():
    noise = start(Pixels(start="grey", scale=0.05))
    assert abs(noise.mean() - 0.5) < 0.002 and abs(noise.std() - 0.05) < 0.002


def test_the_black_start_is_nothing_at_all():
    assert start(Pixels(start="black")).tolist() == [0] * (3 * 3 * 32 * 32)


def test_the_same_dice_start_at_the_same_noise():
    assert torch.equal(start(Pixels()), start(Pixels())) and not torch.equal(start(Pixels()), start(Pixels(), seed=1))


def test_a_code_is_the_pixels_of_all_images_in_a_row():
    images = torch.rand(2, 3, 3, 32, 32, generator=dice())
    space = Pixels().bind(OBSERVATION)
    assert torch.equal(space.decode(images.flatten(1)), images)
    assert torch.equal(space.encode(images), images.flatten(1)) and Pixels().missing(OBSERVATION) == []


@given(pixels=st.lists(st.floats(-5, 5), min_size=4, max_size=4))
def test_the_box_keeps_what_is_inside_and_pushes_the_rest_to_its_wall(pixels: list[float]):
    code = torch.tensor([pixels])
    boxed = Pixels(boxed=True).bind(OBSERVATION).project(code)
    inside = (code >= 0) & (code <= 1)
    assert boxed.min() >= 0 and boxed.max() <= 1 and torch.equal(boxed[inside], code[inside])
    assert torch.equal(boxed, boxed.clamp(0, 1)) and set(boxed[~inside].tolist()) <= {0.0, 1.0}


def test_without_a_box_every_code_is_allowed_and_the_box_changes_nothing_in_place():
    code = torch.tensor([[-3.0, 0.5, 7.0]])
    assert torch.equal(Pixels(boxed=False).bind(OBSERVATION).project(code), code)
    Pixels(boxed=True).bind(OBSERVATION).project(code)
    assert code.tolist() == [[-3, 0.5, 7]]
