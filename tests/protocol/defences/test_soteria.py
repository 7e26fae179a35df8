"""Soteria: exactly the promised share of columns, chosen as a loop over features chooses, and nothing else touched."""

import math
from collections import OrderedDict

import pytest
import torch
from torch import Tensor, nn

from leaklab.protocol.defences import DPSGD, Soteria, check
from leaklab.protocol.defences.clipping import clipped
from leaklab.protocol.defended import Defended
from leaklab.protocol.training import Pass
from leaklab.protocol.updates import Update, Weights, flatten, mean
from leaklab.settings import Refusal
from tests.scene import CLASSES, dice

FEATURES = 11
RATES = pytest.mark.parametrize("rate", [0.01, 0.1, 0.3, 0.5, 0.9, 1.0])
IMAGES = torch.rand(3, 1, 4, 4, dtype=torch.float64, generator=dice(2))
TARGETS = torch.eye(CLASSES, dtype=torch.float64)[:3]


def network(activation: type[nn.Module] = nn.Tanh) -> nn.Module:
    layers = OrderedDict(
        flatten=nn.Flatten(), first=nn.Linear(16, FEATURES), activation=activation(), last=nn.Linear(FEATURES, CLASSES)
    )
    whole = nn.Sequential(layers).double()
    generator = dice(1)
    with torch.no_grad():
        for tensor in whole.parameters():
            tensor.uniform_(-0.5, 0.5, generator=generator)
    return whole


def weights(whole: nn.Module) -> Weights:
    return {name: tensor.detach() for name, tensor in whole.named_parameters()}


def plain(whole: nn.Module, images: Tensor = IMAGES, targets: Tensor = TARGETS) -> Update:
    return Pass(whole, {}).gradient(weights(whole), images, targets)


def sent(defence: Soteria, whole: nn.Module, images: Tensor = IMAGES, at_once: int = 0) -> Update:
    forward = Defended(whole, {}, at_once, defences=(defence,))
    return forward.gradient(weights(whole), images, TARGETS[: len(images)])


