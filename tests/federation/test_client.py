"""A client sends what its local training gave, protected, with the order of its images beside it."""

import pytest
import torch

from leaklab.federation.client import Client
from leaklab.protocol.defences import DPSGD, Clip, Defence, GaussianNoise, InstaHide, Mixup, RandomK, TopK
from leaklab.protocol.training import Schedule
from leaklab.protocol.updates import Update, flatten, norm
from leaklab.settings import Refusal
from tests.scene import CLASSES, dice, scene

SCHEDULE = Schedule(epochs=2, batch_size=2, learning_rate=0.5)


def sent(*defences: Defence, count: int = 3, rolled: int = 1):
    some = scene(count)
    client = Client(some.images, some.labels, SCHEDULE, defences)
    return client.send(some.forward, some.weights, num_classes=CLASSES, generator=dice(), dice=dice(rolled))


def test_what_is_sent_is_the_local_update_in_the_order_that_is_told():
    three, (update, batches) = scene(3), sent()
    expected = three.forward.local_update(
        three.weights, three.images, three.targets, batches=batches, learning_rate=SCHEDULE.learning_rate
    )
    assert torch.equal(flatten(update), flatten(expected))
    assert [batch.tolist() for batch in batches] == [batch.tolist() for batch in SCHEDULE.batches(3, dice())]


def test_defences_protect_what_is_sent():
    away = flatten(sent(GaussianNoise(sigma=2))[0]) - flatten(sent()[0])
    assert abs(away.std() - 2) < 0.1


@pytest.mark.parametrize("defence", [GaussianNoise(sigma=1), RandomK(), Mixup(mixed=2), InstaHide(), DPSGD()])
def test_photographs_are_used_in_the_same_order_whatever_dice_defences_roll(defence: Defence):
    (plain, order), (defended, same), (_, again) = sent(), sent(defence), sent(defence, rolled=2)
    assert [batch.tolist() for batch in order] == [batch.tolist() for batch in same]
    assert [batch.tolist() for batch in order] == [batch.tolist() for batch in again]
    assert not torch.equal(flatten(plain), flatten(defended))


@pytest.mark.parametrize("defence", [GaussianNoise(sigma=1), RandomK(), Mixup(mixed=2), DPSGD(bound=0.1)])
def test_defences_roll_their_own_dice_and_no_others(defence: Defence):
    three, rolled = scene(3), {}
    client = Client(three.images, three.labels, SCHEDULE, (defence,))
    for seed in (1, 2):
        generator = dice()
        update, _ = client.send(
            three.forward, three.weights, num_classes=CLASSES, generator=generator, dice=dice(seed)
        )  # fmt: skip
        rolled[seed] = flatten(update)
        left = generator.get_state()
    assert not torch.equal(rolled[1], rolled[2])
    SCHEDULE.batches(3, generator := dice())
    assert torch.equal(left, generator.get_state())


def test_the_update_is_protected_after_training_and_in_order():
    update, _ = sent(TopK(left_out=0.5), Clip(bound=0.1))
    expected = Clip(bound=0.1).protect(TopK(left_out=0.5).protect(sent()[0], dice()), dice())
    assert torch.equal(flatten(update), flatten(expected)) and abs(norm(update) - 0.1) < 1e-12


def by_hand(defence: Mixup) -> Update:
    three, rolled = scene(3), dice(1)
    images, targets = defence.prepare(three.images, three.targets, rolled)
    batches = SCHEDULE.batches(3, dice())
    return three.forward.local_update(three.weights, images, targets, batches=batches, learning_rate=0.5)


@pytest.mark.parametrize("defence", [Mixup(mixed=2), InstaHide(mixed=3)])
def test_mixed_photographs_are_what_is_trained_on(defence: Mixup):
    assert torch.equal(flatten(sent(defence)[0]), flatten(by_hand(defence)))


def test_each_photograph_is_clipped_in_every_step():
    update, batches = sent(DPSGD(bound=0.01, noise_multiplier=0))
    assert 0 < norm(update) <= 0.01 * len(batches)
    assert norm(sent()[0]) > 0.1


def test_who_has_one_photograph_has_nothing_to_mix():
    with pytest.raises(Refusal, match="Mixing needs two photographs or more, and a client has 1"):
        sent(Mixup(), count=1)
