"""The diffusion's schedule against its definition, and one step back against its own inverse."""

import pytest
import torch

from leaklab.attacks.generative import schedule
from tests.scene import dice


def test_the_shares_are_those_of_a_thousand_linear_steps():
    left = 1.0
    for step in range(schedule.STEPS):
        left *= 1 - (1e-4 + (0.02 - 1e-4) * step / 999)
        if step in {0, 1, 499, 999}:
            assert schedule.share(step) == pytest.approx(left, rel=1e-9)


def test_a_level_finds_its_own_step():
    for step in (0, 1, 37, 500, 999):
        assert schedule.nearest(float(schedule.levels()[step])) == step
    assert schedule.nearest(0) == 0 and schedule.nearest(1e9) == 999


def test_steps_are_spaced_from_the_noisiest_down():
    assert schedule.spaced(1) == [999] and schedule.spaced(1000)[-1] == 1
    for count in (2, 10, 20, 50, 250):
        steps = schedule.spaced(count)
        assert steps == sorted(set(steps), reverse=True) and len(steps) == count and steps[0] == 999


def test_the_true_noise_leads_straight_to_the_clean_picture():
    images, noise = torch.rand(2, 2, 1, 4, 4, dtype=torch.float64, generator=dice(0))
    at, to = schedule.share(700), schedule.share(300)
    noisy = schedule.noised(images, noise, at)
    assert torch.allclose(schedule.clean(noisy, noise, at), images)
    assert torch.allclose(schedule.ddim(noisy, noise, at, to), schedule.noised(images, noise, to))
    assert torch.allclose(schedule.ddim(noisy, noise, at, schedule.CLEAN), images)
