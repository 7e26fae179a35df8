"""Dropout: its mask in share and size, that nobody but the client meets it, and when it can be read."""

import math

import pytest
import torch
from torch import nn

from leaklab.protocol.defences import Dropout, check
from leaklab.protocol.defended import Defended, Imitated
from leaklab.protocol.layers import Masked
from leaklab.protocol.observation import skeleton
from leaklab.protocol.training import Pass
from leaklab.protocol.updates import Update, Weights, flatten
from leaklab.settings import Refusal
from tests.scene import dice, scene

THREE = scene(3, side=8)
FEATURES = THREE.network.linear.in_features
NETWORK = Dropout().rebuilt(THREE.network, dice())
PLAIN = Pass(NETWORK, dict(NETWORK.named_buffers()))


def weights() -> Weights:
    return {name: tensor.detach() for name, tensor in NETWORK.named_parameters()}


def kept(rate: float, count: int, seed: int = 0) -> torch.Tensor:
    return Dropout(rate=rate).drawn(PLAIN, count, dice(seed)).buffers["linear.kept"]


def sent(rate: float, count: int = 3, seed: int = 0) -> Update:
    forward = Defended(NETWORK, PLAIN.buffers, defences=(Dropout(rate=rate),), generator=dice(seed))
    return forward.gradient(weights(), THREE.images[:count], THREE.targets[:count])


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.95])
def test_the_mask_leaves_out_its_share_and_enlarges_the_others(rate: float):
    mask = kept(rate, 400)
    numbers = 400 * FEATURES
    assert mask.shape == (400, FEATURES) and mask.dtype == torch.float64
    assert abs((mask == 0).double().mean() - rate) < 5 * math.sqrt(rate * (1 - rate) / numbers)
    assert mask.unique().tolist() == pytest.approx([0, 1 / (1 - rate)], rel=1e-12)
    assert abs(mask.mean() - 1) < 5 * math.sqrt(rate / (1 - rate) / numbers)  # in the mean nothing is enlarged


def test_every_photograph_and_every_step_has_a_mask_of_its_own():
    mask = kept(0.5, 3)
    assert not torch.equal(mask[0], mask[1]) and not torch.equal(mask[1], mask[2])
    forward = Defended(NETWORK, PLAIN.buffers, defences=(Dropout(),), generator=dice())
    first, second = (forward.gradient(weights(), THREE.images, THREE.targets) for _ in range(2))
    assert not torch.equal(first["conv.weight"], second["conv.weight"])
    assert torch.equal(flatten(first), flatten(sent(0.5)))


def test_the_gradient_is_that_of_masked_features():
    mask, network = kept(0.5, 3), THREE.network
    features = network[:3](THREE.images) * mask
    loss = nn.functional.cross_entropy(network.linear(features), THREE.labels)
    expected = torch.autograd.grad(loss, list(network.parameters()))
    assert torch.allclose(flatten(sent(0.5)), torch.cat([part.flatten() for part in expected]), rtol=0, atol=1e-12)


def test_everybody_else_meets_ones():
    assert torch.equal(PLAIN.buffers["linear.kept"], torch.ones(1, FEATURES))
    answers = PLAIN.logits(weights(), THREE.images)
    assert torch.equal(answers, THREE.forward.logits(THREE.weights, THREE.images))


def test_at_a_rate_of_nothing_the_gradient_is_the_plain_one():
    assert torch.allclose(flatten(sent(0)), flatten(THREE.gradient()), rtol=0, atol=1e-15)


def test_the_last_layer_is_wrapped_and_the_given_network_stays():
    assert isinstance(NETWORK.linear, Masked) and isinstance(THREE.network.linear, nn.Linear)
    assert list(weights()) == ["conv.weight", "conv.bias", "linear.head.weight", "linear.head.bias"]
    assert isinstance(Dropout().rebuilt(nn.Linear(6, 4), dice()), Masked)
    assert not Dropout().rebuilt(nn.Sequential(nn.Flatten(), nn.Linear(6, 2)).eval(), dice())[1].training


def test_of_one_photograph_the_mask_is_read_from_the_silent_columns():
    seen = sent(0.5, 1)
    forward = Imitated.of(Pass(skeleton(NETWORK), PLAIN.buffers), (Dropout(rate=0.5),), seen)
    found = forward.gradient(weights(), THREE.images[:1], THREE.targets[:1])
    assert torch.allclose(flatten(found), flatten(seen), rtol=0, atol=1e-12)
    plainly = PLAIN.gradient(weights(), THREE.images[:1], THREE.targets[:1])
    assert (flatten(plainly) - flatten(seen)).norm() > 0.1 * flatten(seen).norm()


def test_of_several_photographs_nothing_is_known_of_their_masks():
    forward = Imitated.of(PLAIN, (Dropout(rate=0.5),), sent(0.5))
    found = forward.gradient(weights(), THREE.images, THREE.targets)
    assert torch.equal(flatten(found), flatten(PLAIN.gradient(weights(), THREE.images, THREE.targets)))


def test_without_a_linear_layer_it_is_refused():
    with pytest.raises(Refusal, match="Dropout stands before the last linear layer, and this network has none"):
        check(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten()), (Dropout(),))


@pytest.mark.parametrize("rate", [-0.1, 1.0, math.nan])
def test_a_rate_that_is_none_is_refused(rate: float):
    with pytest.raises(Refusal, match=f"rate: Input should be .* .got {rate}"):
        Dropout.read({"rate": rate})
