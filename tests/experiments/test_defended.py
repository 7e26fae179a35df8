"""A defence between two attacks: each as an inversion by itself has it, beside what is left of the update."""

import math
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from leaklab.attacks.labels import Given
from leaklab.attacks.recipes import IDLG_ROW, RGAP
from leaklab.experiments.defended import UNDEFENDED, Defended
from leaklab.experiments.frame import Frame
from leaklab.experiments.inversion import Inversion
from leaklab.federation.rounds import Federation
from leaklab.protocol.defences import Clip, GaussianNoise, Sign, TopK
from leaklab.protocol.defences.precode import PRECODE
from leaklab.protocol.observation import ThreatModel
from leaklab.runs import records
from leaklab.settings import Refusal, from_link, to_link
from tests.experiments import small

ADAPT = ("inversion", "recipe", "stages", 0, "adapt")


def inversion(*chain, **knobs) -> Inversion:
    return small.inversion(Federation(defences=chain, **knobs), of=IDLG_ROW)


def defended(*chain, **knobs) -> Defended:
    return Defended(inversion=inversion(*chain), **knobs)


HALF, BARE, NOISED = defended(TopK(left_out=0.5)), defended(), defended(GaussianNoise(sigma=0.1))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, float | None]:
    """Let every attack come back with a PSNR that is told by how it adapts; None is refused."""
    outcome: dict[str, float | None] = {"no": 10.0, "estimated": 30.0, "told": 40.0}

    def run(self: Inversion, device: str) -> Iterator[Frame]:
        [how] = {getattr(stage, "adapt", "no") for stage in self.recipe.stages}
        if outcome[how] is None:
            raise Refusal(f"{how} is refused.")
        assert self.scenario.threat.defences is (how == "told")
        scalars = {"psnr": outcome[how], "ssim": 0.5, "progress": 1.0, "iteration": 3.0}
        series = {"psnr": [outcome[how]], "ssim": [0.5], "baseline.noise": [8.0], "label_true": [1.0],
                  "label_recovered": [1.0]}  # fmt: skip
        pictures = dict.fromkeys(("truth", "reconstruction"), np.zeros((16, 16, 3), np.uint8))
        yield Frame(0, 0.0, scalars | {"progress": 0.0, "iteration": 0.0}, series, pictures)
        yield Frame(1, 0.0, scalars, series, pictures, final=True)

    monkeypatch.setattr(Inversion, "run", run)
    return outcome


@cache
def frames(experiment: Defended) -> list[Frame]:
    return list(experiment.run("cpu"))


def final(attack: Inversion, *, adapt: str = "no") -> Frame:
    *_, last = attack.changed(ADAPT[1:], adapt).run("cpu")
    return last


@pytest.mark.parametrize("experiment", [HALF, BARE], ids=["defended", "bare"])
def test_every_frame_keeps_the_contract(experiment: Defended):
    found = frames(experiment)
    assert [frame.index for frame in found] == list(range(len(found)))
    assert [frame.final for frame in found] == [False] * (len(found) - 1) + [True]
    for name in ("progress", "iteration"):
        values = [frame.scalars[name] for frame in found]
        assert values == sorted(values) and values[0] == 0
    assert found[-1].scalars["progress"] == 1
    assert all(before.seconds <= after.seconds for before, after in pairwise(found))
    both = {"psnr", "ssim", "adaptive.psnr", "adaptive.ssim"}
    for frame in found:
        facts = {"signal", "noise", "ratio", "bytes", "bytes.plain", "progress", "iteration", "iterations"}
        assert set(frame.scalars) == facts | both
        assert frame.pictures["reconstruction"].shape == (16, 16, 3)
    assert {"truth", "sent"} <= set(found[0].pictures) and not {"truth", "sent"} & set(found[-1].pictures)
    assert both <= set(found[-1].series) and "adaptive" in found[-1].pictures


