"""Crops lie where they are said to lie, and every look of a picture is another one."""

import numpy as np
import pytest
import torch
from PIL import Image

from leaklab.images.crops import LOOKS, crops, look
from leaklab.images.photos import picture


def test_the_whole_photograph_is_the_largest_crop():
    [whole] = crops(["cat"], 32, torch.tensor([[1.0, 0.3, 0.7]]))
    expected = Image.fromarray(picture("cat", 128)).resize((32, 32), Image.Resampling.LANCZOS)
    assert np.array_equal(whole, np.asarray(expected))


@pytest.mark.parametrize(("across", "down"), [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)])
def test_the_smallest_crop_is_half_a_side_and_reaches_every_corner(across, down):
    [corner] = crops(["cat"], 64, torch.tensor([[0.0, across, down]]))
    left, top = int(64 * across), int(64 * down)
    assert np.array_equal(corner, picture("cat", 128)[top : top + 64, left : left + 64])


def test_large_crops_are_cut_from_a_larger_picture():
    [large] = crops(["cat"], 96, torch.zeros(1, 3))
    assert np.array_equal(large, picture("cat", 192)[:96, :96])


def test_the_first_look_is_the_picture_and_the_second_its_mirror_image():
    square = picture("coffee", 16)
    assert np.array_equal(look(square, 0), square)
    assert np.array_equal(look(square, 1), square[:, ::-1])


def test_every_look_is_another_and_then_they_begin_anew():
    square = picture("coffee", 16)
    assert len({look(square, number).tobytes() for number in range(LOOKS)}) == LOOKS
    assert np.array_equal(look(square, LOOKS + 5), look(square, 5))
