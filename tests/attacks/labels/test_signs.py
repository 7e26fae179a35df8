"""iDLG and ZLR: the signs of the last weight gradient."""

import dataclasses

import pytest
import torch

from leaklab.attacks.labels import IDLG, ZLR
from leaklab.protocol.observation import ThreatModel
from tests.attacks.labels.heads import normal, observed, spelled, untrained
from tests.scene import CLASSES, Scene, network, scene

UNTOLD = ThreatModel(labels=False)


@pytest.mark.parametrize("label", range(CLASSES))
def test_idlg_reads_any_label_of_one_image(label: int):
    alone = dataclasses.replace(scene(), labels=torch.tensor([label]))
    assert IDLG().recover(alone.observation(UNTOLD)).tolist() == [label]


@pytest.mark.parametrize("seed", range(5))
def test_idlg_reads_the_label_under_any_weights(seed: int):
    alone = Scene(network(seed=seed).double(), scene().images, torch.tensor([2]))
    assert IDLG().recover(alone.observation(UNTOLD)).tolist() == [2]


def test_idlg_reads_the_bias_where_features_can_be_negative():
    features, label = -normal(1, 8).abs() - 1, torch.tensor([3])
    seen = observed(features, label, normal(5, 8, seed=1), normal(5, seed=2))
    hidden = dataclasses.replace(seen, network=torch.nn.Sequential(torch.nn.Tanh(), *seen.network))
    renamed = dataclasses.replace(
        hidden, weights={name.replace("linear", "2"): tensor for name, tensor in seen.weights.items()},
        update={name.replace("linear", "2"): tensor for name, tensor in seen.update.items()},
    )  # fmt: skip
    assert seen.update["linear.weight"].sum(1).argmin() != 3  # the rows mislead
    assert IDLG().missing(renamed) == [] and IDLG().recover(renamed).tolist() == [3]


def test_idlg_reads_the_bias_where_a_defence_has_silenced_every_feature():
    alone = dataclasses.replace(scene(), labels=torch.tensor([2])).observation(UNTOLD)
    silent = dataclasses.replace(alone, update=alone.update | {"linear.weight": 0 * alone.update["linear.weight"]})
    assert IDLG().recover(silent).tolist() == [2]
    assert IDLG().doubts(silent)[0].startswith("Every number of the last layer's weight gradient is zero")


def test_idlg_refuses_several_images():
    [said] = IDLG().missing(scene(3).observation())
    assert said.startswith("iDLG reads the label of one photograph and 3 are in this update")


def test_zlr_finds_different_labels():
    batch = [0, 1, 1, 0, 1, 0, 0, 1, 0]
    seen = untrained(batch)
    assert ZLR().missing(seen) == ZLR().doubts(seen) == []
    assert ZLR().recover(seen).tolist() == spelled(batch).tolist()


@pytest.mark.parametrize("size", [16, 32, 64])
def test_zlr_reaches_its_bound_and_no_more_where_labels_repeat(size: int):
    """Half of one class, a quarter of another: at most (2 + B/4) / B of the labels are right."""
    counts = [size // 2, 0, size // 4, *[1] * (size // 4)] + [0] * 80
    found = ZLR().recover(untrained(counts))
    assert found.unique().equal(found) and len(found) == size
    right = torch.minimum(found.bincount(minlength=len(counts)), torch.tensor(counts)).sum()
    assert right == 2 + size // 4


def test_zlr_says_that_labels_repeat():
    [said] = ZLR().doubts(untrained([3, 0, 1, 0, 0, 0]))
    assert said == (
        "Only 2 classes have a negative entry and there are 4 photographs: labels repeat, and ZLR cannot say which."
    )


def test_zlr_refuses_more_images_than_classes():
    [said] = ZLR().missing(untrained([2, 2, 0]))
    assert said == (
        "ZLR names every class once at most, and 4 photographs cannot all differ among 3 classes: "
        "use 3 photographs or fewer, or choose 'llg', 'alr' or 'ilrg'."
    )
