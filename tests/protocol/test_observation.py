"""The gate of the wall: what is told is what the threat model says, and a skeleton has no numbers."""

import dataclasses

import pytest
import torch

from leaklab.protocol.defences import GaussianNoise
from leaklab.protocol.observation import Message, Observation, Own, ThreatModel, reveal, skeleton
from leaklab.protocol.training import Schedule
from tests.scene import network, scene

TICKS = tuple(ThreatModel.model_fields)
STEPS = Schedule(epochs=3, batch_size=1, learning_rate=0.25)
MINE = {"public", "own"}  # what an attacker has of its own accord


def message() -> Message:
    sent = scene(3, schedule=STEPS).message(clients=2)
    met = {"layer": (torch.zeros(2), torch.ones(2))}
    return dataclasses.replace(sent, defences=(GaussianNoise(sigma=0.1),), batch_statistics=met)


def true(sent: Message, tick: str) -> object:
    return getattr(sent.schedule if tick in Schedule.model_fields else sent, tick)


@pytest.mark.parametrize("others", [False, True], ids=["alone", "all others"])
@pytest.mark.parametrize("tick", TICKS)
def test_every_tick_tells_its_own_and_nothing_else(tick: str, others: bool):
    sent = message()
    ticks = {name: (name == tick) != others for name in TICKS}
    seen = reveal(sent, ThreatModel(**ticks))
    for name, is_told in ticks.items():
        if name == "number":
            assert seen.num_images == (3 if is_told else 0)
        elif not is_told:
            assert getattr(seen, name) is None
        elif name == "labels":
            assert torch.equal(seen.labels, sent.labels)
        else:
            assert getattr(seen, name) == true(sent, name)


def test_all_that_may_be_told_has_a_switch_of_its_name():
    optional = {field.name for field in dataclasses.fields(Observation) if field.default is None}
    assert optional - MINE == set(TICKS) - {"number"}


def test_shares_and_order_are_those_of_each_client():
    seen = reveal(message(), ThreatModel(counts=True, order=True))
    assert seen.counts == (2, 1)
    assert seen.order == (((0,), (1,)) * 3, ((2,),) * 3)


def test_without_the_learning_rate_only_the_change_of_the_weights_is_seen():
    sent = message()
    seen = reveal(sent, ThreatModel(learning_rate=False))
    assert all(torch.equal(seen.update[name], 0.25 * part) for name, part in sent.update.items())
    assert seen.schedule is None and seen.local_steps == 6  # steps are counted without their length


@pytest.mark.parametrize("untold", ["epochs", "batch_size", "learning_rate"])
def test_the_schedule_is_known_only_whole(untold: str):
    assert reveal(message(), ThreatModel()).schedule == STEPS
    assert reveal(message(), ThreatModel(**{untold: False})).schedule is None


def test_steps_are_those_of_an_even_share_or_of_the_true_ones_by_their_images():
    sent = dataclasses.replace(message(), counts=(1, 2))
    assert reveal(sent, ThreatModel()).local_steps == 3 * 2  # an even share of three is at most two
    assert reveal(sent, ThreatModel(counts=True)).local_steps == 3 * (1 * 1 + 2 * 2) / 3
    for untold in ("epochs", "batch_size", "number"):
        assert reveal(sent, ThreatModel(**{untold: False})).local_steps is None


@pytest.mark.parametrize("ticked", [False, True])
def test_the_one_tick_of_earlier_links_sets_all_three_of_local_training(ticked: bool):
    read = ThreatModel.read({"schedule": ticked, "labels": True})
    assert (read.epochs, read.batch_size, read.learning_rate, read.labels) == (ticked, ticked, ticked, True)
    assert ThreatModel.read({"schedule": False, "epochs": True}) == ThreatModel(batch_size=False, learning_rate=False)


def test_what_an_attacker_that_takes_part_holds_comes_through_whatever_is_told():
    own = Own(scene(1).images, scene(1).labels)
    sent = dataclasses.replace(message(), own=own)
    assert reveal(sent, ThreatModel()).own is own and reveal(message(), ThreatModel()).own is None


def test_the_rest_is_public():
    sent, seen = message(), reveal(message(), ThreatModel())
    assert (seen.num_images, seen.num_clients, seen.num_classes) == (3, 2, 4)
    assert seen.image_shape == (1, 16, 16)
    for public, true in ((seen.update, sent.update), (seen.weights, sent.weights)):
        assert public.keys() == true.keys() and all(torch.equal(public[name], true[name]) for name in true)


def test_labels_that_are_told_are_a_copy():
    sent = message()
    reveal(sent, ThreatModel(labels=True)).labels.fill_(3)
    assert sent.labels.tolist() == [0, 1, 2]


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