def slopes(whole: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
    """Return features and the length of their gradients in the pixels, one by one."""
    values = [[whole[:3](image[None])[0, feature].item() for feature in range(FEATURES)] for image in images]
    found = []
    for image in images:
        pixels = image.clone().requires_grad_()
        rows = [torch.autograd.grad(whole[:3](pixels[None])[0, feature], pixels)[0] for feature in range(FEATURES)]
        found.append([row.square().sum().sqrt().item() for row in rows])
    return torch.tensor(values, dtype=torch.float64), torch.tensor(found, dtype=torch.float64)


def silent(counts: Tensor, rate: float) -> set[int]:
    """Return the features with the lowest counts."""
    ranked = sorted(range(FEATURES), key=lambda feature: float(counts[feature]))
    return set(ranked[: math.ceil(round(rate * FEATURES, 9))])


def columns(matrix: Tensor) -> set[int]:
    return set((matrix == 0).all(0).nonzero().flatten().tolist())


@RATES
def test_exactly_the_share_of_columns_is_zero_and_all_else_is_untouched_to_the_last_bit(rate: float):
    whole = network()
    before, after = plain(whole), sent(Soteria(rate=rate), whole)
    gone = columns(after["last.weight"])
    assert len(gone) == math.ceil(round(rate * FEATURES, 9))
    stayed = [feature for feature in range(FEATURES) if feature not in gone]
    assert torch.equal(after["last.weight"][:, stayed], before["last.weight"][:, stayed])
    assert all(torch.equal(after[name], before[name]) for name in before if name != "last.weight")
    assert after.keys() == before.keys() and columns(before["last.weight"]) == set()


@pytest.mark.parametrize("offset", [0.0, 0.1])
@pytest.mark.parametrize("count", [1, 3])
@RATES
def test_the_columns_are_those_of_the_lowest_counts(rate: float, count: int, offset: float):
    whole, images = network(), IMAGES[:count]
    values, lengths = slopes(whole, images)
    counts = sum(length / (value + offset) for value, length in zip(values, lengths, strict=True)).abs()
    assert columns(sent(Soteria(rate=rate, offset=offset), whole, images)["last.weight"]) == silent(counts, rate)


@RATES
def test_the_row_variant_silences_features_where_they_are_made(rate: float):
    whole = network()
    before, after = plain(whole), sent(Soteria(rate=rate, variant="rows"), whole)
    values, lengths = slopes(whole, IMAGES)
    gone = silent(-(values.abs() / lengths).sum(0), rate)
    for feature in range(FEATURES):
        row = torch.zeros(16) if feature in gone else before["first.weight"][feature]
        assert torch.equal(after["first.weight"][feature], row.double())
        assert float(after["first.bias"][feature]) == (0 if feature in gone else float(before["first.bias"][feature]))
    assert all(torch.equal(after[name], before[name]) for name in ("last.weight", "last.bias"))


def test_features_that_are_zero_and_flat_go_first():
    whole = network(nn.ReLU)
    dead = columns(plain(whole, IMAGES[:1], TARGETS[:1])["last.weight"])
    assert 1 <= len(dead) < FEATURES
    few = sent(Soteria(rate=len(dead) / FEATURES), whole, IMAGES[:1])
    assert columns(few["last.weight"]) == dead and torch.equal(
        flatten(few), flatten(plain(whole, IMAGES[:1], TARGETS[:1]))
    )
    assert len(columns(sent(Soteria(rate=(len(dead) + 1) / FEATURES), whole, IMAGES[:1])["last.weight"])) > len(dead)


def test_with_a_share_of_nothing_the_gradient_is_untouched():
    assert torch.equal(flatten(sent(Soteria(rate=0), network())), flatten(plain(network())))


@pytest.mark.parametrize("at_once", [1, 2])
def test_in_parts_the_same_features_are_silenced(at_once: int):
    whole, parts = sent(Soteria(rate=0.5), network()), sent(Soteria(rate=0.5), network(), at_once=at_once)
    assert columns(whole["last.weight"]) == columns(parts["last.weight"])
    assert torch.allclose(flatten(whole), flatten(parts), rtol=0, atol=1e-12)


def test_inside_a_clip_of_each_photograph_each_has_silent_features_of_its_own():
    whole = network()
    forward = Defended(whole, {}, defences=(Soteria(rate=0.5), DPSGD(bound=0.1, noise_multiplier=0)))
    alone = [
        clipped(
            Defended(whole, {}, defences=(Soteria(rate=0.5),)).gradient(weights(whole), IMAGES[one], TARGETS[one]), 0.1
        )
        for one in torch.arange(3).split(1)
    ]
    found = forward.gradient(weights(whole), IMAGES, TARGETS)
    assert torch.allclose(flatten(found), flatten(mean(alone, [1, 1, 1])), rtol=0, atol=1e-12)
    assert len({frozenset(columns(update["last.weight"])) for update in alone}) > 1


def test_whoever_sees_the_silent_columns_compares_the_others():
    seen = sent(Soteria(rate=0.5), network())
    dummy = {name: torch.ones_like(tensor) for name, tensor in seen.items()}
    found = Soteria(rate=0.5).imitate(dummy, seen)
    assert columns(found["last.weight"]) == columns(seen["last.weight"])
    assert found["last.weight"].sum() == CLASSES * (FEATURES - 6) and found["first.weight"].all()


@pytest.mark.parametrize(
    ("whole", "defence", "sentence"),
    [
        (nn.Sequential(nn.Conv2d(1, 4, 4), nn.Flatten()), Soteria(), "this network has none"),
        (nn.Sequential(nn.Conv2d(1, 4, 4), nn.Flatten()), Soteria(variant="rows"), "this network has none"),
        (nn.Sequential(nn.Flatten(), nn.Linear(16, 4)), Soteria(variant="rows"), "no two linear layers behind each"),
        (
            nn.Sequential(nn.Linear(4, 9), nn.Flatten(), nn.Linear(144, 4)), Soteria(variant="rows"),
            "choose the column variant, or another network",
        ),
    ],
)  # fmt: skip
def test_networks_without_the_layers_it_needs_are_refused(whole: nn.Module, defence: Soteria, sentence: str):
    with pytest.raises(Refusal, match=sentence):
        check(whole, (defence,))
    check(nn.Sequential(nn.Flatten(), nn.Linear(16, 4)), (Soteria(),))


@pytest.mark.parametrize("rate", [-0.1, 1.5, math.nan])
def test_a_rate_that_is_none_is_refused(rate: float):
    with pytest.raises(Refusal, match=f"rate: Input should be .* .got {rate}"):
        Soteria.read({"rate": rate})
