"""What goes over the wire, every defence counted by hand: 100 and 28 numbers in two tensors."""

import pytest
import torch

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
    parcel,
)  # fmt: skip
from leaklab.protocol.defences.parcel import Parcel

UPDATE = {"weight": torch.ones(4, 25), "bias": torch.ones(28)}
DENSE = 4 * 128
SCALES = 2 * 4  # a number a tensor


@pytest.mark.parametrize(
    ("chain", "size"),
    [
        ((), DENSE),
        ((GaussianNoise(sigma=1),), DENSE), ((LaplaceNoise(sigma=1),), DENSE), ((Clip(),), DENSE), ((DPSGD(),), DENSE),
        ((Soteria(),), DENSE), ((PRECODE(),), DENSE), ((Dropout(),), DENSE), ((Mixup(),), DENSE),
        ((InstaHide(),), DENSE),
        # ⌈100/2⌉ + ⌈28/2⌉ numbers; a bit for each of the places is less than 7 and 5 bits for each that is sent.
        ((TopK(left_out=0.5),), (64 * 32 + 100 + 28) // 8),
        # ⌈100/100⌉ + ⌈28/100⌉ numbers, of which each is told the place, in 7 and 5 bits: 9½ bytes.
        ((TopK(left_out=0.99),), 10),
        ((TopK(left_out=0),), DENSE), ((TopK(left_out=1),), 0),
        ((RandomK(left_out=0.5),), 4 * 64 + 8), ((RandomK(left_out=0),), DENSE), ((RandomK(left_out=1),), 8),
        ((QSGD(levels=1),), 128 * 2 // 8 + SCALES),  # a sign, and 0 or 1
        ((QSGD(levels=4),), 128 * 4 // 8 + SCALES),  # a sign, and 0 to 4 in three bits
        ((QSGD(levels=7),), 128 * 4 // 8 + SCALES), ((QSGD(levels=8),), 128 * 5 // 8 + SCALES),
        ((Uniform(bits=8),), 128 + SCALES), ((Uniform(bits=3),), 128 * 3 // 8 + SCALES),
        ((Sign(scale="one"),), 128 // 8), ((Sign(scale="mean"),), 128 // 8 + SCALES),
        # In a chain each works on what the one before has left.
        ((RandomK(left_out=0.5), QSGD(levels=1)), 64 * 2 // 8 + 8 + SCALES),
        ((QSGD(levels=1), RandomK(left_out=0.5)), 64 * 2 // 8 + 8 + SCALES),
        ((RandomK(left_out=0.75), RandomK(left_out=0.5)), 4 * 32 + 16),
        ((RandomK(left_out=0.5), QSGD(levels=1), GaussianNoise(sigma=1)), DENSE),
        ((TopK(left_out=0.5), Clip(noise_multiplier=1)), DENSE), ((Sign(scale="one"), LaplaceNoise(sigma=1)), DENSE),
        ((Sign(scale="one"), Clip()), 16), ((Sign(scale="one"), GaussianNoise(sigma=0)), 16),
        ((GaussianNoise(sigma=1), Sign(scale="one")), 16),
    ],
)  # fmt: skip
def test_the_bytes_are_those_counted_by_hand(chain: tuple[Defence, ...], size: int):
    assert parcel(UPDATE, chain).bytes == size


def test_a_part_of_a_byte_is_a_byte():
    assert Parcel(1, 1).bytes == 1 and Parcel(9, 1).bytes == 2 and Parcel(0).bytes == 0 and Parcel(1, 32, 1).bytes == 5
