"""Clipping: of a whole update, and of every photograph against a loop over them; what is refused, and why."""

import math

import pytest
import torch
from torch import nn
from torch.func import grad, vmap

from leaklab.networks.layers import BatchNorm
from leaklab.protocol.defences import DPSGD, Clip, Dropout, check
from leaklab.protocol.defences.clipping import clipped
from leaklab.protocol.defences.noise import normal_like
from leaklab.protocol.defended import Defended, Imitated
from leaklab.protocol.training import Pass
from leaklab.protocol.updates import Update, flatten, mean, norm, scaled
from leaklab.settings import Refusal
from tests.scene import Scene, dice, scene

THREE = scene(3, side=8)
LONG = {"weight": torch.tensor([[3.0, 0.0], [0.0, -4.0]]), "bias": torch.tensor([12.0])}  # of length 13


def same(one: Update, other: Update, tolerance: float = 1e-12) -> bool:
    return one.keys() == other.keys() and torch.allclose(flatten(one), flatten(other), rtol=0, atol=tolerance)


def sent(defence: DPSGD, some: Scene = THREE, at_once: int = 0) -> Update:
    forward = Defended(some.network, {}, at_once, defences=(defence,), generator=dice(3))
    return forward.gradient(some.weights, some.images, some.targets)


def shortened(some: Scene, bound: float) -> list[Update]:
    """Return each photograph's gradient by itself, shortened by hand."""
    found = []
    for number in range(len(some.images)):
        alone = some.gradient(number)
        length = math.sqrt(sum(float(tensor.square().sum()) for tensor in alone.values()))
        found.append({name: tensor * min(1, bound / length) for name, tensor in alone.items()})
    return found


# The whole update


@pytest.mark.parametrize("bound", [1e-3, 1.0, 12.9])
def test_a_long_update_is_shortened_to_the_bound_and_points_the_same_way(bound: float):
    short = Clip(bound=bound).protect(LONG, dice())
    assert float(norm(short)) == pytest.approx(bound, rel=1e-6)
    assert torch.allclose(flatten(short) / bound, flatten(LONG) / 13, rtol=1e-6)


@pytest.mark.parametrize("bound", [13.0, 20.0])
def test_a_short_update_stays_as_it_is_to_the_last_bit(bound: float):
    assert torch.equal(flatten(Clip(bound=bound).protect(LONG, dice())), flatten(LONG))


@pytest.mark.parametrize("length", [0.0, 1e-30, 1e-20])
def test_the_slope_of_clipping_is_finite_however_short_an_update_is(length: float):
    row = torch.tensor([0.6, 0.8]) * length
    slope = grad(lambda row: clipped({"row": row}, 1.0)["row"].sum())(row)
    assert torch.equal(slope, torch.ones(2))


def test_noise_after_the_clip_is_in_proportion_to_the_bound():
    generator = dice(3)
    noised = Clip(bound=2, noise_multiplier=0.5).protect(LONG, dice(3))
    for name, tensor in clipped(LONG, 2).items():
        assert torch.equal(noised[name], tensor + 0.5 * 2 * normal_like(tensor, generator))


def test_without_noise_no_dice_are_rolled():
    generator = dice()
    Clip().protect(LONG, generator)
    assert torch.equal(generator.get_state(), dice().get_state())


def test_whoever_knows_of_it_lengthens_what_was_seen_and_leaves_the_noise_out():
    seen = clipped(LONG, 2)
    found = Clip(bound=2, noise_multiplier=9).imitate(LONG, seen)
    assert all(torch.allclose(found[name], seen[name]) for name in seen)
    short = scaled(LONG, 1 / float(norm(LONG)))
    assert same(Clip(bound=2).imitate(short, seen), short)


@pytest.mark.parametrize("kind", [Clip, DPSGD])
@pytest.mark.parametrize(
    ("knob", "value", "sentence"),
    [
        ("bound", 0, "bound: clipped to the length 0 an update is nothing, and nobody learns; choose 1e-6 or more"),
        ("bound", -1, "bound: Input should be greater than or equal to 0.000001 .got -1"),
        ("bound", math.nan, "bound: Input should be a finite number .got nan"),
        ("noise_multiplier", -0.1, "noise_multiplier: Input should be greater than or equal to 0 .got -0.1"),
        ("noise_multiplier", math.nan, "noise_multiplier: Input should be a finite number .got nan"),
    ],
)
def test_what_cannot_be_is_refused(kind: type[Clip], knob: str, value: float, sentence: str):
    with pytest.raises(Refusal, match=sentence):
        kind.read({knob: value})


# Every photograph


@pytest.mark.parametrize("bound", [1e-3, 3.0, 1e4])
def test_without_noise_it_is_the_mean_of_shortened_gradients(bound: float):
    expected = mean(shortened(THREE, bound), [1, 1, 1])
    assert same(sent(DPSGD(bound=bound, noise_multiplier=0)), expected)
    assert (bound > 1000) == same(expected, THREE.gradient(), 1e-9)  # far too long a bound changes nothing


