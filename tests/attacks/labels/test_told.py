"""Labels that are told or left open: what is passed on, what is read instead, and what each needs."""

import dataclasses

import pytest

from leaklab.attacks.labels import Given, GivenOrIDLG, Jointly, Labels
from leaklab.protocol.observation import ThreatModel
from tests.scene import scene

NEEDS = [  # labels, number of images, the words expected
    (Given(), 1, "tick 'Labels are told'"),
    (GivenOrIDLG(), 2, "or choose label recovery 'jointly'"),
]
WORKS = [(Given(), 3, True), (Jointly(), 3, False), (GivenOrIDLG(), 1, False), (GivenOrIDLG(), 3, True)]


@pytest.mark.parametrize(("labels", "count", "words"), NEEDS, ids=lambda value: getattr(value, "kind", None))
def test_what_keeps_a_method_from_working_is_said(labels: Labels, count: int, words: str):
    [said] = labels.missing(scene(count).observation(ThreatModel(labels=False)))
    assert words in said and said.endswith(".")


@pytest.mark.parametrize(("labels", "count", "told"), WORKS, ids=lambda value: getattr(value, "kind", None))
def test_nothing_is_missing_where_a_method_works(labels: Labels, count: int, told: bool):
    observation = scene(count).observation(ThreatModel(labels=told))
    assert labels.missing(observation) == labels.doubts(observation) == []
    found = labels.recover(observation)
    assert found is None if isinstance(labels, Jointly) else found.shape == (count,)


def test_labels_that_are_told_are_passed_on():
    observation = scene(3).observation()
    assert Given().recover(observation).tolist() == GivenOrIDLG().recover(observation).tolist() == [0, 1, 2]


def test_what_is_told_goes_before_what_the_gradient_says():
    observation = dataclasses.replace(scene().observation(), labels=scene().labels + 3)
    assert GivenOrIDLG().recover(observation).tolist() == [3]
    assert GivenOrIDLG().recover(dataclasses.replace(observation, labels=None)).tolist() == [0]
