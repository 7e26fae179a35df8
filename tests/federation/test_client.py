"""A client sends what its local training gave, protected, with the order of its images beside it."""

import torch

from leaklab.federation.client import Client
from leaklab.protocol.defences import GaussianNoise
from leaklab.protocol.training import Schedule
from leaklab.protocol.updates import flatten
from tests.scene import CLASSES, dice, scene

SCHEDULE = Schedule(epochs=2, batch_size=2, learning_rate=0.5)


def sent(*defences: GaussianNoise):
    three = scene(3)
    client = Client(three.images, three.labels, SCHEDULE, defences)
    return client.send(three.forward, three.weights, num_classes=CLASSES, generator=dice(), dice=dice(1))


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
