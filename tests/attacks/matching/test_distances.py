"""Distances between updates against their closed forms."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.functional import cosine_similarity

from leaklab.attacks.matching.distances import L2, Cosine, Distance, Layers, PeakSigned, layer_weights
from leaklab.protocol.updates import Update, flatten
from tests.scene import dice, scene

SEEN = scene(2).update()
EXACT = [
    L2(), L2(scale=1e-3, layers="exponential"), L2(sent_only=True),
    Cosine(), Cosine(per="layer"), Cosine(layers="linear"), Cosine(per="layer", layers="exponential", sent_only=True),
    PeakSigned(share=0.1, signs=False),
]  # fmt: skip
AT_ZERO = pytest.mark.parametrize("distance", EXACT, ids=str)
PARTS = pytest.mark.parametrize("distance", [*EXACT, PeakSigned(share=0.1)], ids=str)
ANGLES = pytest.mark.parametrize(
    "distance",
    [Cosine(), Cosine(per="layer"), Cosine(layers="linear"), PeakSigned(), PeakSigned(signs=False)],
    ids=str,
)
WEIGHTS: dict[Layers, list[float]] = {
    "equal": [1, 1, 1, 1], "linear": [1, 1, 0.5, 0.5], "exponential": [1, 1, math.exp(-1), math.exp(-1)]
}  # fmt: skip
SCALES = st.floats(1e-6, 1e6)


def rows(*scales: float) -> Update:
    """Return one dummy a scale, each the seen update times it."""
    return {name: torch.stack([scale * part for scale in scales]) for name, part in SEEN.items()}


def others(count: int) -> Update:
    generator = dice()
    return {
        name: torch.randn(count, *part.shape, dtype=torch.float64, generator=generator) for name, part in SEEN.items()
    }


@AT_ZERO
def test_the_seen_update_is_at_distance_zero(distance: Distance):
    assert distance.bind(SEEN)(rows(1, 1)).abs().max() < 1e-31  # a rounding error, squared


def test_l2_is_the_squared_length_of_the_difference():
    length = flatten(SEEN).square().sum()
    assert torch.allclose(L2().bind(SEEN)(rows(-1, 0, 3)), torch.stack([4 * length, length, 4 * length]), rtol=1e-12)


def test_cosine_is_one_minus_the_cosine_over_all_layers():
    dummies = others(3)
    flat = torch.cat([dummies[name].flatten(1) for name in SEEN], 1)
    expected = 1 - cosine_similarity(flat, flatten(SEEN)[None])
    assert torch.allclose(Cosine().bind(SEEN)(dummies), expected, rtol=1e-10)


def test_without_choices_the_numbers_are_those_of_the_plain_formulas():
    dummies = others(3)
    squares = sum((dummies[name] - SEEN[name]).square().flatten(1).sum(1) for name in SEEN)
    target = flatten(SEEN) / flatten(SEEN).norm()
    flat = torch.cat([dummies[name].flatten(1) for name in SEEN], 1)
    chords = (flat / flat.norm(dim=1, keepdim=True) - target).square().sum(1) / 2
    assert torch.allclose(L2().bind(SEEN)(dummies), squares, rtol=1e-14, atol=0)
    assert torch.allclose(Cosine().bind(SEEN)(dummies), chords, rtol=1e-14, atol=0)


@pytest.mark.parametrize("distance", [Cosine(), Cosine(per="layer"), Cosine(layers="linear")], ids=str)
@given(scale=SCALES, other=SCALES)
def test_cosine_knows_no_lengths(distance: Distance, scale: float, other: float):
    measure = distance.bind({name: other * part for name, part in SEEN.items()})
    same, opposite = measure(rows(scale, -scale))
    assert same < 1e-14 and abs(opposite - 2) < 1e-12


@ANGLES
def test_no_angle_changes_with_the_length_of_what_was_seen_or_guessed(distance: Distance):
    dummies = others(2)
    expected = distance.bind(SEEN)(dummies)
    longer = distance.bind({name: 3e4 * part for name, part in SEEN.items()})
    assert torch.allclose(longer({name: 1e-3 * part for name, part in dummies.items()}), expected, rtol=1e-10)


def test_l2_does_change_with_the_length_of_what_was_seen():
    twice = L2().bind({name: 2 * part for name, part in SEEN.items()})
    assert torch.allclose(twice(rows(1)), flatten(SEEN).square().sum(), rtol=1e-12)


@pytest.mark.parametrize("layers", WEIGHTS)
def test_weight_and_bias_of_a_layer_count_the_same_and_later_layers_less(layers: Layers):
    assert layer_weights(SEEN, layers) == dict(zip(SEEN, WEIGHTS[layers], strict=True))


def test_of_many_layers_the_linear_weights_end_at_one_part_of_all():
    seen = {name: torch.ones(2) for name in ("a.weight", "b.c.weight", "b.c.bias", "b.d.weight", "e.bias")}
    assert list(layer_weights(seen, "linear").values()) == [1, 0.75, 0.75, 0.5, 0.25]


@pytest.mark.parametrize("layers", WEIGHTS)
def test_l2_sums_weighted_squares_times_its_scale(layers: Layers):
    dummies = others(3)
    squares = [(dummies[name] - SEEN[name]).square().flatten(1).sum(1) for name in SEEN]
    expected = 1e-3 * sum(weight * square for weight, square in zip(WEIGHTS[layers], squares, strict=True))
    assert torch.allclose(L2(scale=1e-3, layers=layers).bind(SEEN)(dummies), expected, rtol=1e-12)


@pytest.mark.parametrize("layers", WEIGHTS)
def test_the_whole_angle_weights_layers_inside_its_inner_products(layers: Layers):
    dummies = others(3)
    parts = [(weight, dummies[name].flatten(1), SEEN[name].flatten()) for weight, name in
             zip(WEIGHTS[layers], SEEN, strict=True)]  # fmt: skip
    product = sum(weight * dummy @ seen for weight, dummy, seen in parts)
    mine = sum(weight * dummy.square().sum(1) for weight, dummy, _ in parts)
    theirs = sum(weight * seen.square().sum() for weight, _, seen in parts)
    expected = 1 - product / (mine * theirs).sqrt()
    assert torch.allclose(Cosine(layers=layers).bind(SEEN)(dummies), expected, rtol=1e-10)


@pytest.mark.parametrize("layers", WEIGHTS)
def test_the_angle_of_each_layer_is_averaged_by_weight(layers: Layers):
    dummies = others(3)
    apart, first, last = [], WEIGHTS[layers][0], WEIGHTS[layers][3]
    for layer in ("conv", "linear"):
        names = [f"{layer}.weight", f"{layer}.bias"]
        flat = torch.cat([dummies[name].flatten(1) for name in names], 1)
        apart.append(1 - cosine_similarity(flat, flatten({name: SEEN[name] for name in names})[None]))
    expected = (first * apart[0] + last * apart[1]) / (first + last)
    assert torch.allclose(Cosine(per="layer", layers=layers).bind(SEEN)(dummies), expected, rtol=1e-10)


def test_an_angle_a_layer_knows_no_length_of_any_layer():
    dummies = rows(1)
    dummies["linear.weight"], dummies["linear.bias"] = 1e3 * dummies["linear.weight"], 1e3 * dummies["linear.bias"]
    assert Cosine(per="layer").bind(SEEN)(dummies) < 1e-14 < 1e-3 < Cosine().bind(SEEN)(dummies)


@pytest.mark.parametrize("distance", [L2(), Cosine(), Cosine(per="layer")], ids=str)
def test_what_was_not_sent_is_not_compared_where_that_is_wished(distance: Distance):
    seen = {name: part * (part.abs() > part.abs().median()) for name, part in SEEN.items()}
    dummies = others(2)
    masked = {name: part * (seen[name] != 0) for name, part in dummies.items()}
    careful = distance.model_copy(update={"sent_only": True}).bind(seen)
    assert torch.allclose(careful(dummies), distance.bind(seen)(masked), rtol=1e-12)
    assert careful({name: part[None] for name, part in SEEN.items()}) < 1e-20
    assert distance.bind(seen)({name: part[None] for name, part in SEEN.items()}) > 1e-3


@pytest.mark.parametrize("distance", [L2(sent_only=True), Cosine(sent_only=True, per="layer"), PeakSigned()], ids=str)
def test_a_layer_of_which_nothing_was_sent_costs_nothing(distance: Distance):
    seen = SEEN | {"linear.weight": torch.zeros_like(SEEN["linear.weight"]), "linear.bias": torch.zeros(4).double()}
    dummies = {name: part.clone().requires_grad_() for name, part in others(2).items()}
    value = distance.bind(seen)(dummies)
    slopes = torch.autograd.grad(value.sum(), list(dummies.values()))
    assert value.isfinite().all() and slopes[2].abs().max() == 0 and slopes[0].abs().max() > 0


def test_peaks_are_compared_with_their_signs_and_nothing_else_is():
    seen = {"a": torch.tensor([5.0, -4, 3, -2, 1, 0]), "b": torch.tensor([0.1, -9.0])}
    dummies = {"a": torch.tensor([[2.0, -2, 2, 80, -90, 7]]), "b": torch.tensor([[33.0, -2]])}
    assert PeakSigned(share=0.5).bind(seen)(dummies) < 1e-12  # three peaks of the one, one of the other
    turned = dummies | {"b": -dummies["b"]}  # one in four peaks has the wrong sign: cos = 2/4
    assert torch.allclose(PeakSigned(share=0.5).bind(seen)(turned), torch.tensor([0.5]))


def test_the_share_of_peaks_is_counted_in_each_tensor_and_rounded_up():
    seen = {"a": torch.arange(1.0, 11), "b": torch.ones(1)}
    dummies = {"a": torch.eye(10), "b": torch.zeros(10, 1)}  # row k has the k-th number alone
    found = PeakSigned(share=0.11).bind(seen)(dummies)
    hit = 1 - 1 / 3**0.5  # one of three peaks: two of ten numbers, and one of one
    assert torch.allclose(found, torch.tensor([0.5] * 8 + [hit] * 2))  # half the squared length of the target alone


def test_with_sizes_it_is_the_cosine_of_the_peaks():
    dummies, share = others(3), 0.2
    peaks = {}
    for name, part in SEEN.items():
        count = math.ceil(share * part.numel())
        peaks[name] = part.abs() >= part.abs().flatten().sort(descending=True).values[count - 1]
    flat = torch.cat([(dummies[name] * peaks[name]).flatten(1) for name in SEEN], 1)
    expected = 1 - cosine_similarity(flat, flatten({name: part * peaks[name] for name, part in SEEN.items()})[None])
    assert torch.allclose(PeakSigned(share=share, signs=False).bind(SEEN)(dummies), expected, rtol=1e-10)


def test_of_signs_alone_the_true_gradient_is_not_at_distance_zero_and_its_signs_are():
    signs = {name: part.sign() for name, part in SEEN.items()}
    measure = PeakSigned(share=1).bind(signs)
    assert measure({name: part[None] for name, part in signs.items()}) < 1e-14 < 0.01 < measure(rows(1))


@PARTS
def test_replaying_the_trace_is_computing_anew(distance: Distance):
    measure = distance.bind(SEEN)
    slope = torch.func.grad(lambda dummies: measure(dummies).sum())
    replay = make_fx(slope)(rows(1, 2))
    for name, part in replay(others(2)).items():  # not what was traced
        assert torch.allclose(part, slope(others(2))[name], rtol=1e-12)


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
