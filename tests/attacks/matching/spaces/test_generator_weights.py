"""The weights of a generator as a space: a copy an image, latent numbers that stay, memory, and what is taken over."""

import dataclasses

import pytest
import torch
from torch import Tensor

from leaklab.attacks.matching.distances import Cosine
from leaklab.attacks.matching.objective import Objective
from leaklab.attacks.matching.priors import Shift
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.matching.spaces import generator_weights
from leaklab.attacks.matching.spaces.generator_weights import WeightsSpace
from tests.attacks.matching.spaces.brought import LATENT, SIZE, WEIGHTS, seen
from tests.scene import dice, scene


def space() -> WeightsSpace:
    return WEIGHTS.bind(seen())


def codes(rows: int = 2, moved: float = 0.05) -> Tensor:
    code = torch.stack([space().start(dice(row)) for row in range(rows)]).double()
    code[:, 200:] += moved * torch.randn(rows, 2 * SIZE, generator=dice(5))
    return code


def objective() -> Objective:
    two = scene(2, side=8, channels=3)
    stage = GradientMatching(distance=Cosine(), space=WEIGHTS, priors=(Shift(weight=0.1),))
    return stage.bind(two.observation(), two.labels)


def test_a_code_is_latent_numbers_and_weights_that_have_not_moved():
    code = space().start(dice(3))
    assert len(code) == 2 * (100 + SIZE) and 0.8 < code[:200].std() < 1.2 and not code[200:].any()
    before = LATENT.bind(seen()).decode(code[None, :200])
    assert torch.allclose(space().decode(code[None]), before, atol=1e-6)


def test_every_image_has_a_copy_of_the_weights_to_itself():
    code = codes()
    images = space().decode(code)
    assert images.shape == (2, 2, 3, 8, 8) and images.dtype == torch.float64
    changed = code.clone()
    changed[:, 200 : 200 + SIZE] = 0
    assert torch.equal(space().decode(changed)[:, 1], images[:, 1])
    assert not torch.allclose(space().decode(changed)[:, 0], images[:, 0], atol=1e-3)
    alone = torch.cat([space().decode(row[None]) for row in code])
    assert torch.equal(alone, images)


def test_the_gradient_with_respect_to_the_weights_is_right():
    exact = dataclasses.replace(space(), brought=space().brought.to(torch.float64))
    latent, shifts = codes().split([200, 2 * SIZE], 1)
    decode = lambda shifts: exact.decode(torch.cat([latent, shifts], 1))  # noqa: E731
    assert torch.autograd.gradcheck(decode, shifts.requires_grad_(), fast_mode=True, atol=1e-6)


@pytest.mark.parametrize("rows", [1, 2])
def test_replaying_the_trace_is_computing_anew_and_latent_numbers_never_move(rows: int):
    traced = objective()
    for moved in (0.05, 0.02):  # the second is not the one that was traced
        code = codes(rows, moved)
        losses, gradient, *_ = traced.program(code)(code)
        free = code.clone().requires_grad_()
        expected = traced.losses(free)
        [slope] = torch.autograd.grad(expected.sum(), free)
        assert torch.allclose(losses, expected, rtol=1e-6) and torch.allclose(gradient, slope, rtol=1e-3, atol=1e-6)
        assert not gradient[:, :200].any() and (gradient[:, 200:] != 0).double().mean() > 0.9


def test_it_hands_on_numbers_and_shifts():
    code = codes()
    handed = space().codes(code)
    assert torch.equal(handed["latent"], code[:, :200]) and torch.equal(handed["weights"], code[:, 200:])


def test_it_goes_on_from_latent_numbers_and_from_weights_that_were_moved():
    latent, images = codes(1)[:, :200], torch.zeros(1, 2, 3, 8, 8)
    found, code = space().resumed({"latent": latent}, images)
    assert torch.equal(code[:, :200], latent) and not code[:, 200:].any() and found.alone({})
    moved = codes(1)
    assert torch.equal(space().resumed(space().codes(moved), images)[1], moved)
    for strange in ({}, {"latent": latent[:, 1:]}, {"latent": latent, "weights": latent}):
        assert space().resumed(strange, images) is None


def test_copies_that_do_not_fit_into_the_memory_are_refused_with_the_numbers(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(generator_weights, "available", lambda device: 1 << 30)
    large = WEIGHTS.changed(("width",), 512)
    [said] = large.missing(seen(4, side=32), restarts=3)
    assert said.startswith("The generator has 3,573,824 weights, of which every photograph and restart has a copy: 12")
    assert "and there are 1.0 GiB" in said and said.endswith("choose fewer restarts or fewer photographs.")
    assert WEIGHTS.missing(seen(4)) == [] and large.missing(seen(1, side=32)) == []
    monkeypatch.setattr(generator_weights, "available", lambda device: 1 << 20)
    assert large.missing(seen(1, side=32))[0].endswith("choose a smaller generator.")
    monkeypatch.setattr(generator_weights, "available", lambda device: None)
    assert large.missing(seen(4, side=32), restarts=3) == []
