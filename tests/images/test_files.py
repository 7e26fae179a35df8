"""Uploads are shrunk, forget where they came from, and come back as they were."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image, PngImagePlugin

from leaklab.images import files
from leaklab.settings import Refusal


def raw(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, **({"format": "PNG"} | options))
    return buffer.getvalue()


def noise(width, height):
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


def unpacked(text):
    return Image.open(io.BytesIO(base64.b64decode(text)))


@pytest.mark.parametrize(("width", "height", "side"), [(300, 200, 64), (64, 64, 64), (40, 90, 40), (1, 1, 1)])
def test_a_photograph_becomes_a_small_square(width, height, side):
    small = unpacked(files.shrink(raw(noise(width, height))))
    assert (small.format, small.mode, small.size) == ("PNG", "RGB", (side, side))


def test_the_size_may_be_chosen():
    assert unpacked(files.shrink(raw(noise(100, 100)), 32)).size == (32, 32)


def test_pixels_survive_the_way_through_text():
    picture = noise(32, 32)
    image = files.decode(files.shrink(raw(picture)), 32)
    assert torch.equal(image, torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1) / 255)


def test_grey_is_one_channel():
    assert files.decode(files.shrink(raw(noise(32, 32))), 16, grey=True).shape == (1, 16, 16)


def test_metadata_is_dropped():
    exif, words = Image.Exif(), PngImagePlugin.PngInfo()
    exif[0x010F], exif[0x0131] = "SECRETMAKER", "SECRETSOFTWARE"
    exif.get_ifd(0x8825)[1] = "SECRETPLACE"
    words.add_text("Comment", "SECRETWORDS")
    options = {"icc_profile": b"SECRETPROFILE" * 9, "exif": exif}
    for upload in (
        raw(noise(80, 80), pnginfo=words, **options),
        raw(noise(80, 80), format="JPEG", comment=b"SECRETWORDS", **options),
    ):
        assert b"SECRETMAKER" in upload  # the fixture does carry something to drop
        written = base64.b64decode(files.shrink(upload))
        assert b"SECRET" not in written and unpacked(files.shrink(upload)).info == {}
        assert {written[place + 4 : place + 8] for place in chunks(written)} <= {b"IHDR", b"IDAT", b"IEND"}


def chunks(png):
    place = 8
    while place < len(png):
        yield place
        place += 12 + int.from_bytes(png[place : place + 4], "big")


def test_an_empty_upload_is_refused():
    with pytest.raises(Refusal, match="This file is empty: choose a JPEG"):
        files.shrink(b"")


def test_an_upload_that_is_no_picture_is_refused():
    with pytest.raises(Refusal, match="This file is not a picture leaklab can read"):
        files.shrink(b"<html>" * 99)


def test_an_upload_that_is_cut_off_is_refused():
    upload = raw(noise(200, 200))
    with pytest.raises(Refusal, match="This file is cut off or damaged"):
        files.shrink(upload[: len(upload) // 2])


def test_an_upload_that_is_too_large_is_refused_before_it_is_opened():
    with pytest.raises(Refusal, match="This file has 25 MB, and at most 20 MB are taken: choose a smaller copy"):
        files.shrink(bytes(25_000_000))


@pytest.mark.parametrize("text", ["%%%", "é", "abc"])
def test_a_text_that_was_changed_is_refused(text):
    with pytest.raises(Refusal, match="One of the uploaded photographs was changed on its way: upload it again"):
        files.decode(text, 32)


def test_a_text_that_is_no_picture_is_refused():
    with pytest.raises(Refusal, match="One of the uploaded photographs is not a picture"):
        files.decode(base64.b64encode(b"words").decode(), 32)


def test_placeholders_differ_and_have_contrast():
    one, other = files.placeholder(0, 32), files.placeholder(1, 32)
    assert one.shape == (3, 32, 32) and one.std() > 0.1 and one.min() >= 0 and one.max() <= 1
    assert (one - other).square().mean() > 0.005
    assert files.placeholder(0, 16, grey=True).shape == (1, 16, 16)