def test_both_attacks_are_what_an_inversion_by_itself_is():
    last = frames(HALF)[-1]
    plain, adaptive = final(HALF.inversion), final(HALF.inversion, adapt="estimated")
    assert last.scalars["psnr"] == plain.scalars["psnr"] and last.series["ssim"] == plain.series["ssim"]
    assert last.scalars["adaptive.psnr"] == adaptive.scalars["psnr"] != plain.scalars["psnr"]
    assert np.array_equal(last.pictures["reconstruction"], plain.pictures["reconstruction"])
    assert np.array_equal(last.pictures["adaptive"], adaptive.pictures["reconstruction"])
    lines = last.note.split("\n")
    assert lines[0].startswith("plain: ") and lines[1].startswith("adaptive: ")
    assert lines[2] == "The adaptive attacker makes out that 50% of the numbers were left out."


@pytest.mark.parametrize(("experiment", "why"), [
    (BARE, "without a defence there is nothing to adapt to"), (NOISED, "the attacker makes out no defence"),
], ids=["bare", "noised"])  # fmt: skip
def test_with_nothing_to_adapt_to_the_adaptive_attack_is_the_plain_one(experiment: Defended, why: str):
    last, alone = frames(experiment)[-1], final(experiment.inversion, adapt="estimated")
    assert last.scalars["adaptive.psnr"] == last.scalars["psnr"] == alone.scalars["psnr"]
    assert last.series["adaptive.ssim"] == last.series["ssim"] == alone.series["ssim"]
    assert np.array_equal(last.pictures["adaptive"], alone.pictures["reconstruction"])
    assert f"adaptive: {why}" in last.note and last.scalars["iterations"] == 3


def test_without_a_defence_nothing_is_added_and_all_is_sent():
    scalars = frames(BARE)[0].scalars
    assert scalars["noise"] == scalars["ratio"] == 0 and scalars["bytes"] == scalars["bytes.plain"]
    assert frames(HALF)[0].scalars["ratio"] > 0 and frames(HALF)[0].scalars["bytes"] < scalars["bytes"]


def test_a_plain_attack_is_plain_whatever_the_recipe_says(told):
    *_, last = HALF.changed(ADAPT, "estimated").changed(("adaptive",), "no").run("cpu")
    assert last.scalars["psnr"] == last.scalars["adaptive.psnr"] == 10 and last.scalars["iterations"] == 3
    assert "adaptive: " not in last.note and "makes out" not in last.note


def test_who_is_told_of_a_defence_is_told_by_the_experiment_itself(told):
    asked = defended(GaussianNoise(sigma=0.1), adaptive="told")
    assert not asked.inversion.scenario.threat.defences
    *_, last = asked.run("cpu")
    assert (last.scalars["psnr"], last.scalars["adaptive.psnr"]) == (10, 40) and "makes out" not in last.note
    assert last.note.split("\n")[1].startswith("adaptive: Recovered") and last.scalars["iterations"] == 6


def test_a_guarantee_is_printed_with_all_its_numbers(told):
    *_, last = defended(Clip(bound=0.5, noise_multiplier=2), adaptive="no").run("cpu")
    assert last.scalars["epsilon"] == pytest.approx(2.1, abs=0.5)
    assert "for each client, by clip norm C = 0.5, noise multiplier σ = 2, sample rate q = 1, 1 step, and" in last.note
    *_, last = NOISED.run("cpu")
    assert "epsilon" not in last.scalars and "Gaussian noise gives no (ε, δ) guarantee" in last.note


def test_an_update_of_nothing_is_not_attacked(told):
    told.clear()
    for adaptive in ("no", "told", "estimated"):
        [frame] = defended(TopK(left_out=1), adaptive=adaptive).run("cpu")
        assert frame.final and frame.scalars["signal"] == frame.scalars["noise"] == frame.scalars["bytes"] == 0
        assert math.isnan(frame.scalars["ratio"]) and frame.note.startswith("The update is zero: nothing is sent")


