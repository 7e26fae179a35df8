"""Contrast is computed, as WCAG 2 defines it, for every colour on its own ground."""

import pytest

from leaklab.views.palette import DARK, LIGHT, ink


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_measure_knows_its_ends():
    assert _contrast("#000000", "#ffffff") == pytest.approx(21)
    assert _contrast("#123456", "#123456") == 1


@pytest.mark.parametrize("ground", [LIGHT, DARK], ids=["light", "dark"])
def test_words_and_lines_stand_out(ground):
    assert min(_contrast(words, ground.paper) for words in (ground.words, ground.quiet)) >= 4.5
    assert min(_contrast(line, ground.paper) for line in ground.lines) >= 3


@pytest.mark.parametrize("ground", [LIGHT, DARK], ids=["light", "dark"])
def test_lines_differ_by_more_than_colour(ground):
    looks = [(ground.line(i), ground.dash(i)) for i in range(2 * len(ground.lines))]
    assert len(set(looks)) == len(looks)
    assert ground.dash(0) != ground.dash(1)


def test_ink_is_chosen_by_ground():
    assert ink(True) is DARK and ink(False) is LIGHT
