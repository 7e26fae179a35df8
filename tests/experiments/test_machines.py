"""Machines: every way starts from the same numbers, and whoever leaves the reference is caught at that iteration."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
import torch

from leaklab.experiments import machines
from leaklab.experiments.frame import Frame
from leaklab.experiments.machines import Machines, names, verdict
from leaklab.experiments.ways import REFERENCE, Attempt, Partings, Way, ways
from leaklab.federation.rounds import Federation
from leaklab.images.source import Uploads
from leaklab.protocol.observation import ThreatModel
from leaklab.runs import records
from leaklab.settings import Refusal, from_link, to_link
from tests.experiments import small

# An MLP is traced sooner than a network of convolutions, and several attacks are traced here.
QUICK = Machines(inversion=small.inversion(iterations=2)).changed(("inversion", "scenario", "network", "name"), "mlp")
SINGLE = Way("cpu", "float32")


@dataclass(frozen=True)
class Fake(Way):
    """The reference once more, under another name."""

    called: str = "fake"

    @property
    def name(self) -> str:
        return self.called


TWIN, BENT = Fake("cpu", "float64", "twin"), Fake("cpu", "float64", "bent")


@cache
def frames() -> list[Frame]:
    return list(QUICK.run("cpu"))


def steady(frame: Frame) -> dict[str, float]:
    """Return the numbers that no clock is in."""
    return {name: value for name, value in frame.scalars.items() if not name.startswith("seconds.")}


def test_every_way_starts_from_the_same_photographs_weights_and_noise():
    of = small.inversion(Federation(clients=2, images_per_client=2), threat=ThreatModel(labels=True))
    first, second = (Attempt(way, of).played.exchanges for way in (REFERENCE, SINGLE))
    assert len(first) == len(second) == 2
    for (one, secret), (other, its_secret) in zip(first, second, strict=True):
        assert one.like.dtype == torch.float64 and other.like.dtype == torch.float32
        assert torch.equal(secret.images, its_secret.images.double())
        assert all(torch.equal(tensor, other.weights[name].double()) for name, tensor in one.weights.items())
        for name, tensor in one.update.items():
            torch.testing.assert_close(other.update[name].double(), tensor, rtol=1e-3, atol=1e-5)
        noise, its_noise = (of.recipe.stages[0].bind(seen, None).start(2, 7) for seen in (one, other))
        assert its_noise.dtype == torch.float32 and torch.equal(noise, its_noise.double())


def test_every_frame_keeps_the_contract():
    found = frames()
    assert [frame.scalars["iteration"] for frame in found] == [0, 1, 2, 2]
    assert [frame.index for frame in found] == [*range(4)] and [frame.final for frame in found] == [False] * 3 + [True]
    progress = [frame.scalars["progress"] for frame in found]
    assert progress == sorted(progress) and progress[0] == 0 and progress[-1] == 1
    for frame in found:
        assert names(frame.scalars) == ["cpu-float64", "cpu-float32"] and frame.scalars["iterations"] == 2
        for name in names(frame.scalars):
            assert {f"{key}.{name}" for key in ("loss", "psnr", "evaluations", "seconds")} <= frame.scalars.keys()
            assert frame.pictures[f"reconstruction.{name}"].shape == (16, 16, 3)
    assert [("truth" in frame.pictures) for frame in found] == [True] + [False] * 3
    said = "Run in 2 ways from the very same numbers, without a CUDA GPU: cpu-float64, cpu-float32."
    assert found[0].note.split("\n")[0] == said


def test_the_reference_is_the_inversion_by_itself():
    alone = list(QUICK.inversion.run("cpu"))[-1]
    assert frames()[-1].scalars["loss.cpu-float64"] == alone.scalars["loss"]
    assert frames()[-1].scalars["psnr.cpu-float64"] == alone.scalars["psnr"]


def test_the_same_seed_gives_the_same_numbers():
    for one, again in zip(frames(), QUICK.run("cpu"), strict=True):
        assert steady(one) == steady(again)
        assert all(np.array_equal(one.pictures[name], again.pictures[name]) for name in one.pictures)


def test_a_twin_never_parts_and_a_bent_one_does_at_the_iteration_where_it_is_bent(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(machines, "ways", lambda device: (REFERENCE, TWIN, BENT))
    honest = Attempt.loss.fget
    bent = property(lambda self: honest(self) * (1.02 if self.way is BENT and self.iteration >= 1 else 1))
    monkeypatch.setattr(Attempt, "loss", bent)
    monkeypatch.setattr(Attempt, "remarks", property(lambda self: ("It is so.",) if self.way is not TWIN else ()))
    last = list(QUICK.run("cpu"))[-1]
    assert last.scalars["parted.bent"] == 1 and "parted.twin" not in last.scalars
    assert last.scalars["alike.twin"] == last.scalars["alike.bent"] == 1
    gist, twin, its, remark = last.note.split("\n")
    assert gist == "1 of 2 ways have parted from cpu-float64, the first at iteration 1: bent."
    assert twin.startswith("twin never parted from cpu-float64 and ends within 0.5 dB of it: ")
    assert its.startswith("bent parted from cpu-float64 at iteration 1 and ends within 0.5 dB of it: ")
    assert remark == "cpu-float64, bent: It is so."


def test_only_the_first_parting_counts_and_what_diverged_has_parted():
    partings = Partings()
    for iteration, (near, lost) in enumerate([(1.009, 1.0), (1.011, torch.inf), (1.0, 1.0), (5.0, 1.0)]):
        partings.see(iteration, {"cpu-float64": 1.0, "near": near, "lost": lost})
    partings.see(9, {"cpu-float64": torch.inf, "also": torch.inf})
    assert partings.at == {"near": 1, "lost": 1}


@pytest.mark.parametrize(("psnr", "words"), [
    (29.6, "never parted from cpu-float64 and ends within 0.5 dB of it: 29.6 dB against 30.0 dB."),
    (12.0, "never parted from cpu-float64 and ends 18.0 dB worse: 12.0 dB against 30.0 dB."),
    (33.0, "never parted from cpu-float64 and ends 3.0 dB better: 33.0 dB against 30.0 dB."),
])  # fmt: skip
def test_a_verdict_says_how_a_way_ends(psnr: float, words: str):
    assert verdict({"psnr.cpu-float64": 30.0, "psnr.cpu-float32": psnr}) == [f"cpu-float32 {words}"]


def test_beyond_what_an_eye_sees_no_way_is_called_worse_and_all_that_stay_are_said_to():
    told = verdict({"psnr.cpu-float64": 60.0, "psnr.cpu-float32": 50.0, "psnr.cuda-float64": 60.0})
    assert told[0] == "No way has parted from cpu-float64: to the end no loss is 1% away from its."
    assert told[1].endswith("and ends where no eye tells them apart: 50.0 dB against 60.0 dB.") and len(told) == 3


def test_a_machine_runs_the_ways_it_has(monkeypatch: pytest.MonkeyPatch):
    assert ways("cpu") == (REFERENCE, SINGLE)
    monkeypatch.setattr("leaklab.experiments.ways.available", lambda: ("auto", "cpu", "cuda"))
    assert [way.name for way in ways()] == ["cpu-float64", "cpu-float32", "cuda-float64", "cuda-float32"]
    assert ways("cpu") == (REFERENCE, SINGLE)
    with pytest.raises(Refusal, match="There is no device 'abacus'"):
        ways("abacus")


def test_what_the_attack_lacks_is_passed_on():
    blind = Machines(inversion=small.inversion(threat=ThreatModel(number=False)))
    [reason] = blind.missing()
    with pytest.raises(Refusal, match="How many photographs"):
        next(blind.run("cpu"))
    assert reason.startswith("How many photographs") and QUICK.missing() == []


def test_it_has_a_name_travels_in_a_link_without_ones_own_photographs_and_survives_the_store():
    assert QUICK.title == "CPU against CUDA: DLG on one photograph, MLP"
    mine = QUICK.changed(("inversion", "scenario", "source"), Uploads(pictures=("my face",)))
    assert mine.source.kind == "uploads" and from_link(Machines, to_link(mine)).source == Uploads()
    back = records.read(records.written(frames()[-1]))
    assert back.scalars == frames()[-1].scalars and back.note == frames()[-1].note
