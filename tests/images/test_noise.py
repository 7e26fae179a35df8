"""Noise: random pixels in range, dealt out to classes, the same again from the same seed."""

import torch

from leaklab.images.noise import Noise
from leaklab.images.source import load
from tests.scene import dice


def test_it_is_drawn_by_the_seed_and_stays_in_range():
    one, again, other = (load(Noise(classes=3), 5, 16, dice(seed)) for seed in (1, 1, 2))
    assert torch.equal(one.images, again.images) and not torch.equal(one.images, other.images)
    assert one.images.shape == (5, 3, 16, 16) and one.images.min() >= 0 and one.images.max() <= 1
    assert one.labels.tolist() == [0, 1, 2, 0, 1] and len(one.class_names) == 3 == Noise(classes=3).num_classes
    assert abs(float(one.images.mean()) - 0.5) < 0.02


def test_any_label_can_be_asked_for():
    found = Noise(classes=2, grey=True).labelled(torch.tensor([7, 7, 1]), 16, dice())
    assert found.labels.tolist() == [7, 7, 1] and found.images.shape == (3, 1, 16, 16)
    assert len(found.class_names) == 8 and Noise().labelled_classes == 1000
