"""An inversion from photograph to verdict: its frames, its seeds, and the order of its clients."""

import math
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch

from leaklab.attacks.labels import Given
from leaklab.attacks.recipes import IDLG_ROW, RECIPES
from leaklab.experiments.frame import Frame
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.scenario import Played, Scenario
from leaklab.federation.rounds import Federation
from leaklab.federation.secret import Secret
from leaklab.protocol.observation import ThreatModel
from leaklab.settings import Refusal
from tests.experiments import small

TWO = Federation(clients=2)
AVERAGE = Federation(clients=2, view="aggregated")
VIEWS = pytest.mark.parametrize("federation", [TWO, AVERAGE], ids=["per-client", "aggregated"])
SCALARS = {"iteration", "iterations", "progress", "evaluations", "loss", "mse", "psnr", "ssim", "cosine",
           "label_accuracy"}  # fmt: skip
CLOSING = {"fsim", "psnr_with_replacement", "ssim_with_replacement", "sent.length", "sent.numbers", "ended.used up",
           "cuda"}  # fmt: skip
AN_IMAGE = ("mse", "psnr", "ssim", "cosine", "label_true", "label_recovered", "client")


@cache
def frames(experiment: Inversion) -> list[Frame]:
    return list(experiment.run("cpu"))


@VIEWS
def test_every_frame_keeps_the_contract(federation: Federation):
    found = frames(small.inversion(federation, restarts=2))
    attacks = 2 if federation is TWO else 1
    assert [frame.index for frame in found] == list(range(len(found)))
    assert all(before.seconds <= after.seconds for before, after in pairwise(found))
    assert [frame.final for frame in found] == [False] * (len(found) - 1) + [True]
    assert [frame.index for frame in found if "truth" in frame.pictures] == [0]
    for frame in found:
        for picture in frame.pictures.values():
            assert picture.dtype == np.uint8 and picture.shape == (16, 2 * 16, 3)
        assert set(frame.scalars) == SCALARS | (CLOSING if frame.final else set()) and all(
            map(math.isfinite, frame.scalars.values())
        )
        assert all(len(frame.series[name]) == 2 for name in AN_IMAGE)
        losses = [name for name in frame.series if name.startswith("losses.")]
        assert losses == [f"losses.{attack}" for attack in range(attacks)]
        assert all(len(frame.series[name]) == 2 for name in (*losses, "terms.0.matching"))
        assert {name for name in frame.series if name.startswith("baseline.")} == {
            "baseline.noise", "baseline.best grey", "baseline.nearest other photograph",
        }  # fmt: skip


def test_the_progress_rises_to_the_end():
    found = frames(small.inversion(TWO, restarts=2))
    progress = [frame.scalars["progress"] for frame in found]
    assert progress == sorted(progress) and progress[0] == 0 and progress[-1] == 1
    assert found[-1].scalars["iteration"] == found[-1].scalars["iterations"] == 3
    spent = [frame.scalars["evaluations"] for frame in found]
    assert spent[0] == 2 and spent == sorted(spent) and spent[-1] > 2 * 3 * 5  # five updates an iteration


def test_the_loss_is_the_sum_of_each_attacks_lowest():
    for frame in frames(small.inversion(TWO, restarts=2)):
        expected = sum(min(frame.series[f"losses.{attack}"]) for attack in range(2))
        assert frame.scalars["loss"] == pytest.approx(expected)


@VIEWS
def test_the_same_seed_gives_the_same_pictures(federation: Federation):
    experiment = small.inversion(federation, restarts=2)
    for one, again in zip(frames(experiment), frames.__wrapped__(experiment), strict=True):
        assert one.scalars == again.scalars and one.series == again.series
        assert all(np.array_equal(one.pictures[name], again.pictures[name]) for name in one.pictures)


def test_the_attacks_seed_moves_the_attack_alone():
    experiment = small.inversion()
    same, other = (frames(experiment.changed(("attack_seed",), seed)) for seed in (experiment.seed, 5))
    assert np.array_equal(same[-1].pictures["reconstruction"], frames(experiment)[-1].pictures["reconstruction"])
    assert not np.array_equal(other[-1].pictures["reconstruction"], same[-1].pictures["reconstruction"])
    assert np.array_equal(other[0].pictures["truth"], same[0].pictures["truth"])


