"""Strips keep every pixel: what is shown is what was scored."""

import io
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from leaklab.experiments.frame import Frame
from leaklab.views import strips


@given(st.integers(0, 500), st.integers(0, 60))
def test_pick_rises_and_keeps_both_ends(count, most):
    kept = strips.pick(count, most)
    assert len(kept) == min(count, most)
    assert all(a < b for a, b in zip(kept, kept[1:], strict=False))
    if len(kept) > 1:
        assert kept[0] == 0 and kept[-1] == count - 1
        steps = np.diff(kept)
        assert all(a <= b + 1 for a, b in zip(steps, steps[1:], strict=False))  # log-spaced, but for rounding


def test_pick_of_one_is_the_newest():
    assert strips.pick(9, 1) == [8]


def test_film_takes_what_the_frames_hold(frames, pixels):
    film = strips.film([*frames, Frame(index=9, seconds=9.0)])
    assert np.array_equal(film.truth, pixels[0])
    assert film.iterations == (0, 10, 20, 30) and film.tiles == 2
    assert film.psnr[1] == (15.0, 25.0) and film.mean_psnr(1) == 20


def test_film_has_no_number_where_there_is_none(frames):
    odd = replace(frames[0], series={"psnr": [math.inf, math.nan]})
    film = strips.film([odd])
    assert film.psnr == ((None, None),) and film.mean_psnr(0) is None


def test_a_film_of_nothing_is_empty():
    film = strips.film([])
    assert film.truth is None and film.pictures == () and film.tiles == 1 and film.chosen(5) == film


def test_chosen_keeps_numbers_with_their_pictures(frames, pixels):
    film = strips.film(frames).chosen(2)
    assert film.iterations == (0, 30) and film.psnr[1] == (25.0, 35.0)
    assert np.array_equal(film.pictures[1], pixels[4])


def test_png_loses_nothing(pixels):
    back = np.asarray(Image.open(io.BytesIO(strips.png(pixels[0]))))
    assert np.array_equal(back, pixels[0])


@pytest.mark.parametrize("limit, size", [(8192, (4, 32)), (16, (8, 16)), (1, (16, 8))])
def test_atlas_holds_every_picture_in_its_place(monkeypatch, limit, size, pixels):
    monkeypatch.setattr(strips, "_ROW_LIMIT", limit)
    sheet = np.asarray(Image.open(io.BytesIO(strips.atlas(list(pixels[1:])))))
    assert sheet.shape[:2] == size
    across = size[1] // 8
    for index, picture in enumerate(pixels[1:]):
        row, column = divmod(index, across)
        assert np.array_equal(sheet[row * 4 : row * 4 + 4, column * 8 : column * 8 + 8], picture)


def test_enlarging_repeats_whole_pixels(pixels):
    large = strips.enlarge(pixels[0], 3)
    assert large.shape == (12, 24, 3)
    assert all(np.array_equal(large[i::3, j::3], pixels[0]) for i in range(3) for j in range(3))


@pytest.mark.parametrize("tiles, columns", [(1, 1), (2, 2), (3, 3), (4, 2), (5, 5), (7, 3), (8, 4), (32, 8), (64, 8)])
def test_batches_are_shown_as_full_rectangles(tiles, columns):
    assert strips.grid_columns(tiles) == columns


def test_squares_are_as_wide_as_they_are_high(pixels):
    assert [tile.shape for tile in strips.squares(pixels[0])] == [(4, 4, 3)] * 2
    assert np.array_equal(strips.squares(pixels[0])[1], pixels[0][:, 4:])


def test_mosaic_places_each_tile():
    picture = np.arange(4, dtype=np.uint8).repeat(12).reshape(1, 4, 2, 2, 3)[0].transpose(1, 0, 2, 3).reshape(2, 8, 3)
    board = strips.mosaic(picture, 4, gap=1)
    assert board.shape == (5, 5, 3)
    assert [board[0, 0, 0], board[0, 4, 0], board[4, 0, 0], board[4, 4, 0]] == [0, 1, 2, 3]
    assert (board[2] == 255).all() and (board[:, 2] == 255).all()


def test_a_strip_holds_truth_and_moments_pixel_by_pixel(frames, pixels):
    sheet = strips.strip(strips.film(frames), most=2, tile=40)  # tiles of 4 × 4, enlarged tenfold, cells 48 wide
    assert sheet.dtype == np.uint8
    columns = {4: pixels[0], 4 + 52 + 16: pixels[1], 4 + 104 + 16: pixels[4]}
    for left, picture in columns.items():
        for row in range(2):
            shown = sheet[4 + 44 * row : 44 + 44 * row, left : left + 40]
            assert np.array_equal(shown, strips.enlarge(picture[:, 4 * row : 4 * row + 4], 10))


def test_a_strip_is_labelled_below(frames):
    sheet = strips.strip(strips.film(frames), most=2, tile=40)
    below = sheet[-40:]
    for left in (4, 72, 124):  # private, 0, 30
        assert (below[:, left : left + 40] < 128).any()


def test_a_strip_without_the_photograph_shows_the_moments_alone(frames, pixels):
    film = replace(strips.film(frames), truth=None)
    sheet = strips.strip(film, most=2, tile=40)
    assert np.array_equal(sheet[4:44, 4:44], strips.enlarge(pixels[1][:, :4], 10))
    assert sheet.shape[1] == 4 + 2 * 52


def test_few_pictures_are_sent_when_they_are_large():
    assert strips.affordable(np.zeros((32, 32, 3), np.uint8)) > 100
    assert strips.affordable(np.zeros((32, 1024, 3), np.uint8)) == 4
    assert strips.affordable(np.zeros((512, 512, 3), np.uint8)) == 2
