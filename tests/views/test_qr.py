"""A code for telephones: dark on light, drawn here, and none for an address that does not fit."""

import re
from urllib.parse import unquote

import pytest

from leaklab.views import qr


def test_a_code_is_dark_on_light_and_says_what_it_is():
    drawn = qr.code("http://192.168.1.20:8501/lessons?lesson=2&step=1")
    assert 'alt="QR code of the address that stands with it"' in drawn
    svg = unquote(re.search(r'src="data:image/svg\+xml[^,]*,([^"]*)"', drawn)[1])
    assert "#fff" in svg and "#000" in svg and not re.search(r"(href|url\()", svg)
    assert drawn != qr.code("http://192.168.1.20:8501/lessons?lesson=3")


def test_what_is_too_long_for_a_code_has_none():
    assert qr.code("http://127.0.0.1/?x=" + "aB_" * 2000) == ""


@pytest.mark.parametrize(("address", "elsewhere"), [
    ("http://192.168.1.20:8501/lessons", True), ("https://school.example/lessons", True),
    ("http://localhost:8501/lessons", False), ("http://127.0.0.1:8501/lessons", False), ("", False),
])  # fmt: skip
def test_an_address_of_this_machine_alone_is_known_as_one(address: str, elsewhere: bool):
    assert qr.reachable(address) is elsewhere
