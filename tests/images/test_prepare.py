"""Bytes to numbers and back lose nothing."""

import numpy as np
import torch
from PIL import Image

from leaklab.images.prepare import side_by_side, to_image, to_uint8

EVERY_BYTE = np.arange(256, dtype=np.uint8).reshape(16, 16)


def test_bytes_go_there_and_back_unchanged():
    array = np.stack([EVERY_BYTE, EVERY_BYTE.T, 255 - EVERY_BYTE], axis=-1)
    image = to_image(array)
    assert image.shape == (3, 16, 16) and image.dtype == torch.float32
    assert image.min() == 0 and image.max() == 1
    assert np.array_equal(to_uint8(image[None])[0], array)


def test_grey_has_one_channel_and_is_shown_in_three():
    image = to_image(Image.fromarray(EVERY_BYTE).convert("RGB"), grey=True)
    assert image.shape == (1, 16, 16)
    assert np.array_equal(to_uint8(image[None])[0], np.stack([EVERY_BYTE] * 3, axis=-1))


def test_grey_weighs_the_colours_as_the_eye_does():
    grey = to_image(Image.new("RGB", (1, 1), (0, 255, 0)), grey=True)
    assert abs(grey.item() - 0.587) < 1 / 255


def test_what_is_out_of_range_or_not_a_number_can_be_shown():
    images = torch.tensor([-1.0, 2.0, torch.nan, torch.inf, -torch.inf, 0.5]).view(1, 1, 1, 6).requires_grad_()
    assert to_uint8(images)[0, 0, :, 0].tolist() == [0, 255, 0, 255, 0, 128]


def test_tiles_stand_in_their_order():
    images = torch.stack([torch.full((3, 2, 2), value) for value in (0.0, 0.2, 1.0)])
    wide = side_by_side(images)
    assert wide.shape == (2, 6, 3) and wide[0, :, 0].tolist() == [0, 0, 51, 51, 255, 255]
