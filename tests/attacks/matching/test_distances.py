"""Distances between updates against their closed forms."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cosine_similarity

from leaklab.attacks.matching.distances import L2, Cosine, Distance
from leaklab.protocol.updates import Update, flatten
from tests.scene import dice, scene

SEEN = scene(2).update()
PARTS = pytest.mark.parametrize("distance", [L2(), Cosine()], ids=lambda part: part.kind)
SCALES = st.floats(1e-6, 1e6)


def rows(*scales: float) -> Update:
    """Return one dummy a scale, each the seen update times it."""
    return {name: torch.stack([scale * part for scale in scales]) for name, part in SEEN.items()}


def others(count: int) -> Update:
    generator = dice()
    return {
        name: torch.randn(count, *part.shape, dtype=torch.float64, generator=generator) for name, part in SEEN.items()
    }


@PARTS
def test_the_seen_update_is_at_distance_zero(distance: Distance):
    assert distance.bind(SEEN)(rows(1, 1)).tolist() == [0, 0]


def test_l2_is_the_squared_length_of_the_difference():
    length = flatten(SEEN).square().sum()
    assert torch.allclose(L2().bind(SEEN)(rows(-1, 0, 3)), torch.stack([4 * length, length, 4 * length]), rtol=1e-12)


def test_cosine_is_one_minus_the_cosine_over_all_layers():
    dummies = others(3)
    flat = torch.cat([dummies[name].flatten(1) for name in SEEN], 1)
    expected = 1 - cosine_similarity(flat, flatten(SEEN)[None])
    assert torch.allclose(Cosine().bind(SEEN)(dummies), expected, rtol=1e-10)


@given(scale=SCALES, other=SCALES)
def test_cosine_knows_no_lengths(scale: float, other: float):
    measure = Cosine().bind({name: other * part for name, part in SEEN.items()})
    same, opposite = measure(rows(scale, -scale))
    assert same < 1e-14 and abs(opposite - 2) < 1e-12


def test_cosine_sees_differences_that_float32_would_cancel():
    seen = {"weight": torch.ones(1000)}
    near = {"weight": seen["weight"].clone()[None]}
    near["weight"][0, 0] += 1e-3
    # The cosine differs from one by half of 1e-6 / 1000, which one minus it would round to zero.
    assert torch.allclose(Cosine().bind(seen)(near), torch.tensor([5e-10]), rtol=0.01)


@PARTS
def test_every_row_is_measured_as_if_alone(distance: Distance):
    measure, dummies = distance.bind(SEEN), others(3)
    together = measure(dummies)
    for row in range(3):
        alone = measure({name: part[row : row + 1] for name, part in dummies.items()})
        assert torch.allclose(alone[0], together[row], rtol=1e-12)


@PARTS
@pytest.mark.parametrize("scale", [0.0, 1.0], ids=["of nothing", "of the seen update"])
def test_value_and_gradient_are_finite_even_at_nothing(distance: Distance, scale: float):
    dummies = {name: part.clone().requires_grad_() for name, part in rows(scale).items()}
    value = distance.bind(SEEN)(dummies)
    gradients = torch.autograd.grad(value.sum(), list(dummies.values()))
    assert value.isfinite().all() and all(gradient.isfinite().all() for gradient in gradients)


@PARTS
def test_a_row_that_is_not_finite_spoils_no_other(distance: Distance):
    dummies = rows(2, 2)
    dummies["linear.bias"][0, 0] = torch.nan
    spoiled, whole = distance.bind(SEEN)(dummies)
    assert spoiled.isnan() and torch.equal(whole, distance.bind(SEEN)(rows(2))[0])
