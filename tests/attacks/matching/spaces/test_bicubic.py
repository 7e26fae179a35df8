"""The space of small images enlarged: PyTorch's interpolation, its least-squares inverse, and where it refuses."""

import dataclasses

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.matching.spaces.bicubic import Bicubic, BicubicSpace, enlarging
from leaklab.protocol.observation import Observation
from tests.scene import dice, scene


def seen(side: int = 32, channels: int = 3, dtype: torch.dtype = torch.float64) -> Observation:
    return scene(2, side=side, channels=channels, dtype=dtype).observation()


def space(settings: Bicubic = Bicubic(), dtype: torch.dtype = torch.float64) -> BicubicSpace:  # noqa: B008
    return settings.bind(seen(dtype=dtype))


def code(rows: int = 2) -> Tensor:
    return torch.randn(rows, 2 * 3 * 8 * 8, dtype=torch.float64, generator=dice(4))


@pytest.mark.parametrize(("size", "factor"), [(8, 4), (5, 3), (1, 2), (16, 2)])
def test_a_side_is_enlarged_as_pytorch_does(size: int, factor: int):
    picture = torch.rand(1, 1, size, size, dtype=torch.float64, generator=dice())
    matrix = enlarging(size, factor)
    expected = functional.interpolate(picture, scale_factor=factor, mode="bicubic", align_corners=False)
    assert torch.allclose(matrix @ picture @ matrix.mT, expected, atol=1e-14)


def test_a_code_is_small_images_enlarged():
    images = space().decode(code())
    small = code().reshape(4, 3, 8, 8)
    expected = functional.interpolate(small, scale_factor=4, mode="bicubic", align_corners=False)
    assert images.shape == (2, 2, 3, 32, 32) and torch.allclose(images.flatten(0, 1), expected, atol=1e-13)


def test_rows_and_columns_of_oblong_images_are_not_mixed_up():
    oblong = dataclasses.replace(seen(), image_shape=(1, 8, 16))
    bound = Bicubic(factor=2).bind(oblong)
    start = bound.start(dice()).double()
    expected = functional.interpolate(start.reshape(2, 1, 4, 8), scale_factor=2, mode="bicubic")
    assert torch.allclose(bound.decode(start[None])[0], expected, atol=1e-13)


def test_encoding_undoes_decoding():
    assert torch.allclose(space().encode(space().decode(code())), code(), atol=1e-12)


def test_encoding_finds_the_nearest_images_there_are():
    images = torch.rand(2, 2, 3, 32, 32, dtype=torch.float64, generator=dice())
    left = images - space().decode(space().encode(images))
    within = space().decode(code())
    assert left.norm() > 1 and (left * within).sum().abs() < 1e-10, "what is left is at right angles to the space"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_precision_is_that_of_what_is_seen(dtype: torch.dtype):
    bound = space(dtype=dtype)
    images = bound.decode(code().to(dtype))
    assert images.dtype == dtype and bound.encode(images).dtype == dtype


def test_the_starts_are_even_or_bell_shaped_with_the_scale_asked_for():
    even, bell = space().start(dice()), space(Bicubic(start="normal", scale=0.1)).start(dice())
    assert even.min() >= 0 and even.max() <= 1 and abs(even.mean() - 0.5) < 0.05
    assert abs(bell.mean()) < 0.02 and abs(bell.std() - 0.1) < 0.01
    assert torch.equal(even, space().start(dice())) and not torch.equal(even, space().start(dice(1)))


def test_the_box_is_for_the_small_images():
    far, open_code = 3 * code(), 3 * code()
    boxed = space(Bicubic(boxed=True)).project(far)
    assert torch.equal(boxed, far.clamp(0, 1)) and torch.equal(space().project(far), open_code)


@pytest.mark.parametrize(("side", "factor", "mend"), [
    (24, 16, "choose 2 or 3 or 4 or 6 or 8 or 12, or another image size."), (17, 4, ": choose another image size."),
])  # fmt: skip
def test_a_factor_that_does_not_divide_the_images_is_refused(side: int, factor: int, mend: str):
    observation = dataclasses.replace(seen(), image_shape=(3, side, side))
    [said] = Bicubic(factor=factor).missing(observation, restarts=3)
    assert said.startswith(f"Images of {side}x{side} pixels cannot be enlarged by {factor}") and said.endswith(mend)


def test_a_factor_that_divides_them_is_not():
    assert Bicubic().missing(seen()) == [] and Bicubic(factor=16).missing(seen(), restarts=16) == []


def test_the_gradient_of_the_whole_agrees_with_finite_differences():
    two = scene(2, side=8)
    objective = GradientMatching(space=Bicubic(factor=2)).bind(two.observation(), two.labels)
    start = objective.start(2, seed=3)
    losses, gradient = objective.losses_and_gradient(start)
    way = torch.randn(start.shape, dtype=start.dtype, generator=dice(5))
    slope = (objective.losses(start + 1e-6 * way) - objective.losses(start - 1e-6 * way)) / 2e-6
    assert torch.allclose(losses, objective.losses(start), rtol=1e-12)
    assert torch.allclose((gradient * way).sum(1), slope, rtol=1e-5, atol=1e-8)
    alone, _ = objective.losses_and_gradient(start[:1])
    assert torch.allclose(alone[0], losses[0], rtol=1e-12)
