"""Marks are valid SVG, and words stay where there is room for them."""

import xml.etree.ElementTree as ElementTree

import pytest

from leaklab.views.marks import Pen, Stroke, sheet
from leaklab.views.palette import LIGHT

PEN = Pen(LIGHT, 10)


def _read(mark: str) -> ElementTree.Element:
    return ElementTree.fromstring(mark)


def test_raised_and_lowered_letters_come_back_to_the_line():
    text = _read(PEN.text((0, 0), "Σ n_{k}/N · W^{(t+1)} − x"))
    assert "".join(text.itertext()) == "Σ nk/N · W(t+1) − x"
    moves = [float(span.get("dy")) for span in text]
    assert sum(moves) == pytest.approx(0, abs=1e-6) and len(moves) == 4
    assert moves[0] > 0 > moves[2]


def test_raised_letters_right_after_lowered_ones_go_from_there():
    spans = list(_read(PEN.text((0, 0), "Δ_{k}^{2}")))
    lowered, raised = (float(span.get("dy")) for span in spans)
    alone = float(next(iter(_read(PEN.text((0, 0), "Δ^{2}")))).get("dy"))
    assert raised == pytest.approx(alone - lowered)


def test_words_without_room_are_smaller_and_others_are_not():
    words = "2048 steps"
    assert float(_read(PEN.text((0, 0), words, fit=1000)).get("font-size")) == 10
    narrow = Pen(LIGHT, float(_read(PEN.text((0, 0), words, fit=40)).get("font-size")))
    assert narrow.width(words) == pytest.approx(40, rel=0.01)


def test_lines_keep_every_word_and_the_width():
    words = "is told the epochs, batch size, learning rate and number of photographs"
    lines = PEN.lines(words, 120)
    assert " ".join(lines) == words and len(lines) > 2
    assert max(map(PEN.width, lines)) <= 120
    assert PEN.lines("photographs", 1) == ["photographs"] and PEN.lines("", 9) == []


def test_an_arrow_points_where_it_ends():
    for end in ((0, 50), (0, -50), (50, 0)):
        head = _read(PEN.arrow((0, 0), end, Stroke("#000000"))).find("polygon")
        tip = head.get("points").split()[0]
        assert tuple(map(float, tip.split(","))) == pytest.approx(end, abs=0.1)


def test_a_stack_has_as_many_photographs_as_layers():
    for layers in (1, 5):
        stack = _read(f"<g>{PEN.photographs((0, 0), layers)}</g>")
        assert len(stack.findall("rect[@class='photograph']")) == layers
        assert not [photograph for photograph in stack.iter("rect") if photograph.get("stroke-dasharray")]
    uncertain = _read(f"<g>{PEN.photographs((0, 0), 3, certain=False)}</g>")
    assert all(photograph.get("stroke-dasharray") for photograph in uncertain.iter("rect"))


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("noisy", [False, True])
def test_a_packet_is_hatched_by_masks_and_speckled_by_noise(masked: bool, noisy: bool):
    packet = _read(PEN.packet((0, 0), "Δ", colour="#000000", masked=masked, noisy=noisy))
    assert (packet.find("path[@class='hatch']") is not None) is masked
    assert (packet.find("path[@class='speckle']") is not None) is noisy
    assert packet.get("class").split() == ["packet", *["masked"] * masked, *["noisy"] * noisy]


def test_hatching_and_speckles_stay_inside_their_packet():
    packet = _read(PEN.packet((100, 50), "Δ", colour="#000000", masked=True, noisy=True))
    frame = packet.find("rect")
    left, top = float(frame.get("x")), float(frame.get("y"))
    right, bottom = left + float(frame.get("width")), top + float(frame.get("height"))
    for path in packet.findall("path"):
        points = path.get("d").replace("h.01", "").replace("L", "M").split("M")[1:]
        for x, y in (map(float, point.split()) for point in points):
            assert left <= x <= right and top <= y <= bottom


def test_a_sheet_is_an_image_with_a_title():
    drawn = _read(sheet([PEN.eye((5, 5), colour="#000000", name="door")], width=10, height=20, title="An eye."))
    assert drawn.get("role") == "img" and drawn.get("viewBox") == "0 0 10 20"
    assert drawn[0].tag.endswith("title") and drawn[0].text == "An eye."
