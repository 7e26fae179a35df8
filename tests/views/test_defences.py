"""A defence as a visitor sees it: its pictures, the sentence on both attackers, and its numbers in words."""

import math
import re

import numpy as np
import pytest

from leaklab.experiments.frame import Frame
from leaklab.views import defences

FACTS = {"signal": 32.5, "noise": 1.35, "ratio": 0.0415, "bytes": 804752.0, "bytes.plain": 804752.0}
BASELINE = {"baseline.grey": [11.0]}
GREY = np.full((4, 4, 3), 128, np.uint8)
PICTURES = {"truth": GREY, "sent": np.zeros((64, 64, 3), np.uint8), "reconstruction": GREY, "adaptive": GREY}


def frame(
    plain: float, adaptive: float | None = None, *, final: bool = True, note: str = "", **scalars: float
) -> Frame:
    """Return a frame of one photograph; an adaptive attack that is not named has not begun."""
    own = {} if adaptive is None else {"adaptive.psnr": [adaptive]}
    means = {"psnr": plain, "ssim": 0.5} | (
        {} if adaptive is None else {"adaptive.psnr": adaptive, "adaptive.ssim": 0.9}
    )
    return Frame(
        3, 1.0, FACTS | means | scalars, {"psnr": [plain], **own, **BASELINE}, note=note or "plain: so.\nadaptive: so.",
        final=final,
    )  # fmt: skip


def captions(html: str) -> list[str]:
    return re.findall("<figcaption>(.*?)</figcaption>", html)


def test_both_attackers_have_their_place_and_their_mark():
    html = defences.pair(frame(8, 40), PICTURES)
    assert captions(html) == [
        "what is sent: first numbers",
        "plain ✗<br>8 dB, SSIM 0.50",
        "adaptive ✓<br>40 dB, SSIM 0.90",
    ]
    assert html.count("<img") == 3 and 'alt="reconstruction, adaptive, 40 dB, SSIM 0.90"' in html


def test_where_nobody_adapts_the_plain_picture_stands_for_both():
    same = frame(8, 8)
    assert defences.pictured(same) == ("reconstruction",)
    html = defences.pair(same, {name: PICTURES[name] for name in ("sent", "reconstruction")})
    assert [said.split("<br>")[0] for said in captions(html)[1:]] == ["plain ✗", "adaptive ✗"]


def test_an_attack_that_has_not_begun_has_an_empty_place_and_no_mark_yet():
    html = defences.pair(frame(25, final=False), PICTURES)
    assert captions(html)[1:] == ["plain <br>25 dB, SSIM 0.50", "adaptive"] and html.count("<img") == 2


def test_an_attack_that_could_not_be_carried_out_has_none_either():
    one = Frame(
        0, 0.0, FACTS | {"psnr": math.nan, "adaptive.psnr": 40.0}, {"adaptive.psnr": [40.0], **BASELINE}, final=True
    )
    assert defences.pictured(one) == ("adaptive",)
    assert captions(defences.pair(one, PICTURES))[1:] == ["plain", "adaptive ✓<br>40 dB, SSIM –"]
    assert defences.images(one) == 1


def test_it_begins_with_the_photograph_and_its_gradient():
    html = defences.beginning(frame(43, 43), PICTURES)
    assert [said.split("<br>")[0] for said in captions(html)] == [
        "private photograph", "its gradient, first numbers", "what comes back ✓",
    ]  # fmt: skip


@pytest.mark.parametrize(("plain", "adaptive", "said"), [
    (43, 43, "Recovered."),
    (8, 8, "Not recovered."),
    (14, 14, "Only a hint."),
    (8, 40, "Recovered by the adaptive attack, not by the plain attack."),
    (40, 8, "Recovered by the plain attack, not by the adaptive attack."),
    (40, 15, "Recovered by the plain attack, only a hint by the adaptive attack."),
    (8, 24, "Adaptive attack: recognisable; plain attack: not recovered."),
    (15, 24, "Adaptive attack: recognisable; plain attack: only a hint."),
    (8, 9, "Not recovered by either attack."),
    (41, 43, "Recovered by both attacks."),
    (14, 15, "Either attack: only a hint."),
])  # fmt: skip
def test_the_more_successful_attack_comes_first(plain: float, adaptive: float, said: str):
    assert defences.sentence(frame(plain, adaptive)) == said


