"""The space of an untrained generator: its width, its fixed noise, its gradient, and what does not fit."""

import dataclasses
from functools import cache

import pytest
import torch
from torch import Tensor, nn

from leaklab.attacks.matching.distances import Cosine
from leaklab.attacks.matching.objective import Objective
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.matching.spaces import Space, generators, untrained
from leaklab.attacks.matching.spaces.bicubic import Bicubic
from leaklab.attacks.matching.spaces.pixels import Pixels
from leaklab.attacks.matching.spaces.untrained import Untrained, UntrainedSpace
from leaklab.protocol.observation import Observation
from tests.scene import dice, scene

TINY = Untrained(width=4)
PARTS = [TINY, TINY.changed(("spectral_norm",), False), TINY.changed(("upsampling",), "bilinear")]
PARTS += [Untrained(architecture="dcgan", width=8)]
EACH = pytest.mark.parametrize("part", PARTS, ids=["ci-net", "without spectral norm", "bilinear", "dcgan"])
NOISE = {"ci-net": 2 * 128, "dcgan": 2 * 100}


def seen(count: int = 2, *, side: int = 8, channels: int = 3, weights: int | None = None) -> Observation:
    observation = scene(count, side=8, channels=channels).observation()
    network = observation.network if weights is None else nn.Linear(weights, 1, bias=False, device="meta")
    return dataclasses.replace(observation, network=network, image_shape=(channels, side, side))


def space(part: Untrained = TINY) -> UntrainedSpace:
    return part.bind(seen())


def codes(part: Untrained, rows: int = 2) -> Tensor:
    return torch.stack([space(part).start(dice(row)) for row in range(rows)]).double()


@cache  # tracing is what costs time here
def objective(part: Untrained) -> Objective:
    two = scene(2, side=8, channels=3)
    return GradientMatching(distance=Cosine(), space=part).bind(two.observation(), two.labels)


@EACH
def test_a_code_is_pictures_of_the_right_shape_and_range(part: Untrained):
    images = space(part).decode(codes(part, 3))
    assert images.shape == (3, 2, 3, 8, 8) and images.dtype == torch.float64
    assert (0 if part.architecture == "dcgan" else -1) < images.min() and images.max() < 1


@pytest.mark.parametrize("side", [16, 64])
@pytest.mark.parametrize("architecture", ["ci-net", "dcgan"])
def test_it_grows_to_the_images_of_the_observation(architecture: str, side: int):
    bound = Untrained(architecture=architecture, width=8).bind(seen(side=side, channels=1))
    assert bound.decode(bound.start(dice())[None]).shape == (1, 2, 1, side, side)


@EACH
def test_a_code_holds_bell_shaped_noise_and_then_the_weights(part: Untrained):
    bound, code = space(part), codes(part, 1)[0]
    noise, weights = code[: NOISE[part.architecture]], code[NOISE[part.architecture] :]
    assert abs(noise.mean()) < 0.2 and abs(noise.std() - 1) < 0.1
    assert len(weights) == generators.count(bound.generator)
    expected = bound.generator(generators.named(bound.generator, weights), noise.reshape(2, -1))
    assert torch.allclose(bound.decode(code[None])[0], expected, atol=1e-12)


@EACH
def test_the_same_code_is_the_same_pictures_and_is_left_as_it_was(part: Untrained):
    code = codes(part)
    once, again, anew = (
        space(part).decode(code),
        space(part).decode(code),
        Untrained.read(part.model_dump()).bind(seen()),
    )
    assert torch.equal(once, again) and torch.equal(once, anew.decode(code)) and torch.equal(code, codes(part))


@EACH
def test_restarts_together_are_restarts_alone(part: Untrained):
    together = space(part).decode(codes(part, 3))
    alone = torch.cat([space(part).decode(row[None]) for row in codes(part, 3)])
    assert torch.allclose(together, alone, atol=1e-10) and not torch.allclose(alone[0], alone[1], atol=0.01)


def test_restart_k_of_a_seed_is_the_first_of_seed_plus_k():
    together = objective(TINY).start(3, seed=40)
    assert all(torch.equal(together[k], objective(TINY).start(1, seed=40 + k)[0]) for k in range(3))


@EACH
def test_the_gradient_with_respect_to_the_weights_is_right(part: Untrained):
    [code] = codes(part, 1)
    noise, weights = code[: NOISE[part.architecture]], code[NOISE[part.architecture] :].requires_grad_()

    def images(weights: Tensor) -> Tensor:
        return space(part).decode(torch.cat([noise, weights])[None])

    assert torch.autograd.gradcheck(images, weights, fast_mode=True, atol=1e-6)


