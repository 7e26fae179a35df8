"""A drawing arrives as a picture, and what was changed on its way is refused in a sentence."""

import base64

import pytest

from leaklab.settings import Refusal
from leaklab.ui import pad
from tests.ui.test_photographs import photograph


def test_a_drawing_is_the_bytes_of_its_picture_and_none_is_none():
    raw = photograph()
    assert pad.decoded("data:image/png;base64," + base64.b64encode(raw).decode()) == raw
    assert pad.decoded(None) is None


@pytest.mark.parametrize("drawn", ["data:image/png;base64,AAA", "data:text/html,<b>", "ä"])
def test_what_is_no_drawing_is_refused(drawn: str):
    with pytest.raises(Refusal, match="press Use it once more"):
        pad.decoded(drawn)