def test_the_sum_is_noised_once():
    generator, bound, multiplier = dice(3), 3.0, 0.7
    expected = {
        name: tensor + multiplier * bound * normal_like(tensor, generator) / 3
        for name, tensor in mean(shortened(THREE, bound), [1, 1, 1]).items()
    }
    assert same(sent(DPSGD(bound=bound, noise_multiplier=multiplier)), expected)


def test_one_photograph_moves_the_step_by_no_more_than_two_bounds():
    defence = DPSGD(bound=0.1, noise_multiplier=0)
    monster = Scene(THREE.network, THREE.images.index_fill(0, torch.tensor([1]), 1e6), THREE.labels)
    away = flatten(sent(defence, monster)) - flatten(sent(defence))
    assert 0 < away.norm() <= 2 * 0.1 / 3 + 1e-12


@pytest.mark.parametrize("at_once", [1, 2])
def test_in_parts_it_is_the_same(at_once: int):
    assert same(sent(DPSGD(bound=0.5), at_once=at_once), sent(DPSGD(bound=0.5)))


def test_every_local_step_has_noise_of_its_own():
    batches, generator, weights = [torch.tensor([0, 1]), torch.tensor([2])], dice(3), THREE.weights
    forward = Defended(THREE.network, {}, defences=(DPSGD(bound=0.5, noise_multiplier=1),), generator=dice(3))
    found = forward.local_update(weights, THREE.images, THREE.targets, batches=batches, learning_rate=0.1)
    total = {name: torch.zeros_like(tensor) for name, tensor in weights.items()}
    for batch in batches:
        plain = Defended(THREE.network, {}, defences=(DPSGD(bound=0.5, noise_multiplier=0),))
        update = plain.gradient(weights, THREE.images[batch], THREE.targets[batch])
        update = {name: part + 0.5 / len(batch) * normal_like(part, generator) for name, part in update.items()}
        total = {name: total[name] + update[name] for name in total}
        weights = {name: tensor - 0.1 * update[name] for name, tensor in weights.items()}
    assert same(found, total)


def test_every_photograph_keeps_dice_of_its_own_in_the_layers():
    dropout, clip = Dropout(rate=0.5), DPSGD(bound=0.5, noise_multiplier=0)
    network = dropout.rebuilt(THREE.network, dice()).double()
    weights = {name: tensor.detach() for name, tensor in network.named_parameters()}
    plain = Pass(network, dict(network.named_buffers()))
    [[name, kept]] = dropout.drawn(plain, 3, dice(3)).buffers.items()
    alone = [
        clipped(Pass(network, {name: kept[one]}).gradient(weights, THREE.images[one], THREE.targets[one]), 0.5)
        for one in torch.arange(3).split(1)
    ]
    forward = Defended(network, plain.buffers, defences=(dropout, clip), generator=dice(3))
    assert same(forward.gradient(weights, THREE.images, THREE.targets), mean(alone, [1, 1, 1]))


def test_an_attacker_clips_its_dummies_photograph_by_photograph_and_can_be_differentiated_twice():
    expected = mean(shortened(THREE, 0.5), [1, 1, 1])
    forward = Imitated.of(THREE.forward, (DPSGD(bound=0.5, noise_multiplier=9),), expected)

    def away(images: torch.Tensor) -> torch.Tensor:
        update = forward.gradient(THREE.weights, images, THREE.targets)
        return (flatten(update) - flatten(expected)).square().sum()

    others = THREE.images.flip(0)
    slopes = vmap(grad(away))(torch.stack([THREE.images, others]))
    assert away(THREE.images) < 1e-20 and slopes[0].abs().max() < 1e-9
    assert torch.allclose(slopes[1], grad(away)(others), rtol=1e-9) and slopes[1].norm() > 1e-6


def test_a_photograph_that_teaches_nothing_has_a_finite_slope():
    told = THREE.forward.logits(THREE.weights, THREE.images).softmax(1)
    certain = THREE.targets.index_copy(0, torch.tensor([1]), told[1:2])  # of which the gradient is zero
    forward = Imitated.of(THREE.forward, (DPSGD(bound=0.5),), {})

    def length(images: torch.Tensor) -> torch.Tensor:
        return flatten(forward.gradient(THREE.weights, images, certain)).square().sum()

    slopes = grad(length)(THREE.images)
    assert slopes.isfinite().all() and slopes[0].norm() > 0


@pytest.mark.parametrize("statistics", ["batch", "running"])
def test_batch_norm_on_batch_statistics_is_refused_with_the_reason(statistics: str):
    network = nn.Sequential(nn.Conv2d(1, 2, 3), BatchNorm(2, statistics), nn.Flatten(), nn.Linear(72, 4))
    check(network, (Clip(),))
    if statistics == "running":
        check(network, (DPSGD(),))
    else:
        with pytest.raises(Refusal, match="gives no photograph a gradient of its own: choose running statistics"):
            check(network, (Clip(), DPSGD()))
