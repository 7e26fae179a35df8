"""The latent numbers of a generator as a space: shapes, gradient, trace, what it hands on and takes over."""

import dataclasses

import pytest
import torch
from torch import Tensor

from leaklab.attacks.matching.distances import Cosine
from leaklab.attacks.matching.objective import Objective
from leaklab.attacks.matching.priors import LatentKL
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.matching.spaces.latent import GeneratorLatent, LatentSpace
from tests.attacks.matching.spaces.brought import LATENT, SIZE, seen
from tests.scene import dice, scene


def space(moved: float = 0.0) -> LatentSpace:
    bound = LATENT.bind(seen())
    shifts = moved * torch.randn(2, SIZE, generator=dice(9))
    return dataclasses.replace(bound, moved=shifts) if moved else bound


def codes(rows: int = 3) -> Tensor:
    return torch.stack([space().start(dice(row)) for row in range(rows)]).double()


def objective(moved: float = 0.0) -> Objective:
    two = scene(2, side=8, channels=3)
    stage = GradientMatching(distance=Cosine(), space=LATENT, priors=(LatentKL(weight=0.1),))
    return dataclasses.replace(stage.bind(two.observation(), two.labels), space=space(moved))


EITHER = pytest.mark.parametrize("moved", [0.0, 0.05], ids=["as trained", "moved"])


@EITHER
def test_a_code_is_pictures_in_the_precision_of_the_code(moved: float):
    images = space(moved).decode(codes())
    assert images.shape == (3, 2, 3, 8, 8) and images.dtype == torch.float64
    assert images.min() > 0 and images.max() < 1


@EITHER
def test_every_image_is_drawn_from_its_own_numbers_whatever_the_others_are(moved: float):
    bound, code = space(moved), codes()
    changed = code.clone()
    changed[:, :100] += 1
    assert torch.equal(bound.decode(code)[:, 1], bound.decode(changed)[:, 1])
    assert not torch.allclose(bound.decode(code)[:, 0], bound.decode(changed)[:, 0], atol=1e-3)
    alone = torch.cat([bound.decode(row[None]) for row in code])
    assert torch.allclose(bound.decode(code), alone, atol=1e-6)


def test_weights_that_were_moved_draw_each_image_by_its_own():
    bound, code = space(0.05), codes()
    for image in range(2):
        numbers = code[:, 100 * image : 100 * (image + 1)]
        expected = bound.brought.pictures(numbers, bound.moved[image])
        assert torch.allclose(bound.decode(code)[:, image], expected, atol=1e-6)


def test_it_starts_from_noise_or_from_the_middle():
    noise = space().start(dice(3))
    assert noise.shape == (200,) and 0.8 < noise.std() < 1.2
    middle = GeneratorLatent(generator="untrained", width=8, start="zero").bind(seen())
    assert torch.equal(middle.start(dice(3)), torch.zeros(200))


@EITHER
def test_the_gradient_with_respect_to_the_numbers_is_right(moved: float):
    bound = space(moved)
    exact = dataclasses.replace(bound, brought=bound.brought.to(torch.float64))
    assert torch.autograd.gradcheck(exact.decode, codes(2).requires_grad_(), fast_mode=True, atol=1e-6)


@EITHER
@pytest.mark.parametrize("rows", [1, 2])
def test_replaying_the_trace_is_computing_anew(moved: float, rows: int):
    traced = objective(moved)
    for seed in (3, 9):  # the second is not the one that was traced
        code = traced.start(rows, seed)
        losses, gradient, *_ = traced.program(code)(code)
        free = code.clone().requires_grad_()
        expected = traced.losses(free)
        [slope] = torch.autograd.grad(expected.sum(), free)
        assert torch.allclose(losses, expected, rtol=1e-6) and torch.allclose(gradient, slope, rtol=1e-3, atol=1e-7)


def test_it_hands_on_its_numbers_and_the_weights_that_were_moved():
    code = codes()
    assert space().codes(code).keys() == {"latent"} and torch.equal(space().codes(code)["latent"], code)
    handed = space(0.05).codes(code)
    assert handed["weights"].shape == (3, 2 * SIZE)
    assert torch.equal(handed["weights"][2].unflatten(0, (2, SIZE)), space(0.05).moved)


def test_it_goes_on_from_numbers_and_keeps_moved_weights_fixed():
    code, images = codes(1), torch.zeros(1, 2, 3, 8, 8)
    found, resumed = space().resumed({"latent": code}, images)
    assert found.moved is None and torch.equal(resumed, code)
    moved = space(0.05)
    found, resumed = space().resumed(moved.codes(code), images)
    assert torch.equal(found.moved, moved.moved) and torch.equal(found.decode(resumed), moved.decode(code))
    assert space().alone({"latent": code, "weights": code}) and not space().alone({"latent": code})


def test_it_cannot_go_on_from_images_or_from_another_generators_numbers():
    images = torch.zeros(1, 2, 3, 8, 8)
    assert space().encode(images) is None and space().resumed({}, images) is None
    assert space().resumed({"latent": torch.zeros(1, 2 * 64)}, images) is None
    assert space().resumed({"latent": codes(1), "weights": torch.zeros(1, 7)}, images) is None


def test_every_number_is_allowed():
    assert torch.equal(space().project(9 * codes()), 9 * codes())