def test_clients_stand_in_their_order_each_attacked_with_noise_of_its_own():
    found = frames(small.inversion(TWO, restarts=2))
    played = small.scenario(TWO).play(Inversion().seed, device=torch.device("cpu"), dtype=torch.float64)
    truth = np.concatenate(list((played.pictures.images * 255).round().byte().permute(0, 2, 3, 1).numpy()), 1)
    assert np.array_equal(found[0].pictures["truth"], truth)
    assert found[0].series["client"] == [0, 1]
    assert found[0].series["label_true"] == played.pictures.labels.tolist()
    exchanges = [played.exchanges[0]] * 2  # the same image twice: only the noise can differ
    [(_, first), (_, second)] = [one for one in small.inversion().guesses(exchanges) if one[1].iteration == 0]
    assert not torch.equal(first.code, second.code)


def test_of_an_average_every_image_says_whose_it_is():
    assert frames(small.inversion(AVERAGE, restarts=2))[-1].series["client"] == [0, 1]


def test_few_iterations_are_all_recorded_and_many_are_not():
    assert [frame.scalars["iteration"] for frame in frames(small.inversion())] == [0, 1, 2, 3, 3]
    every = frames(small.inversion(iterations=7, record_every=3))
    assert [frame.scalars["iteration"] for frame in every] == [0, 3, 6, 7]
    long = Inversion(recipe=RECIPES["ig"])  # 4800 iterations, about three hundred moments
    recorded = [i for i in range(4801) if long.records(_at(i))]
    assert recorded[:12] == [*range(11), 16] and 290 < len(recorded) < 320 and recorded[-1] == 4800


def _at(iteration: int):
    from leaklab.attacks.snapshot import Snapshot

    images = torch.zeros(1, 1, 1, 1, 1)
    return Snapshot(0, iteration, 1, torch.zeros(1), {}, images, torch.ones(1, 1, 1), images.flatten(1))


def test_the_last_frame_carries_the_verdict():
    verdict, *reasons = frames(small.inversion())[-1].note.split("\n")
    assert verdict.startswith(("Not recovered after", "Only a hint after")) and "PSNR" in verdict and "label" in verdict
    assert [reason.split(":")[0] for reason in reasons] == ["LPIPS is not measured"]
    assert "of 4 restarts recovered." in frames(small.inversion(TWO, restarts=2))[-1].note


def test_a_photograph_that_comes_back_is_called_recovered():
    last = frames(small.inversion(iterations=80, of=IDLG_ROW))[-1]
    assert last.note.startswith("Recovered in") and "label right" in last.note
    assert last.scalars["psnr"] > 40 and last.scalars["label_accuracy"] == 1


def test_labels_that_were_told_are_no_success():
    last = frames(small.inversion(threat=ThreatModel(labels=True), of=RECIPES["ig"]))[-1]
    assert last.scalars["label_accuracy"] == 1 and "label" not in last.note.split("\n")[0]


def test_the_first_frame_carries_the_warnings():
    first, *others = frames(small.inversion(Federation(step_first=True)))
    assert first.note.startswith("The server moved its weights before the attack")
    assert not any("moved its weights" in frame.note for frame in others)


def test_what_the_attack_lacks_is_refused():
    experiment = small.inversion().changed(("recipe", "labels"), Given())
    with pytest.raises(Refusal, match="tick 'Labels are told'"):
        next(experiment.run("cpu"))


@VIEWS
def test_another_secret_beside_the_same_observation_changes_the_score_and_nothing_else(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
):
    experiment = small.inversion(federation, restarts=2)
    honest, play = frames(experiment), Scenario.play

    def swapped(self: Scenario, seed: int, *, device: torch.device, dtype: torch.dtype) -> Played:
        played = play(self, seed, device=device, dtype=dtype)
        others = [
            (seen, Secret(1 - secret.images, (secret.labels + 1) % 10, secret.client, secret.batches))
            for seen, secret in played.exchanges
        ]
        return Played(others, played.pictures, played.others, played.warnings)

    monkeypatch.setattr(Scenario, "play", swapped)
    for one, other in zip(honest, frames.__wrapped__(experiment), strict=True):
        attacker = [name for name in one.series if name.startswith(("losses.", "terms."))]
        assert all(one.series[name] == other.series[name] for name in attacker)
        # Aggregated, the tiles are matched with the truth, so only as a set they are the same.
        width = 16 if federation is AVERAGE else 32
        assert _tiles(one, width) == _tiles(other, width) and one.scalars["psnr"] != other.scalars["psnr"]


def _tiles(frame: Frame, width: int) -> set[bytes]:
    picture = frame.pictures["reconstruction"]
    return {picture[:, at : at + width].tobytes() for at in range(0, picture.shape[1], width)}
