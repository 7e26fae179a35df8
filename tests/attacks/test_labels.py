"""Label recovery: what is told, what the gradient gives away, and what each needs."""

import dataclasses

import pytest
import torch

from leaklab.attacks.labels import IDLG, Given, GivenOrIDLG, Jointly, Labels, last_layer
from leaklab.protocol.observation import ThreatModel
from tests.scene import CLASSES, Scene, network, scene

UNTOLD = ThreatModel(labels=False)
NEEDS = [  # labels, number of images, whether labels are told, the words expected
    (Given(), 1, False, "tick 'Labels are told'"),
    (GivenOrIDLG(), 2, False, "or choose label recovery 'jointly'"),
    (IDLG(), 3, True, "iDLG reads the label of one photograph and 3 are in this update"),
]
WORKS = [(Given(), 3, True), (Jointly(), 3, False), (IDLG(), 1, False), (GivenOrIDLG(), 1, False),
         (GivenOrIDLG(), 3, True)]  # fmt: skip


@pytest.mark.parametrize(("labels", "count", "told", "words"), NEEDS, ids=lambda value: getattr(value, "kind", None))
def test_what_keeps_a_method_from_working_is_said(labels: Labels, count: int, told: bool, words: str):
    [said] = labels.missing(scene(count).observation(ThreatModel(labels=told)))
    assert words in said and said.endswith(".")


@pytest.mark.parametrize(("labels", "count", "told"), WORKS, ids=lambda value: getattr(value, "kind", None))
def test_nothing_is_missing_where_a_method_works(labels: Labels, count: int, told: bool):
    observation = scene(count).observation(ThreatModel(labels=told))
    assert labels.missing(observation) == []
    found = labels.recover(observation)
    assert found is None if isinstance(labels, Jointly) else found.shape == (count,)


@pytest.mark.parametrize("label", range(CLASSES))
def test_idlg_reads_any_label_of_one_image(label: int):
    alone = dataclasses.replace(scene(), labels=torch.tensor([label]))
    assert IDLG().recover(alone.observation(UNTOLD)).tolist() == [label]


@pytest.mark.parametrize("seed", range(5))
def test_idlg_reads_the_label_under_any_weights(seed: int):
    alone = Scene(network(seed=seed).double(), scene().images, torch.tensor([2]))
    assert IDLG().recover(alone.observation(UNTOLD)).tolist() == [2]


def test_labels_that_are_told_are_passed_on():
    observation = scene(3).observation()
    assert Given().recover(observation).tolist() == GivenOrIDLG().recover(observation).tolist() == [0, 1, 2]


def test_what_is_told_goes_before_what_the_gradient_says():
    observation = dataclasses.replace(scene().observation(), labels=torch.tensor([3]))
    assert GivenOrIDLG().recover(observation).tolist() == [3]
    assert GivenOrIDLG().recover(dataclasses.replace(observation, labels=None)).tolist() == [0]


def test_the_last_layer_has_a_row_a_class():
    observation = scene(2).observation()
    assert torch.equal(last_layer(observation), observation.update["linear.weight"])
