"""What is known of a defended round beside the attacks on it: frames by frames that are given."""

import math
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
import torch

from leaklab.experiments.frame import Frame
from leaklab.experiments.ledger import Ledger
from leaklab.experiments.promise import Promise
from leaklab.experiments.scenario import Played
from leaklab.experiments.sent import Sent
from leaklab.experiments.viewpoints import Look
from leaklab.federation.rounds import Federation
from leaklab.protocol.defences import Clip, TopK
from leaklab.settings import Refusal
from tests.experiments import small

SENT = Sent(signal=4, noise=2, bytes=10, plain_bytes=40)
FACTS = {"signal": 4, "noise": 2, "ratio": 0.5, "bytes": 10, "bytes.plain": 40}


@cache
def played(*chain) -> Played:
    return small.scenario(Federation(clients=2, defences=chain)).play(
        7, device=torch.device("cpu"), dtype=torch.float64
    )


def ledger(same: str = "", epsilon: float | None = None) -> Ledger:
    return Ledger(played(Clip()), SENT, Promise(epsilon, ("A promise.",)), 40, same, ["A remark."])


def look(name: str, *values: float, refuses: str = "") -> Look:
    def frames() -> Iterator[Frame]:
        for index, value in enumerate(values):
            final = not refuses and index == len(values) - 1
            share = (index + 1) / len(values) if final else index / len(values)
            scalars = {"psnr": value, "ssim": value / 100, "progress": share, "iteration": 10.0 * index}
            series = {"psnr": [value], "ssim": [value / 100], "baseline.noise": [8.0], "label_true": [1.0],
                      "label_recovered": [1.0], "mse": [0.0]}  # fmt: skip
            picture = np.full((2, 2, 3), int(value), np.uint8)
            yield Frame(index, 0.0, scalars, series, {"reconstruction": picture}, "verdict\nno LPIPS", final)
        if refuses:
            raise Refusal(refuses)

    made = Look(name, frames(), told=True)
    made.advance()
    return made


def test_a_frame_holds_both_attacks_and_what_the_defences_cost():
    plain, adaptive = look("plain", 9.0), look("adaptive", 30.0, 40.0)
    adaptive.advance()
    frame = ledger(epsilon=1.5).frame([plain, adaptive], final=True)
    assert frame.scalars == FACTS | {
        "psnr": 9, "ssim": 0.09, "adaptive.psnr": 40, "adaptive.ssim": 0.4, "epsilon": 1.5, "progress": 1,
        "iteration": 10, "iterations": 40,
    }  # fmt: skip
    assert frame.series == {
        "psnr": [9.0], "ssim": [0.09], "adaptive.psnr": [40.0], "adaptive.ssim": [0.4], "baseline.noise": [8.0]
    }  # fmt: skip
    assert set(frame.pictures) == {"truth", "sent", "reconstruction", "adaptive"}
    assert (frame.pictures["reconstruction"] == 9).all() and (frame.pictures["adaptive"] == 40).all()
    assert frame.pictures["truth"].shape == (16, 32, 3) and frame.pictures["sent"].shape == (64, 64, 3)
    lines = frame.note.split("\n")
    assert lines[0].startswith("plain: Only a hint after") and lines[1].startswith("adaptive: Recovered in")
    assert lines[2:] == ["A remark.", "A promise.", "no LPIPS"]


def test_what_is_not_known_yet_is_no_number_and_without_a_guarantee_there_is_no_epsilon():
    waiting = Look("adaptive", iter(()), told=True)
    book = ledger()
    first = book.frame([look("plain", 9.0, 12.0), waiting], final=False)
    assert math.isnan(first.scalars["adaptive.psnr"]) and math.isnan(first.scalars["adaptive.ssim"])
    assert "adaptive" not in first.pictures and "adaptive.psnr" not in first.series
    assert first.scalars["progress"] == 0 and "epsilon" not in first.scalars and first.note == ""
    second = book.frame([look("plain", 9.0), waiting], final=False)
    assert (first.index, second.index) == (0, 1) and second.scalars["progress"] == 0.5
    assert set(second.pictures) == {"reconstruction"} and second.seconds >= first.seconds


def test_where_the_adaptive_attack_is_the_plain_one_it_has_its_numbers_and_says_why():
    frame = ledger(same="nothing to adapt to.").frame([look("plain", 9.0)], final=True)
    assert frame.scalars["adaptive.psnr"] == 9 and frame.series["adaptive.ssim"] == [0.09]
    assert (frame.pictures["adaptive"] == 9).all()
    assert frame.note.split("\n")[1] == "adaptive: nothing to adapt to."


def test_an_attack_that_is_refused_leaves_its_sentence():
    book = ledger()
    looks = [look("plain", refuses="It broke."), look("adaptive", 30.0)]
    first = book.frame(looks, final=False)
    assert first.note.split("\n")[0] == "plain: It broke." and math.isnan(first.scalars["psnr"])
    assert first.scalars["adaptive.psnr"] == 30 and "reconstruction" not in first.pictures
    last = book.frame(looks, final=True)
    assert last.note.split("\n")[0] == "plain: It broke." and last.scalars["progress"] == 1


def test_of_nothing_there_is_a_mid_grey_picture():
    nothing = Ledger(played(TopK(left_out=1)), Sent(0, 0, 0, 40), Promise(None, ()))
    frame = nothing.nothing()
    assert frame.index == 0 and frame.final and frame.scalars["progress"] == 1
    assert (frame.pictures["reconstruction"] == 128).all() and (frame.pictures["adaptive"] == 128).all()
    truth = [secret.images for _, secret in nothing.played.exchanges]
    errors = [float((images - 0.5).square().mean()) for images in truth]
    expected = [-10 * math.log10(error) for error in errors]
    assert frame.series["psnr"] == pytest.approx(expected) and frame.scalars["psnr"] == pytest.approx(sum(expected) / 2)
    assert frame.scalars["adaptive.psnr"] == frame.scalars["psnr"] and math.isnan(frame.scalars["ratio"])
    assert frame.note.startswith("The update is zero: nothing is sent, so there is nothing to attack")
    assert "sent" in frame.pictures and (frame.pictures["sent"] == 128).all()
