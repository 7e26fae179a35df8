"""What a defence tells an accountant: noise, share, steps and for whom; and that most tell it nothing."""

import pytest

from leaklab.protocol.defences import (
    DPSGD,
    PRECODE,
    QSGD,
    Clip,
    Defence,
    Dropout,
    GaussianNoise,
    InstaHide,
    LaplaceNoise,
    Mixup,
    RandomK,
    Sign,
    Soteria,
    TopK,
    Uniform,
)  # fmt: skip
from leaklab.protocol.defences.guarantee import Exposure, Guarantee
from leaklab.protocol.training import Schedule


@pytest.mark.parametrize(
    ("exposure", "steps", "rate"),
    [
        (Exposure(images=8, batch_size=0, epochs=1), 1, 1.0),
        (Exposure(images=8, batch_size=2, epochs=1), 4, 0.25),
        (Exposure(images=8, batch_size=3, epochs=2, rounds=5), 30, 0.375),  # 3 + 3 + 2 photographs an epoch
        (Exposure(images=8, batch_size=64, epochs=2), 2, 1.0),
        (Exposure(images=1, batch_size=1, epochs=3, rounds=2, summed=10), 6, 1.0),
    ],
)
def test_steps_and_share_follow_from_the_schedule(exposure: Exposure, steps: int, rate: float):
    assert (exposure.steps, exposure.sample_rate) == (steps, rate)
    schedule = Schedule(epochs=exposure.epochs, batch_size=exposure.batch_size)
    assert exposure.steps == exposure.rounds * len(schedule.batches(exposure.images))


def test_a_clipped_update_protects_a_client_once_a_round():
    exposure = Exposure(images=8, batch_size=2, epochs=3, rounds=20)
    assert Clip(bound=5, noise_multiplier=0.5).guarantee(exposure) == Guarantee(0.5, 1.0, 20, "client", 1)


def test_where_only_a_sum_is_seen_the_clients_noise_adds_up():
    exposure = Exposure(images=8, batch_size=0, epochs=1, rounds=2, summed=16)
    assert Clip(noise_multiplier=0.5).guarantee(exposure) == Guarantee(2.0, 1.0, 2, "client", 16)


def test_clipped_photographs_are_protected_in_every_step():
    exposure = Exposure(images=8, batch_size=2, epochs=3, rounds=20, summed=16)
    assert DPSGD(bound=5, noise_multiplier=0.5).guarantee(exposure) == Guarantee(0.5, 0.25, 240, "photograph", 8)


@pytest.mark.parametrize(
    "defence",
    [
        Clip(noise_multiplier=0), DPSGD(noise_multiplier=0), GaussianNoise(sigma=1), LaplaceNoise(sigma=1), TopK(),
        RandomK(), QSGD(), Uniform(), Sign(), Soteria(), PRECODE(), Dropout(), Mixup(), InstaHide(),
    ],
    ids=lambda defence: defence.kind,
)  # fmt: skip
def test_nothing_else_promises_anything(defence: Defence):
    assert defence.guarantee(Exposure(images=8, batch_size=0, epochs=1)) is None
