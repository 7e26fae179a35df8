"""The one choice an attacker can make among restarts, and what a guess would have sent."""

import math

import pytest
import torch

from leaklab.attacks.snapshot import Dummy, Snapshot


@pytest.mark.parametrize(("losses", "best"), [
    ([3.0, 1.0, 2.0], 1), ([math.inf, 5.0], 1), ([5.0, math.inf], 0), ([math.inf, math.inf], 0),
])  # fmt: skip
def test_the_best_restart_is_the_one_of_lowest_loss(losses: list[float], best: int):
    images = torch.zeros(len(losses), 1, 1, 2, 2)
    labels = torch.ones(len(losses), 1, 3)
    snapshot = Snapshot(
        stage=0, iteration=0, evaluations=1, losses=torch.tensor(losses), terms={}, images=images, labels=labels,
        code=images.flatten(1),
    )  # fmt: skip
    assert snapshot.best == best and not snapshot.settled


def test_a_dummys_update_is_its_path_from_end_to_end():
    path = tuple({"weight": torch.tensor([[value]]), "bias": torch.tensor([[1.0]])} for value in (1.0, 2.0, 4.0))
    images = torch.zeros(1, 1, 1, 2, 2)
    update = Dummy(images, torch.ones(1, 1, 3), images.flatten(1), path).update
    assert update == {"weight": 7, "bias": 3}


def test_the_winner_is_the_best_restart_alone():
    images, labels = torch.rand(3, 2, 1, 2, 2), torch.ones(3, 2, 3)
    code = images.flatten(1)
    snapshot = Snapshot(
        stage=0, iteration=4, evaluations=1, losses=torch.tensor([3.0, 1.0, 2.0]), terms={"a": torch.arange(3.0)},
        images=images, labels=labels, code=code, codes={"latent": code[:, :2]}, raw=images + 1,
    )  # fmt: skip
    winner = snapshot.winner
    assert winner.losses.tolist() == [1.0] and winner.terms["a"].tolist() == [1.0] and winner.best == 0
    for part in ("images", "labels", "code", "raw"):
        assert torch.equal(getattr(winner, part), getattr(snapshot, part)[1:2])
    assert torch.equal(winner.codes["latent"], code[1:2, :2]) and winner.iteration == 4
    assert Snapshot(0, 0, 1, code[:, 0], {}, images, labels, code).winner.raw is None