def test_an_attack_that_cannot_adapt_says_so(told):
    *_, last = Defended(inversion=HALF.inversion.model_copy(update={"recipe": RGAP})).run("cpu")
    assert "adaptive: this attack has no way to adapt, so it is the plain one." in last.note
    assert last.scalars["adaptive.psnr"] == last.scalars["psnr"] == 10


@pytest.mark.parametrize(("way", "name", "psnr"), [("no", "plain", "psnr"), ("estimated", "adaptive", "adaptive.psnr")])
def test_one_attack_that_is_refused_does_not_keep_the_other(told, way: str, name: str, psnr: str):
    told[way] = None
    found = list(HALF.run("cpu"))
    [other] = {"psnr", "adaptive.psnr"} - {psnr}
    assert math.isnan(found[-1].scalars[psnr]) and found[-1].scalars[other] in (10, 30)
    assert f"{name}: {way} is refused." in found[-1].note.split("\n") and found[-1].scalars["progress"] == 1
    assert [frame.final for frame in found] == [False] * (len(found) - 1) + [True]
    assert [frame.index for frame in found] == list(range(len(found))) and "truth" in found[0].pictures


def test_two_attacks_that_are_refused_are_refused_in_both_sentences(told):
    told |= {"no": None, "estimated": None}
    with pytest.raises(Refusal, match=r"^no is refused\. estimated is refused\.$"):
        list(HALF.run("cpu"))


def test_two_attacks_that_are_refused_alike_are_refused_once():
    untold = HALF.changed(("inversion", "recipe", "labels"), Given())
    with pytest.raises(Refusal) as refused:
        list(untold.run("cpu"))
    assert str(refused.value).count("Labels are told") == 1


def test_the_same_seed_gives_the_same_again():
    again = list(HALF.model_copy().run("cpu"))
    assert [frame.scalars for frame in again[-1:]] == [frame.scalars for frame in frames(HALF)[-1:]]
    assert np.array_equal(again[0].pictures["sent"], frames(HALF)[0].pictures["sent"])


def test_masks_are_no_part_of_a_chain(told):
    masked = inversion(Clip(bound=0.1), clients=2, secure_aggregation=True)
    scalars = next(Defended(inversion=masked, adaptive="no").run("cpu")).scalars
    assert scalars["signal"] == pytest.approx(0.2) and scalars["noise"] == 0


def test_a_layer_of_a_defence_is_measured_against_the_same_layer_without_dice(told):
    scalars = next(defended(PRECODE(scale=0, size=4), adaptive="no").run("cpu")).scalars
    assert scalars["noise"] == 0 and scalars["bytes"] > scalars["bytes.plain"]


def test_it_has_a_name_travels_in_a_link_and_survives_the_store():
    assert HALF.title == "iDLG against Top-k 0.5, LeNet" and BARE.title == "iDLG against no defence, LeNet"
    assert HALF.under((Sign(),)).chain == (Sign(),) and HALF.under(()) == BARE
    assert HALF.source == HALF.inversion.scenario.source
    assert from_link(Defended, to_link(HALF)) == HALF and to_link(Defended()) == to_link(Defended(inversion=UNDEFENDED))
    last = frames(HALF)[-1]
    back = records.read(records.written(last))
    assert back.scalars == last.scalars and back.note == last.note


@pytest.mark.parametrize("delta", [0, -1, math.nan, 1, math.inf])
def test_a_delta_that_is_none_is_refused(delta: float):
    with pytest.raises(Refusal, match="delta: "):
        HALF.changed(("delta",), delta)


def test_it_begins_with_an_attack_that_is_told_nothing():
    assert Defended().inversion == UNDEFENDED and UNDEFENDED.scenario.threat == ThreatModel()
    assert Defended().chain == () and UNDEFENDED.recipe.iterations == 40
