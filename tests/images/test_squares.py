"""Every kind of picture file becomes an upright RGB square, or a sentence."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from leaklab.images import squares
from leaklab.settings import Refusal

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def file(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, **({"format": "PNG"} | options))
    return io.BytesIO(buffer.getvalue())


def quarters(side=16):
    """Red, green, blue and white quarters, so that every turn and flip looks different."""
    half = side // 2
    array = np.zeros((side, side, 3), np.uint8)
    array[:half, :half], array[:half, half:], array[half:, :half], array[half:, half:] = RED, GREEN, BLUE, WHITE
    return Image.fromarray(array)


def corners(image):
    far = image.width - 1
    return [image.getpixel(place) for place in ((0, 0), (far, 0), (0, far), (far, far))]


def test_a_square_of_the_right_size_keeps_every_pixel():
    array = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    assert np.array_equal(np.asarray(squares.read_square(file(Image.fromarray(array)), 32)), array)


def test_the_middle_is_cut_out():
    wide = Image.new("RGB", (48, 16), "black")
    wide.paste(quarters(), (16, 0))
    assert np.array_equal(np.asarray(squares.squared(wide, 16)), np.asarray(quarters()))


def test_a_box_is_left_top_and_side():
    assert corners(squares.squared(quarters(), 8, box=(8, 0, 8))) == [GREEN] * 4


def test_shrinking_averages():
    board = Image.fromarray(np.indices((64, 64)).sum(0).astype(np.uint8) % 2 * 255)
    small = np.asarray(squares.squared(board, 8)).astype(float)
    assert np.abs(small - 127.5).max() < 8  # one pixel picked out of each 8 x 8 would be black or white


UPRIGHT = {
    1: [RED, GREEN, BLUE, WHITE],
    2: [GREEN, RED, WHITE, BLUE],
    3: [WHITE, BLUE, GREEN, RED],
    4: [BLUE, WHITE, RED, GREEN],
    5: [RED, BLUE, GREEN, WHITE],
    6: [BLUE, RED, WHITE, GREEN],
    7: [WHITE, GREEN, BLUE, RED],
    8: [GREEN, WHITE, RED, BLUE],
}


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_exif_orientation_is_applied(orientation, format):
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert corners(squares.read_square(file(quarters(), format=format, exif=exif), 16)) == UPRIGHT[orientation]


def test_a_rotated_photograph_of_a_telephone_is_upright_though_decoded_small():
    exif = Image.Exif()
    exif[0x0112] = 6
    seen = corners(squares.read_square(file(quarters(1024), format="JPEG", quality=95, exif=exif), 16))
    assert np.abs(np.array(seen) - UPRIGHT[6]).max() < 12


def test_a_large_jpeg_is_decoded_at_a_fraction():
    assert squares.opened(file(quarters(1024), format="JPEG"), 64).size == (128, 128)


def test_cmyk_becomes_rgb():
    seen = corners(squares.read_square(file(quarters().convert("CMYK"), format="JPEG", quality=100), 16))
    assert np.abs(np.array(seen) - UPRIGHT[1]).max() < 12


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_and_not_cut(format):
    ramp = (np.arange(256, dtype=np.uint16) * 257).reshape(16, 16)
    seen = squares.read_square(file(Image.fromarray(ramp), format=format), 16)
    assert np.array_equal(np.asarray(seen)[..., 0], np.arange(256).reshape(16, 16))


def test_numbers_with_a_point_are_scaled():
    ramp = np.linspace(0, 1, 256, dtype=np.float32).reshape(16, 16)
    seen = squares.read_square(file(Image.fromarray(ramp), format="TIFF"), 16)
    assert np.array_equal(np.asarray(seen)[..., 0], np.arange(256).reshape(16, 16))


def test_what_is_transparent_is_laid_on_white():
    image = quarters().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 8, 8))
    assert corners(squares.read_square(file(image), 16)) == [WHITE, GREEN, BLUE, WHITE]


def test_half_transparent_grey_is_laid_on_white():
    assert corners(squares.read_square(file(Image.new("LA", (8, 8), (0, 51))), 8)) == [(204,) * 3] * 4


def test_a_palette_and_its_transparency():
    image = quarters().quantize(4, dither=Image.Dither.NONE)
    assert corners(squares.read_square(file(image), 16)) == UPRIGHT[1]
    image.info["transparency"] = image.getpixel((0, 0))
    assert corners(squares.read_square(file(image), 16)) == [WHITE, GREEN, BLUE, WHITE]


def test_single_bits_become_black_and_white():
    assert corners(squares.read_square(file(Image.new("1", (8, 8), 1)), 4)) == [WHITE] * 4


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP"])
def test_an_animation_gives_its_first_frame(format):
    frames = {"save_all": True, "append_images": [Image.new("RGB", (16, 16), "black")]}
    lossless = {"lossless": True} if format == "WEBP" else {}
    seen = corners(squares.read_square(file(quarters(), format=format, **frames, **lossless), 16))
    assert seen == UPRIGHT[1]


def png_that_claims(width, height):
    """A whole PNG of a few bytes whose header promises more pixels than anybody could unpack."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(999))) + chunk(b"IEND", b""))


@pytest.mark.parametrize("side", [8_000, 12_000, 60_000])  # below Pillow's warning, between it and its error, beyond
def test_a_decompression_bomb_is_refused_by_its_header(side):
    with pytest.raises(Refusal, match="would unpack to .* pixels: choose a smaller copy .*50 million"):
        squares.opened(png_that_claims(side, side))


def test_a_bomb_is_refused_by_its_size_where_warnings_are_not_errors(recwarn):
    with pytest.raises(Refusal, match="12000 x 12000 pixels"):
        squares.opened(png_that_claims(12_000, 12_000))


@pytest.mark.parametrize("raw", [b"", b"not a picture", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"])
def test_what_is_no_picture_is_refused(raw):
    with pytest.raises(Refusal, match="This file is not a picture leaklab can read: choose a JPEG, PNG"):
        squares.opened(io.BytesIO(raw))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_file_that_is_cut_off_is_refused(format):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    raw = file(noise, format=format).getvalue()
    with pytest.raises(Refusal, match="cut off|damaged|not a picture"):
        squares.opened(io.BytesIO(raw[: len(raw) // 2]))


def test_a_file_that_is_gone_is_refused(tmp_path):
    with pytest.raises(Refusal, match="The picture 7 is no longer there"):
        squares.opened(tmp_path / "7.png", what="The picture 7")
