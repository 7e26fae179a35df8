"""The weights' paths: the client's from (0, 0) to (1, 0), four simulations beside it, all in one plane that stands."""

import json
import math
import re
from dataclasses import asdict, replace
from functools import cache
from itertools import pairwise

import pytest
import torch
from torch import nn

from leaklab.experiments.course import Course
from leaklab.experiments.frame import Frame
from leaklab.experiments.paths import ATTACKS, Paths
from leaklab.federation.rounds import Federation
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.observation import ThreatModel
from leaklab.protocol.training import Schedule
from leaklab.settings import Refusal
from tests.experiments import small

NAMES = list(ATTACKS)
TOLD = ThreatModel(labels=True)


def paths(schedule: Schedule, **knobs) -> Paths:
    inversion = small.inversion(Federation(images_per_client=2, schedule=schedule), threat=TOLD)
    inversion = inversion.changed(("scenario", "network"), NetworkChoice(name="mlp"))
    return Paths(inversion=inversion, iterations=knobs.get("iterations", 2))


BENT = paths(Schedule(epochs=2, batch_size=1, learning_rate=0.1))
STRAIGHT = paths(Schedule(epochs=1, learning_rate=0.1))


@cache
def frames(experiment: Paths) -> list[Frame]:
    return list(experiment.run("cpu"))


@pytest.mark.parametrize("experiment", [BENT, STRAIGHT], ids=["bent", "straight"])
def test_the_client_goes_from_nought_to_one_in_every_frame(experiment: Paths):
    for frame in frames(experiment):
        x, y = frame.series["path.client.x"], frame.series["path.client.y"]
        assert (x[0], y[0]) == (0, 0) and (x[-1], y[-1]) == pytest.approx((1, 0), abs=1e-9)
        assert x == frames(experiment)[0].series["path.client.x"]
        assert y == pytest.approx(frames(experiment)[0].series["path.client.y"], abs=1e-9)


def test_a_client_of_one_step_is_the_chord_and_a_simulation_takes_the_second_axis():
    first, last = frames(STRAIGHT)[0], frames(STRAIGHT)[-1]
    assert first.series["path.client.x"] == pytest.approx([0, 1]) and first.series["path.client.y"] == [0, 0]
    assert first.scalars["straightness.client"] == pytest.approx(0, abs=1e-12)
    assert abs(last.series["path.fedavg.y"][1]) > 1e-3
    assert "One epoch is a straight line in itself" in last.note


def test_a_client_of_several_epochs_bends():
    last = frames(BENT)[-1]
    assert last.series["ends.client"] == [0, 0, 1, 0, 1] == last.series["ends.fedavg_epoch"]
    assert last.scalars["straightness.client"] > 0.01 and max(last.series["path.client.y"]) > 0.05


def test_the_first_frame_is_the_client_alone_and_each_attack_joins_with_its_first_guess():
    found = frames(BENT)
    there = [[name for name in NAMES if f"path.{name}.x" in frame.series] for frame in found]
    assert there == [[], NAMES[:1], NAMES[:2], NAMES[:3], NAMES, NAMES, NAMES, NAMES]
    assert list(found[0].pictures) == ["truth"] and found[0].pictures["truth"].shape == (16, 32, 3)
    assert [frame.scalars["iteration"] for frame in found] == [0, 0, 0, 0, 0, 1, 2, 2]
    assert [frame.index for frame in found] == list(range(8))
    assert [frame.final for frame in found] == [False] * 7 + [True]
    assert all(one.seconds <= later.seconds for one, later in pairwise(found))
    assert found[-1].scalars["progress"] == 1


def test_every_path_has_a_point_a_step_and_every_attack_its_numbers_and_picture():
    last = frames(BENT)[-1]
    for name in ["client", *NAMES]:
        assert all(len(last.series[f"{key}.{name}{side}"]) == 5 for key, side in [("ends", ""), ("path", ".x")])
        assert len(last.series[f"path.{name}.y"]) == 5
        assert last.scalars[f"straightness.{name}"] >= 0 and last.scalars[f"unseen.{name}"] >= 0
    for name in NAMES:
        assert all(math.isfinite(last.scalars[f"{key}.{name}"]) for key in ("psnr", "loss", "apart"))
        assert last.pictures[f"reconstruction.{name}"].shape == (16, 32, 3)


def test_a_frame_can_be_written_as_json():
    for frame in frames(BENT):
        json.dumps({name: value for name, value in asdict(frame).items() if name != "pictures"}, allow_nan=False)


def test_attacks_begin_alike_and_the_line_leads_them_apart():
    begun, ended = frames(BENT)[4].series, frames(BENT)[-1].series
    for one in ("fedavg", "fedavg_epoch"):
        assert begun[f"path.{one}.x"] == begun[f"path.{one}_line.x"]
        assert ended[f"path.{one}.x"] != ended[f"path.{one}_line.x"]


def test_the_last_frame_says_who_came_close_and_what_the_line_did():
    last = frames(BENT)[-1]
    near, own, *lines = last.note.split("\n")
    closest = min(NAMES, key=lambda name: last.scalars[f"apart.{name}"])
    begin = "Distance from the client's path, in lengths of the chord"
    assert near.startswith(f"{begin}: {ATTACKS[closest].name} {last.scalars[f'apart.{closest}']:.2f}, ")
    degrees = math.degrees(math.acos(1 - last.scalars["straightness.client"]))
    assert own.startswith(f"The client's own epochs leave the chord by {degrees:.0f}° (1 − cos ")
    assert [line.partition(":")[0] for line in lines] == ["FedAvg simulation", "FedAvg-Epoch"]
    assert not any(frame.note for frame in frames(BENT)[1:-1])


def test_one_client_is_played_whatever_the_scenario_says():
    crowd = BENT
    for knob, value in (("clients", 3), ("view", "aggregated"), ("step_first", True)):
        crowd = crowd.changed(("inversion", "scenario", "federation", knob), value)
    one, alone = next(crowd.run("cpu")), frames(BENT)[0]
    assert len(one.series["path.client.x"]) == 5 and one.pictures["truth"].shape == alone.pictures["truth"].shape
    assert one.series == alone.series


def test_the_title_says_what_is_drawn():
    assert BENT.title == "Paths of 2 epochs on 2 photographs, MLP"
    assert STRAIGHT.title == "Paths of one epoch on 2 photographs, MLP"
    assert BENT.source == BENT.inversion.scenario.source


@pytest.mark.parametrize(("tick", "words"), [
    ("labels", "tick 'Labels are told'"), ("epochs", "tick them under what it is told"),
])  # fmt: skip
def test_what_the_attacks_lack_is_refused(tick: str, words: str):
    untold = BENT.changed(("inversion", "scenario", "threat", tick), False)
    assert BENT.missing() == [] and len(untold.missing()) == 1
    with pytest.raises(Refusal, match=re.escape(words)):
        next(untold.run("cpu"))


def test_a_client_that_never_leaves_is_refused():
    [(observation, secret)] = BENT.inversion.scenario.play(1, device=torch.device("cpu"), dtype=torch.float64).exchanges
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 1))  # of one class one is always certain
    weights = {name: tensor.detach().double() for name, tensor in network.named_parameters()}
    still = replace(observation, network=network, weights=weights, buffers={}, num_classes=1)
    with pytest.raises(Refusal, match="^The client's weights end where they began, "):
        Course((still, replace(secret, labels=torch.zeros_like(secret.labels))), {})