@EACH
@pytest.mark.parametrize("rows", [1, 2])
def test_replaying_the_trace_is_computing_anew(part: Untrained, rows: int):
    traced = objective(part)
    for seed in (3, 9):  # the second is not the one that was traced
        code = traced.start(rows, seed).requires_grad_()
        expected = traced.losses(code)
        [slope] = torch.autograd.grad(expected.sum(), code)
        losses, gradient = traced.losses_and_gradient(code.detach())
        assert torch.allclose(losses, expected, rtol=1e-10)
        assert torch.allclose(gradient, slope, rtol=1e-6, atol=1e-10)


@EACH
@pytest.mark.parametrize("rows", [1, 2])
def test_the_noise_never_moves(part: Untrained, rows: int):
    traced, numbers = objective(part), NOISE[part.architecture]
    _, gradient = traced.losses_and_gradient(traced.start(rows, seed=3))
    assert torch.equal(gradient[:, :numbers], torch.zeros_like(gradient[:, :numbers]))
    assert (gradient[:, numbers:] != 0).double().mean() > 0.9


def test_signed_steps_on_the_weights_lower_the_loss():
    traced = objective(TINY)
    code = traced.start(2, seed=3)
    first, gradient = traced.losses_and_gradient(code)
    for _ in range(10):
        code = traced.project(code - 1e-3 * gradient.sign())
        losses, gradient = traced.losses_and_gradient(code)
    assert (losses < 0.9 * first).all()


def test_every_weight_is_allowed_and_pictures_have_no_code():
    code = 9 * codes(TINY)
    assert torch.equal(space().project(code), code) and space().encode(space().decode(code)) is None


@pytest.mark.parametrize(("weights", "width"), [(15_826, 8), (21_235, 16), (330_000, 64), (11_173_962, 512)])
def test_by_the_paper_it_has_more_weights_than_the_network(weights: int, width: int):
    assert Untrained(rule="paper").generator(seen(side=32, weights=weights)).width == width


@pytest.mark.parametrize(("images", "side", "width"), [
    (16, 32, 32), (64, 32, 64), (128, 32, 128), (256, 32, 128),
    (4, 256, 128), (8, 256, 256), (24, 256, 512), (32, 256, 512),
])  # fmt: skip
def test_by_the_code_it_has_four_weights_a_pixel(images: int, side: int, width: int):
    observation = dataclasses.replace(seen(side=side, weights=10**9), num_images=images)
    assert Untrained(rule="code").generator(observation).width == width


def test_a_given_width_wins_over_the_rule_and_dcgan_keeps_its_own():
    assert Untrained(width=24).generator(seen(weights=10**6)).width == 24
    assert Untrained(architecture="dcgan").generator(seen(weights=10**9)).width == 512
    assert Untrained(architecture="dcgan", width=32).generator(seen()).width == 32


@pytest.mark.parametrize(("high", "wide"), [(48, 48), (512, 512), (2, 2), (16, 32)])
def test_images_a_generator_cannot_grow_to_are_refused(high: int, wide: int):
    [said] = Untrained().missing(dataclasses.replace(seen(), image_shape=(3, high, wide)))
    assert f"cannot draw {high}x{wide}" in said and said.endswith("image size of 4, 8, 16, 32, 64, 128 or 256.")


def test_a_generator_too_wide_for_the_memory_is_refused_with_the_numbers(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(untrained, "available", lambda device: 16 << 30)
    wide, observation = Untrained(width=2048), seen(4, side=32)
    [said] = wide.missing(observation, restarts=3)
    assert said.startswith("The untrained generator of width 2048 has 306,245,635 weights and needs about 1")
    assert "GiB for 3 restarts of 4 images, and there are 16.0 GiB" in said
    assert said.endswith("choose a smaller generator's width or fewer restarts or fewer images or float32.")
    [said] = wide.missing(dataclasses.replace(observation, update={}, num_images=1))
    assert "for 1 restart of 1 image," in said and said.endswith("choose a smaller generator's width.")


def test_restarts_and_images_and_precision_need_memory_too(monkeypatch: pytest.MonkeyPatch):
    one = Untrained(width=64)
    needed = 8 * one.bind(seen(side=32)).held
    monkeypatch.setattr(untrained, "available", lambda device: needed)
    observation = seen(side=32)
    assert one.missing(observation) == [] and one.missing(observation, restarts=2)
    assert one.missing(dataclasses.replace(observation, num_images=3))
    assert one.missing(dataclasses.replace(observation, update={}), restarts=2) == [], "float32 where nothing is seen"


def test_where_nobody_says_how_much_memory_there_is_nothing_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(untrained, "available", lambda device: None)
    assert Untrained(width=2048).missing(seen(side=32), restarts=16) == []


@pytest.mark.parametrize("part", [*PARTS, Bicubic(factor=2), Pixels()], ids=lambda part: part.kind)
def test_a_stage_is_read_back_with_its_space(part: Space):
    stage = GradientMatching(space=part)
    assert GradientMatching.read(stage.model_dump_json()) == stage and stage.space == part