def test_of_several_photographs_they_are_counted():
    series = {"psnr": [8.0, 40.0], "adaptive.psnr": [25.0, 40.0], "baseline.grey": [11.0, 11.0]}
    several = Frame(0, 0.0, FACTS, series, final=True)
    assert defences.sentence(several) == ("Adaptive attack: 2 of 2 recognisable; plain attack: 1 of 2 recognisable.")


def test_all_of_several_are_said_in_one_word():
    series = {"psnr": [40.0, 41.0], "adaptive.psnr": [40.0, 41.0], "baseline.grey": [11.0, 11.0]}
    assert defences.sentence(Frame(0, 0.0, FACTS, series, final=True)) == "All 2 recovered."


def test_an_update_that_is_nothing_says_so():
    nothing = Frame(
        0, 0.0, FACTS, {"psnr": [11.0], "adaptive.psnr": [11.0]}, note="The update is zero.\nA remark.", final=True
    )
    assert defences.sentence(nothing) == "The update is zero." and defences.remarks(nothing) == ["A remark."]


def test_remarks_say_what_the_sentence_does_not():
    lines = ("plain: Recovered.", "adaptive: the attacker makes out no defence.", "It promises nothing.")
    note = "\n".join([*lines, "LPIPS is not measured: so."])
    assert defences.remarks(frame(40, 40, note=note)) == ["The attacker makes out no defence.", "It promises nothing."]
    assert defences.remarks(frame(8, 40, note=note)) == ["It promises nothing."]
    assert defences.remarks(frame(8, final=False, note="A warning.")) == ["A warning."]


def test_what_became_of_the_update_in_numbers():
    told = dict(defences.facts(frame(8, 40, bytes=105627.0)))
    assert told == {
        "‖signal‖": "32.5", "‖noise‖": "1.35", "noise / signal": "0.0415", "sent": "106 kB, 13% of plain",
        "ε": "no guarantee",
    }  # fmt: skip


@pytest.mark.parametrize(("sent", "said"), [
    (804752, "805 kB"), (402376, "402 kB, 50% of plain"), (13406096, "13.4 MB, 16.7 × plain"),
    (512, "512 bytes, 0% of plain"),
])  # fmt: skip
def test_bytes_stand_beside_those_without_a_defence(sent: float, said: str):
    assert defences.weight(sent, 804752) == said


@pytest.mark.parametrize(("scalars", "said"), [
    ({}, "no guarantee"), ({"epsilon": 4.7285}, "4.73"), ({"epsilon": 550111.8}, "550,000"),
    ({"epsilon": None}, "beyond all bounds"), ({"epsilon": math.nan}, "beyond all bounds"),
])  # fmt: skip
def test_a_promise_is_a_number_or_there_is_none(scalars: dict, said: str):
    assert defences.promised(scalars) == said


def test_learning_is_said_beside_what_it_would_be_without():
    trained = {"accuracy": 0.759, "round": 20.0, "rounds": 20.0}
    assert defences.accuracy(trained, 0.941) == "75.9%, −18.2 points" and defences.accuracy(trained) == "75.9%"
    assert defences.accuracy(trained | {"round": 3.0}, 0.941) == "75.9% after 3 of 20 rounds"
    assert defences.accuracy({}) == "–"
    assert defences.learning(trained | {"epsilon": 17.9}) == [("accuracy", "75.9%"), ("ε of training", "17.9")]


def test_what_is_not_finite_is_a_dash_and_words_are_escaped():
    assert (defences.number(None), defences.decibels(None), defences.fraction(None)) == ("–", "–", "–")
    assert (defences.number(0.0), defences.fraction(-0.001)) == ("0", "0.00")
    assert defences.listed([("a", "<b>")]) == '<dl class="leaklab-facts"><dt>a</dt><dd>&lt;b&gt;</dd></dl>'
