"""The search for the strength at which an attack fails, on defended rounds whose outcome is known beforehand."""

import math
from collections.abc import Iterator

import numpy as np
import pytest

from leaklab.attacks.recipes import IDLG_ROW
from leaklab.experiments.defended import Defended
from leaklab.experiments.frame import Frame
from leaklab.experiments.threshold import Threshold
from leaklab.federation.rounds import Federation
from leaklab.protocol.defences import QSGD, Clip
from leaklab.runs import records
from leaklab.settings import Refusal, from_link, to_link
from tests.experiments import small

SMALL = Defended(inversion=small.inversion(Federation(defences=()), of=IDLG_ROW, iterations=1), adaptive="no")
ASKED = Threshold(defended=SMALL)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let SSIM be 1/(1 + 10 s) of noise and s/100 of levels, and keep the strengths that were tried."""
    tried: list[float] = []

    def run(self: Defended, device: str) -> Iterator[Frame]:
        [defence] = self.chain
        tried.append(strength := getattr(defence, defence.strength))
        ssim = strength / 100 if isinstance(defence, QSGD) else 1 / (1 + 10 * strength)
        adaptive = ssim if self.adaptive == "no" else min(1.0, 2 * ssim)
        scalars = {"ssim": ssim, "psnr": 40 * ssim, "adaptive.ssim": adaptive, "adaptive.psnr": math.nan}
        picture = {"truth": np.zeros((2, 2, 3), np.uint8), "reconstruction": np.full((2, 2, 3), 7, np.uint8)}
        yield Frame(0, 0.0, scalars | {"progress": 0.5, "ratio": 3 * strength}, pictures=picture)
        yield Frame(1, 0.0, scalars | {"progress": 1.0, "ratio": 3 * strength}, pictures=picture, final=True)

    monkeypatch.setattr(Defended, "run", run)
    return tried


def test_the_weakest_strength_is_found_where_the_curve_crosses_the_mark(known: list[float]):
    *_, last = ASKED.changed(("probes",), 16).run("cpu")
    assert last.scalars["strength"] == pytest.approx(0.4, rel=1e-3)  # 1/(1 + 10 s) = 0.2
    assert last.scalars["strength"] > 0.4 and last.scalars["ssim"] < 0.2
    assert last.scalars["ratio"] == pytest.approx(1.2, rel=1e-3) and last.scalars["psnr"] == pytest.approx(8, rel=1e-2)
    assert known[:3] == [1e-4, 1.0, pytest.approx(1e-2)] and last.series["strength"] == known and len(known) == 18
    assert last.note.startswith(
        "Gaussian noise: SSIM falls below 0.2 at σ = 0.4, where ‖noise‖/‖signal‖ is 1.2; at 0.4"
    )
    assert last.note.endswith(" it still is 0.2.")


def test_every_halving_halves_what_is_left_by_ratio(known: list[float]):
    for probes in (1, 4):
        *_, last = ASKED.changed(("probes",), probes).run("cpu")
        kept = max(s for s in last.series["strength"] if 1 / (1 + 10 * s) >= 0.2)
        assert math.log10(last.scalars["strength"] / kept) == pytest.approx(4 / 2**probes)


def test_frames_keep_the_contract(known: list[float]):
    found = list(ASKED.changed(("probes",), 3).run("cpu"))
    assert [frame.index for frame in found] == list(range(len(found)))
    assert [frame.final for frame in found] == [False] * (len(found) - 1) + [True]
    progress = [frame.scalars["progress"] for frame in found]
    assert progress == sorted(progress) and progress[0] == pytest.approx(0.1) and progress[-1] == 1
    assert "truth" in found[0].pictures and "reconstruction" in found[-1].pictures
    assert all(len({len(row) for row in frame.series.values()}) == 1 for frame in found)
    assert set(found[-1].series) == {"strength", "ssim", "psnr", "ratio"}
    back = records.read(records.written(found[-1]))
    assert back.scalars == found[-1].scalars and back.series == found[-1].series


def test_fewer_levels_are_stronger_and_only_whole_ones_are_tried(known: list[float]):
    *_, last = Threshold(defended=SMALL, protection="qsgd", low=1, high=1000, probes=20).run("cpu")
    assert last.scalars["strength"] == 19 and known[-1] in (19, 20) and len(known) < 14
    assert all(strength == int(strength) for strength in known)
    assert "at levels = 19, where ‖noise‖/‖signal‖ is 57; at 20 it still is 0.2." in last.note


def test_it_may_be_judged_by_decibels(known: list[float]):
    *_, last = ASKED.changed(("metric",), "psnr").changed(("below",), 20).changed(("probes",), 12).run("cpu")
    assert last.scalars["strength"] == pytest.approx(0.1, rel=1e-2) and "PSNR falls below 20 at σ = 0.1" in last.note


def test_the_better_of_two_attacks_counts_where_there_are_two(known: list[float]):
    both = ASKED.changed(("defended", "adaptive"), "estimated").changed(("probes",), 12)
    *_, last = both.run("cpu")
    assert last.scalars["strength"] == pytest.approx(0.9, rel=1e-2)  # 2/(1 + 10 s) = 0.2
    assert last.note.endswith(", by the better of a plain attack and one that adapts.")


def test_a_mark_that_is_not_crossed_is_refused_with_what_was_measured(known: list[float]):
    for high, value in ((1e-2, "0.909"), (0.3, "0.25")):
        with pytest.raises(
            Refusal, match=rf"^SSIM is 0.999 at σ = 0.0001 and {value} at {high:g}, so there is no knowing"
        ):
            list(ASKED.changed(("high",), high).run("cpu"))
    with pytest.raises(Refusal, match="SSIM is 0.0909 at σ = 1 and 0.0476 at 2"):
        list(ASKED.changed(("high",), 2).changed(("low",), 1).run("cpu"))


def test_a_clip_is_to_the_bound_that_is_asked_for(monkeypatch: pytest.MonkeyPatch):
    met = []
    monkeypatch.setattr(Defended, "run", lambda self, device: iter([met.append(self.chain)]))
    with pytest.raises(AttributeError):
        list(Threshold(protection="clip", bound=0.5, low=0.1, high=2).run("cpu"))
    assert met == [(Clip(bound=0.5, noise_multiplier=0.1),)]


@pytest.mark.parametrize(("knobs", "words"), [
    ({"low": 1, "high": 0.5}, "The strengths to search between are 1 and 0.5: choose a lower one to begin with"),
    ({"low": 1, "high": 1}, "The strengths to search between are 1 and 1: "),
    ({"high": 50}, r"Gaussian noise: the strength 50 \(σ\) is not allowed: choose a number from 0 to 10\."),
    ({"protection": "qsgd"}, r"QSGD: the strength 0\.0001 \(levels\) is not allowed: choose a whole number"),
    ({"protection": "sign"}, "Sign is on or off, so there are no strengths to search between: choose another defence."),
])  # fmt: skip
def test_what_cannot_be_searched_is_refused_before_any_attack(known: list[float], knobs, words: str):
    with pytest.raises(Refusal, match=words):
        next(Threshold(defended=SMALL, **knobs).run("cpu"))
    assert known == []


def test_a_defence_that_does_not_exist_is_refused():
    with pytest.raises(Refusal, match="protection: there is no such defence; choose one of noise, laplace, clip, "):
        ASKED.changed(("protection",), "prayer")


def test_a_real_round_is_searched():
    asked = Threshold(defended=SMALL, metric="psnr", below=0.0, low=0.1, high=1, probes=1)
    with pytest.raises(Refusal, match=r"^PSNR is [\d.]+ at σ = 0.1 and [\d.]+ at 1, so there is no knowing"):
        list(asked.run("cpu"))


def test_it_has_a_name_and_travels_in_a_link():
    assert ASKED.title == "How much Gaussian noise stops iDLG, LeNet" and ASKED.source == SMALL.source
    other = ASKED.changed(("protection",), "top-k")
    assert from_link(Threshold, to_link(other)) == other
