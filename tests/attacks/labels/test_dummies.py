"""What the network is shown in place of the private photographs."""

import dataclasses

import torch

from leaklab.attacks.labels.dummies import draw, stand_in
from tests.attacks.labels.heads import untrained
from tests.attacks.labels.lenet import batch

SEEN = batch(16)[0]


def test_photographs_are_public_ones_and_no_more_than_there_are():
    assert draw(SEEN, "photographs", 256).equal(SEEN.public)
    some = draw(SEEN, "photographs", 8)
    assert len(some) == 8 and some[0].equal(SEEN.public[0]) and some[-1].equal(SEEN.public[-1])


def test_noise_is_even_or_normal_and_always_the_same():
    even, bell = draw(SEEN, "noise", 32), draw(SEEN, "normal", 32)
    assert even.shape == bell.shape == (32, 3, 32, 32) and even.dtype == SEEN.public.dtype
    assert 0 <= even.min() < 0.01 < 0.99 < even.max() <= 1
    assert abs(bell.mean()) < 0.02 and abs(bell.std() - 1) < 0.02
    assert even.equal(draw(SEEN, "noise", 32)) and not even[0].equal(even[1])


def test_noise_stands_in_for_photographs_that_are_not_there():
    for public in (None, SEEN.public[:0]):
        without = dataclasses.replace(SEEN, public=public)
        assert draw(without, "photographs", 8).equal(draw(SEEN, "noise", 8))
        assert stand_in(without, "photographs") and not stand_in(without, "noise")
    assert not stand_in(SEEN, "photographs")


def test_dummies_have_the_precision_of_the_update():
    assert draw(untrained([1, 1]), "normal", 8).dtype == torch.float64
