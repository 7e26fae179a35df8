"""The referee keeps score of crafted guesses, and never chooses by it."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from leaklab.attacks.snapshot import Snapshot
from leaklab.experiments.referee import Referee, tiles
from leaklab.experiments.scenario import Played
from leaklab.federation.rounds import Federation
from leaklab.images.source import Pictures
from leaklab.protocol.observation import ThreatModel
from tests.scene import CLASSES, dice, scene


def played(count: int = 2, *, clients: int = 1, told: bool = False, view: str = "per-client") -> Played:
    whole = scene(count)
    threat = ThreatModel(labels=told)
    exchanges = Federation(clients=clients, view=view).play(
        whole.network, whole.images, whole.labels, num_classes=CLASSES, threat=threat, generator=dice()
    )
    names = tuple(map(str, range(CLASSES)))
    pictures = Pictures(whole.images.float(), whole.labels, names, names[:count])
    return Played(exchanges, pictures, torch.rand(3, 1, 16, 16, generator=dice(9)), ("Beware.", "Twice."))


def snapshot(images: Tensor, losses: list[float], labels: Tensor | None = None, iteration: int = 5) -> Snapshot:
    """Return a guess: images (r, n, c, h, w), certain of the labels."""
    wanted = torch.arange(images.shape[1]) % CLASSES if labels is None else labels
    certain = torch.nn.functional.one_hot(wanted, CLASSES).double().expand(len(images), *wanted.shape, CLASSES)
    return Snapshot(
        stage=0, iteration=iteration, evaluations=11, losses=torch.tensor(losses), labels=certain, images=images,
        terms={"matching": torch.tensor(losses)}, code=images.flatten(1),
    )  # fmt: skip


def noisy(images: Tensor, error: float) -> Tensor:
    return images + error * torch.sign(torch.randn(images.shape, dtype=images.dtype, generator=dice(4)))


def test_the_best_is_the_lowest_loss_and_not_the_best_picture():
    truth = scene(2).images
    guess = snapshot(torch.stack([truth, noisy(truth, 0.3)]), losses=[2.0, 1.0])
    referee = Referee(played(), iterations=10)
    referee.see(0, guess)
    frame = referee.frame(3, 0.5)
    assert frame.scalars["psnr"] < 20 and frame.scalars["loss"] == 1
    assert np.array_equal(frame.pictures["reconstruction"], tiles(guess.images[1].float()))
    assert frame.series["losses.0"] == frame.series["terms.0.matching"] == [2, 1]


def test_a_diverged_restart_is_never_shown():
    truth = scene(2).images
    referee = Referee(played(), iterations=10)
    referee.see(0, snapshot(torch.stack([truth, truth + math.nan]), losses=[9.0, math.inf]))
    assert referee.frame(1, 0).scalars["mse"] < 1e-12 and referee.frame(1, 0).series["losses.0"] == [9, math.inf]


def test_when_all_diverged_there_is_still_a_frame_and_a_verdict():
    referee = Referee(played(), iterations=10)
    referee.see(0, snapshot(torch.full((2, 2, 1, 16, 16), math.nan, dtype=torch.float64), losses=[math.inf, math.inf]))
    last = referee.closing(1, 2.0)
    assert last.note.startswith("None of 2 photographs recovered") and "0 of 2 restarts recovered." in last.note
    assert last.pictures["reconstruction"].max() == 0


def test_guesses_in_another_order_are_matched_with_their_labels():
    truth, order = scene(3).images, torch.tensor([2, 0, 1])
    referee = Referee(played(3), iterations=10)
    referee.see(0, snapshot(truth[order][None], losses=[0.0], labels=order))
    frame = referee.frame(0, 0)
    assert np.array_equal(frame.pictures["reconstruction"], frame.pictures["truth"])
    assert frame.series["label_recovered"] == frame.series["label_true"] == [0, 1, 2]
    assert frame.scalars["label_accuracy"] == 1


def test_each_image_has_its_own_numbers():
    truth = scene(2).images
    referee = Referee(played(), iterations=10)
    guess = torch.stack([truth[0], noisy(truth, 0.1)[1]])
    referee.see(0, snapshot(guess[None], losses=[0.0], labels=torch.tensor([0, 3])))
    frame = referee.frame(1, 0)
    assert frame.series["psnr"][0] > 60 > frame.series["psnr"][1] and frame.series["mse"][0] < 1e-12
    assert frame.series["label_true"] == [0, 1] and frame.series["label_recovered"] == [0, 3]
    assert frame.scalars["label_accuracy"] == 0.5
    assert frame.scalars["psnr"] == pytest.approx(sum(frame.series["psnr"]) / 2)


def test_attacks_stand_side_by_side_in_the_order_of_the_clients_whoever_is_seen_first():
    referee, truth = Referee(played(clients=2), iterations=10), scene(2).images
    referee.see(1, snapshot(truth[1][None, None], losses=[4.0], labels=torch.tensor([1]), iteration=2))
    assert not referee.complete
    referee.see(0, snapshot(truth[0][None, None], losses=[3.0], iteration=3))
    assert referee.complete
    frame = referee.frame(0, 0)
    assert np.array_equal(frame.pictures["reconstruction"], frame.pictures["truth"])
    assert (frame.series["losses.0"], frame.series["losses.1"]) == ([3], [4]) and frame.series["client"] == [0, 1]
    assert frame.scalars["loss"] == 7 and frame.scalars["evaluations"] == 22
    assert (frame.scalars["iteration"], frame.scalars["iterations"]) == (3, 10)
    assert frame.scalars["progress"] == pytest.approx(5 / 20)


def test_the_first_frame_shows_truth_and_warnings():
    referee = Referee(played(), iterations=10)
    referee.see(0, snapshot(scene(2).images[None], losses=[0.0]))
    assert "truth" in referee.frame(0, 0).pictures and referee.frame(0, 0).note == "Beware.\nTwice."
    assert "truth" not in referee.frame(1, 0).pictures and referee.frame(1, 0).note == ""


def test_the_verdict_counts_photographs_labels_and_restarts():
    truth = scene(2).images
    referee = Referee(played(), iterations=10)
    guesses = torch.stack([noisy(truth, 0.005), noisy(truth, 0.3), noisy(truth, 0.4)])
    referee.see(0, snapshot(guesses, losses=[1.0, 2.0, 3.0], labels=torch.tensor([0, 3])))
    last = referee.closing(7, 4.1)
    assert last.final and last.index == 7
    note = last.note.split("\n")[0]
    assert note.startswith("All 2 photographs recovered in 4.1 s: mean PSNR 46 dB")
    assert "1 of 2 labels right" in note and note.endswith("1 of 3 restarts recovered.")


def test_the_end_says_what_was_sent_and_why_each_attack_stopped():
    whole = played(clients=2)
    referee, truth = Referee(whole, iterations=10), scene(2).images
    for attack, ended in enumerate(("enough", "")):
        guess = snapshot(truth[attack][None, None], losses=[1.0], labels=torch.tensor([attack]))
        referee.see(attack, replace(guess, ended=ended))
    scalars = referee.closing(1, 1).scalars
    assert scalars["ended.enough"] == scalars["ended.used up"] == 1
    lengths = [sum(float(one.square().sum()) for one in seen.update.values()) ** 0.5 for seen, _ in whole.exchanges]
    assert scalars["sent.length"] == pytest.approx(sum(lengths) / 2)
    assert scalars["sent.numbers"] == sum(one.numel() for one in whole.exchanges[0][0].update.values())
    assert "sent.length" not in referee.frame(0, 0).scalars


def test_the_end_says_which_guess_is_which_photograph_and_what_each_restart_reached():
    truth, order = scene(3).images, torch.tensor([2, 0, 1])
    referee = Referee(played(3), iterations=10)
    guesses = torch.stack([truth[order], noisy(truth, 0.3)])
    referee.see(0, snapshot(guesses, losses=[0.0, 1.0], labels=order))
    series = referee.closing(1, 1).series
    assert series["guess"] == [1, 2, 0] and series["attack"] == [0, 0, 0]
    assert series["restarts.0"][0] > 60 > 20 > series["restarts.0"][1]


def test_the_order_of_the_batch_changes_no_score():
    truth, order = scene(3).images, torch.tensor([2, 0, 1])
    guess, found = noisy(truth, 0.2), []
    for images, labels in ((guess, torch.arange(3)), (guess[order], order)):
        referee = Referee(played(3), iterations=10)
        referee.see(0, snapshot(images[None], losses=[0.0], labels=labels))
        found.append(referee.closing(1, 1))
    for name in ("psnr", "ssim", "mse", "cosine", "fsim", "label_recovered"):
        assert found[0].series[name] == pytest.approx(found[1].series[name], abs=1e-9)


def test_a_photograph_is_picked_out_of_ten_by_its_picture_and_never_by_the_loss():
    truth = scene(2).images
    whole = replace(played(), alike=torch.rand(9, 1, 16, 16, generator=dice(9)).double())
    found = []
    for loss in (1e-12, 9.0):
        referee = Referee(whole, iterations=10)
        guess = torch.stack([noisy(truth, 0.05)[0], whole.alike[0]])
        referee.see(0, snapshot(guess[None], losses=[loss]))
        found.append(referee.closing(1, 1).series["retrieval.rank"])
    assert found[0] == found[1] and found[0][0] == 1 < found[0][1]
    few = Referee(played(), iterations=10)  # three others are too few
    few.see(0, snapshot(truth[None], losses=[0.0]))
    assert "retrieval.rank" not in few.closing(1, 1).series


def test_a_failed_undefended_attack_is_not_recovered_however_low_its_loss():
    whole = replace(played(1), alike=torch.rand(12, 1, 16, 16, generator=dice(9)))
    referee = Referee(whole, iterations=10)
    noise = torch.rand(1, 1, 1, 16, 16, generator=dice(5), dtype=torch.float64)
    referee.see(0, replace(snapshot(noise, losses=[0.0]), ended="enough"))
    last = referee.closing(1, 2.0)
    assert last.scalars["loss"] == 0 and last.note.startswith("Not recovered after 2.0 s")


def test_labels_that_were_told_are_no_success():
    referee = Referee(played(told=True), iterations=10)
    referee.see(0, snapshot(scene(2).images[None], losses=[0.0]))
    assert "label" not in referee.closing(1, 1).note.split("\n")[0]


def test_scoring_leaves_guess_and_truth_alone():
    whole, guess = played(), snapshot(3 * scene(2).images[None], losses=[0.0])
    before = [tensor.clone() for tensor in (guess.images, guess.labels, whole.exchanges[0][1].images)]
    referee = Referee(whole, iterations=10)
    referee.see(0, guess)
    referee.closing(1, 1)
    assert all(map(torch.equal, before, (guess.images, guess.labels, whole.exchanges[0][1].images)))


def test_tiles_are_bytes_side_by_side():
    images = torch.tensor([[0.0, 0.5], [1.0, 2.0], [-1.0, math.nan]]).reshape(3, 1, 1, 2)
    expected = [0, 128, 255, 255, 0, 0]
    found = tiles(images)
    assert found.dtype == np.uint8 and found.shape == (1, 6, 3)
    assert all(found[0, :, channel].tolist() == expected for channel in range(3))
    colours = torch.eye(3).reshape(1, 3, 1, 3)
    assert tiles(colours)[0].tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
