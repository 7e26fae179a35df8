"""A picture that comes to no numbers stays raw, and is said to."""

import torch

from leaklab.attacks.enhancement.kept import finite, left


def test_only_the_picture_that_is_no_number_stays_raw():
    raw, shown = torch.zeros(3, 1, 2, 2), torch.ones(3, 1, 2, 2)
    shown[1, 0, 0, 0] = torch.nan
    kept = finite(shown, raw)
    assert torch.equal(kept[[0, 2]], shown[[0, 2]]) and torch.equal(kept[1], raw[1])
    assert left(raw, kept).startswith("1 of 3 pictures stayed raw")
    assert not left(raw, torch.ones(3, 1, 2, 2))
