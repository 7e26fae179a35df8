"""The gate of the wall: what is told is what the threat model says, and a skeleton has no numbers."""

import dataclasses
from itertools import product

import pytest
import torch

from leaklab.protocol.defences import GaussianNoise
from leaklab.protocol.observation import Message, Observation, ThreatModel, reveal, skeleton
from leaklab.protocol.training import Schedule
from tests.scene import network, scene

OPTIONAL = ("labels", "schedule", "defences", "batch_statistics")
OWN = {"public"}  # what an attacker has of its own accord


def message() -> Message:
    sent = scene(2, schedule=Schedule(epochs=3)).message(clients=2)
    met = {"layer": (torch.zeros(2), torch.ones(2))}
    return dataclasses.replace(sent, defences=(GaussianNoise(sigma=0.1),), batch_statistics=met)


@pytest.mark.parametrize("told", list(product([False, True], repeat=4)))
def test_what_is_told_is_what_the_threat_model_says(told: tuple[bool, ...]):
    sent = message()
    seen = reveal(sent, ThreatModel(**dict(zip(OPTIONAL, told, strict=True))))
    for name, is_told in zip(OPTIONAL, told, strict=True):
        value, true = getattr(seen, name), getattr(sent, name)
        assert (value is None) if not is_told else torch.equal(value, true) if name == "labels" else value == true


def test_all_that_may_be_told_has_a_switch_of_its_name():
    optional = {field.name for field in dataclasses.fields(Observation) if field.default is None}
    assert optional - OWN == set(ThreatModel.model_fields) == set(OPTIONAL)


def test_the_rest_is_public():
    sent, seen = message(), reveal(message(), ThreatModel())
    assert (seen.num_images, seen.num_clients, seen.num_classes) == (2, 2, 4)
    assert seen.image_shape == (1, 16, 16)
    for public, true in ((seen.update, sent.update), (seen.weights, sent.weights)):
        assert public.keys() == true.keys() and all(torch.equal(public[name], true[name]) for name in true)


def test_labels_that_are_told_are_a_copy():
    sent = message()
    reveal(sent, ThreatModel(labels=True)).labels.fill_(3)
    assert sent.labels.tolist() == [0, 1]


def test_a_skeleton_carries_no_numbers():
    whole = network()
    bare = skeleton(whole)
    assert all(tensor.is_meta and not tensor.requires_grad for tensor in bare.state_dict().values())
    with pytest.raises((RuntimeError, NotImplementedError), match="meta"):
        bare(torch.zeros(1, 1, 16, 16))


def test_making_a_skeleton_leaves_the_network_alone():
    whole = network()
    before = {name: tensor.clone() for name, tensor in whole.state_dict().items()}
    skeleton(whole)
    assert all(torch.equal(tensor, before[name]) for name, tensor in whole.state_dict().items())
    assert all(tensor.requires_grad for tensor in whole.parameters())


def test_the_skeleton_with_the_public_weights_is_the_network():
    two = scene(2)
    seen = two.observation()
    again = seen.forward.gradient(seen.weights, two.images, two.targets)
    assert all(torch.equal(again[name], seen.update[name]) for name in seen.update)


def test_an_observation_says_in_which_precision_to_work():
    seen = scene(2, dtype=torch.float32).observation()
    assert seen.like.dtype == torch.float32 and seen.like.numel() == 0
