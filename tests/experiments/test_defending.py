"""Defending: the strengths in turn, what is kept of each, what is said of all, and the flags that ask for it."""

import math
from dataclasses import astuple

import pytest

from leaklab.experiments.defend_flags import DEFEND_FLAGS
from leaklab.experiments.defended import Defended
from leaklab.experiments.defending import Defending, Outcome, listed, outcomes, sentences, series
from leaklab.experiments.flags import concrete, start
from leaklab.experiments.frame import Frame
from leaklab.experiments.protections import PROTECTIONS
from leaklab.experiments.utility import Utility
from leaklab.protocol.defences import DPSGD, GaussianNoise
from leaklab.settings import Refusal

TREE = Defending().model_dump(mode="json")
FOUND = {
    "bytes": 8.0, "psnr": 20.0, "ssim": 0.5, "adaptive.psnr": 21.0, "adaptive.ssim": 0.6, "signal": 1.0, "noise": 0.5,
    "ratio": 0.5, "progress": 1.0, "iteration": 3.0,
}  # fmt: skip


@pytest.fixture
def played(monkeypatch) -> list[tuple]:
    """Play every attack and training in no time, and return the chains that they were asked for."""
    asked: list[tuple] = []

    def attack(self, device):
        asked.append(self.chain)
        yield Frame(0, 0.0, FOUND | {"progress": 0.5, "psnr": math.nan})
        lines = [
            "plain: Not recovered.",
            "adaptive: as the plain one.",
            f"{len(self.chain)} defences.",
            "LPIPS is not.",
        ]
        yield Frame(1, 0.0, FOUND, note="\n".join(["Always.", *lines]), final=True)

    def train(self, device):
        asked.append(self.scenario.federation.defences)
        yield Frame(0, 0.0, {"progress": 0.5, "accuracy": 0.1}, note="Always.\nA warning.")
        last = {"progress": 1.0, "accuracy": 0.9, "epsilon": 3.0}
        yield Frame(1, 0.0, last, note="After 2 rounds.", final=True)

    monkeypatch.setattr(Defended, "run", attack)
    monkeypatch.setattr(Utility, "run", train)
    return asked


def test_every_strength_is_attacked_and_trained_in_its_turn(played):
    frames = list(Defending(strengths=(0, 0.1), train=True).run("cpu"))
    assert played == [(), (), (GaussianNoise(sigma=0.1),), (GaussianNoise(sigma=0.1),)]
    assert [frame.scalars["progress"] for frame in frames] == [1 / 8, 1 / 4, 3 / 8, 1 / 2, 5 / 8, 3 / 4, 7 / 8, 1, 1]
    assert [frame.index for frame in frames] == list(range(9)) and [frame.final for frame in frames[-2:]] == [0, 1]
    assert "psnr" not in frames[0].scalars and frames[1].scalars["psnr"] == 20
    first, second = outcomes(frames[-1])
    assert (first.strength, second.strength, second.accuracy, second.trained_epsilon) == (0, 0.1, 0.9, 3)
    assert math.isnan(first.epsilon) and math.isnan(first.adaptive_psnr)


def test_without_training_there_is_no_accuracy_and_the_grid_is_the_defences_own(played):
    asked = Defending(protection="dp-sgd", bound=3, defended=Defended(adaptive="told"))
    *_, final = asked.run("cpu")
    assert played == [(DPSGD(bound=3, noise_multiplier=sigma),) for sigma in PROTECTIONS["dp-sgd"].grid]
    rows = listed(asked, final)
    assert [row["strength"] for row in rows] == list(PROTECTIONS["dp-sgd"].grid)
    assert all(row["accuracy"] is None and row["adaptive"] == {"psnr": 21, "ssim": 0.6} for row in rows)


def test_what_is_said_of_every_strength_is_said_once(played):
    *_, final = Defending(strengths=(0, 0.1), train=True).run("cpu")
    verdicts, remarks = sentences(final)
    assert verdicts == ["plain: Not recovered.", "adaptive: as the plain one.", "training: After 2 rounds."]
    assert remarks == ["Always.", "training: A warning.", "0: 0 defences.", "0.1: 1 defences."]


def test_a_strength_that_is_not_allowed_is_refused_before_any_attack(played):
    with pytest.raises(Refusal, match="Gaussian noise: the strength 11"):
        next(Defending(strengths=(0, 11)).run("cpu"))
    assert played == []


def test_outcomes_are_read_back_from_their_columns():
    found = [Outcome(*range(12)), Outcome(*range(1, 13))]
    assert [astuple(one) for one in outcomes(Frame(0, 0, series=series(found)))] == [
        tuple(range(12)),
        tuple(range(1, 13)),
    ]


def test_what_is_not_finite_is_none_in_json():
    frame = Frame(0, 0, series=series([Outcome(*(math.inf if name else 1.0 for name in range(2)), 8, *[math.nan] * 9)]))
    [row] = listed(Defending(), frame)
    assert row.pop("bytes") == 8 and row.pop("strength") == 1 and row.pop("defence") == "noise"
    assert set(row.values()) == {None}


@pytest.mark.parametrize(
    ("asked", "low", "high"),
    [
        (Defending(until=0.2), PROTECTIONS["noise"].grid[0] / 10, 10 * PROTECTIONS["noise"].grid[-1]),
        (Defending(until=0.2, strengths=(0, 1e-3, 0.1)), 1e-3, 0.1),
        (Defending(until=0.2, protection="top-k"), PROTECTIONS["top-k"].grid[0] / 10, 1.0),
        (Defending(until=0.2, protection="uniform"), 2.0, 16.0),
    ],
)
def test_a_search_reaches_a_little_beyond_what_is_compared(asked: Defending, low: float, high: float):
    search = asked.search
    assert (search.low, search.high) == pytest.approx((low, high))
    assert (search.protection, search.below, search.defended) == (asked.protection, 0.2, asked.defended)


def test_of_a_search_json_has_what_was_found():
    last = Frame(0, 0, {"progress": 1.0, "strength": 0.03, "ratio": math.inf, "ssim": 0.19, "psnr": 9.0}, final=True)
    assert listed(Defending(until=0.2), last) == {
        "defence": "noise", "below": 0.2, "strength": 0.03, "ratio": None, "ssim": 0.19, "psnr": 9,
    }  # fmt: skip


@pytest.mark.parametrize("flag", DEFEND_FLAGS, ids=lambda flag: flag.name)
def test_a_flag_has_words_and_a_place_and_puts_back_what_it_reads(flag):
    assert (flag.knob or flag.name in ("--recipe", "--utility-dataset")) and (flag.help or flag.knob.help)
    value = flag.read(TREE)
    assert value is None or flag.put(TREE, value) == TREE


def test_some_flags_reach_two_places():
    [seed] = [flag for flag in DEFEND_FLAGS if flag.name == "--seed"]
    made = start(Defending).read(seed.put(TREE, 7))
    assert made.defended.inversion.seed == made.utility.seed == 7
    assert concrete(TREE, "defended.inversion.recipe.stages.*.iterations").endswith("stages.0.iterations")


def test_it_has_a_title_and_reads_back():
    asked = Defending(protection="sign", strengths=(1,))
    assert asked.title == "iDLG against Sign, LeNet" and asked.source == asked.defended.source
    assert Defending.read(asked.model_dump(mode="json")) == asked
