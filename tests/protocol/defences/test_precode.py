"""PRECODE: a bottleneck whose dice blur gradients, whose divergence is the published one, and its two by-passes."""

import math

import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence
from torch.func import functional_call, grad, vmap
from torch.nn import functional

from leaklab.protocol.defences import PRECODE, Clip, check
from leaklab.protocol.defended import Defended, Imitated
from leaklab.protocol.layers import Bottleneck
from leaklab.protocol.observation import skeleton
from leaklab.protocol.training import Pass
from leaklab.protocol.updates import Update, Weights, flatten
from leaklab.settings import Refusal
from tests.scene import CLASSES, dice, scene

THREE = scene(3, side=8)
INSIDE = {f"linear.{part}.{kind}" for part in ("encoder", "decoder", "head") for kind in ("weight", "bias")}
SMALL = PRECODE(size=5)


def built(defence: PRECODE = SMALL, seed: int = 1) -> nn.Module:
    return defence.rebuilt(THREE.network, dice(seed))


def weights(network: nn.Module) -> Weights:
    return {name: tensor.detach() for name, tensor in network.named_parameters()}


def plain(network: nn.Module) -> Pass:
    return Pass(network, dict(network.named_buffers()))


def sent(defence: PRECODE, count: int = 3, *, seed: int = 0, network: nn.Module | None = None) -> Update:
    network = network or built(defence)
    forward = Defended(network, plain(network).buffers, defences=(defence,), generator=dice(seed))
    return forward.gradient(weights(network), THREE.images[:count], THREE.targets[:count])


def by_hand(network: nn.Module, noise: torch.Tensor, weight: float, count: int = 3) -> torch.Tensor:
    """Return the loss with everything written out."""
    layer, images = network.linear, THREE.images[:count]
    encoded = layer.encoder(network[:3](images))
    mean, spread = encoded[:, : encoded.shape[1] // 2], functional.softplus(encoded[:, encoded.shape[1] // 2 :])
    logits = layer.head(layer.decoder(mean + layer.scale * spread * noise))
    apart = kl_divergence(Normal(mean, spread), Normal(0.0, 1.0)).sum(1).mean()
    return functional.cross_entropy(logits, THREE.labels[:count]) + weight * apart / math.log(2)


# The layer


def test_the_last_layer_is_replaced_and_kept_inside():
    network = built()
    assert isinstance(network.linear, Bottleneck) and set(weights(network)) == {"conv.weight", "conv.bias"} | INSIDE
    features = THREE.network.linear.in_features
    assert network.linear.encoder.weight.shape == (10, features)
    assert network.linear.decoder.weight.shape == (features, 5)
    assert torch.equal(network.linear.head.weight, THREE.network.linear.weight)
    assert isinstance(THREE.network.linear, nn.Linear)  # the one that was given stays


def test_the_first_weights_come_from_the_dice_that_were_given_and_lie_where_torch_would_draw_them():
    torch.manual_seed(7)
    state = torch.get_rng_state()
    one, again, other = built(), built(), built(seed=2)
    assert torch.equal(torch.get_rng_state(), state)
    encoder = one.linear.encoder.weight
    assert torch.equal(encoder, again.linear.encoder.weight) and not torch.equal(encoder, other.linear.encoder.weight)
    bound = 1 / math.sqrt(encoder.shape[1])
    assert bound / 2 < encoder.abs().max() <= bound and encoder.dtype == torch.float64
    assert not encoder.equal(THREE.network.linear.weight[:1].expand_as(encoder))


def test_a_network_that_is_one_layer_becomes_the_bottleneck():
    assert isinstance(SMALL.rebuilt(nn.Linear(6, CLASSES), dice()), Bottleneck)


def test_it_stays_in_the_mode_of_the_network():
    assert not SMALL.rebuilt(nn.Sequential(nn.Flatten(), nn.Linear(6, 2)).eval(), dice())[1].training


def test_without_a_linear_layer_it_is_refused():
    with pytest.raises(Refusal, match="PRECODE stands before the last linear layer, and this network has none"):
        check(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten()), (PRECODE(),))


# Loss and dice


@pytest.mark.parametrize("weight", [0.0, 1e-3, 1.0])
def test_without_dice_it_is_deterministic_and_the_loss_has_the_divergence(weight: float):
    network = built(PRECODE(size=5, weight=weight))
    losses = [plain(network).loss(weights(network), THREE.images, THREE.targets) for _ in range(2)]
    assert losses[0] == losses[1]
    expected = by_hand(network, torch.zeros(1, 5), weight).item()
    assert losses[0].item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_the_gradient_has_the_divergence_and_the_dice_of_each_photograph(weight: float):
    defence = PRECODE(size=5, weight=weight, scale=0.7)
    network = built(defence)
    forward = defence.drawn(plain(network), 3, dice(4))
    noise = forward.buffers["linear.noise"]
    assert noise.shape == (3, 5) and len(noise.unique()) == 15
    expected = torch.autograd.grad(by_hand(network, noise, weight), list(network.parameters()))
    found = sent(defence, network=network, seed=4)
    assert torch.allclose(flatten(found), torch.cat([part.flatten() for part in expected]), rtol=0, atol=1e-12)


def test_in_parts_every_photograph_keeps_its_own_dice():
    network = built()
    whole = Defended(network, plain(network).buffers, defences=(SMALL,), generator=dice(4))
    parts = Defended(network, plain(network).buffers, 2, defences=(SMALL,), generator=dice(4))
    one, other = (part.gradient(weights(network), THREE.images, THREE.targets) for part in (whole, parts))
    assert torch.allclose(flatten(one), flatten(other), rtol=0, atol=1e-12)


def test_every_step_rolls_fresh_dice_and_the_same_dice_give_the_same():
    network = built()
    forward = Defended(network, plain(network).buffers, defences=(SMALL,), generator=dice(4))
    first, second = (flatten(forward.gradient(weights(network), THREE.images, THREE.targets)) for _ in range(2))
    assert (first - second).norm() > 0.01 * first.norm()
    assert torch.equal(first, flatten(sent(SMALL, seed=4, network=network)))
    assert not forward.buffers["linear.noise"].any()  # what is public stays without dice


def test_at_a_scale_of_nothing_no_dice_are_rolled():
    network, generator = built(PRECODE(size=5, scale=0)), dice()
    assert PRECODE(size=5, scale=0).drawn(plain(network), 3, generator).buffers["linear.noise"].shape == (1, 5)
    assert torch.equal(generator.get_state(), dice().get_state())
    assert torch.equal(flatten(sent(PRECODE(size=5, scale=0), seed=1)), flatten(sent(PRECODE(size=5, scale=0), seed=2)))


def test_on_a_skeleton_it_can_be_differentiated_twice_for_many_dummies():
    network = built()
    forward = Pass(skeleton(network), plain(network).buffers)
    seen = sent(SMALL, network=network)

    def away(images: torch.Tensor) -> torch.Tensor:
        update = forward.gradient(weights(network), images, THREE.targets)
        return sum((update[name] - seen[name]).square().sum() for name in seen)

    dummies = torch.stack([THREE.images, 1 - THREE.images])
    slopes = vmap(grad(away))(dummies)
    assert torch.allclose(slopes[1], grad(away)(dummies[1]), rtol=1e-9) and slopes.norm() > 0
    bump = torch.zeros_like(dummies[1]).index_fill(0, torch.tensor([0]), 1e-5)
    assert float(away(dummies[1] + bump) - away(dummies[1] - bump)) == pytest.approx(
        2e-5 * float(slopes[1][0].sum()), rel=1e-4
    )


# By-passes


def test_of_several_photographs_the_bottleneck_and_the_last_layer_are_passed_over():
    assert PRECODE().ignored(sent(SMALL)) == INSIDE


def test_of_one_photograph_the_encoder_is_not_passed_over():
    kept = {"linear.encoder.weight", "linear.encoder.bias"}
    assert PRECODE().ignored(sent(SMALL, 1)) == INSIDE - kept


def test_layers_that_are_only_called_so_are_not_passed_over():
    assert PRECODE().ignored({"encoder.weight": torch.eye(2), "encoder.bias": torch.ones(2)}) == frozenset()
    assert PRECODE().ignored(THREE.gradient()) == frozenset()


@pytest.mark.parametrize("chain", [(SMALL,), (SMALL, Clip(bound=1e-3))], ids=["alone", "clipped"])
def test_of_one_photograph_a_step_without_dice_and_label_gives_what_was_sent(chain: tuple):
    network = built()
    seen = sent(SMALL, 1, network=network)
    seen = Clip(bound=1e-3).protect(seen, dice()) if len(chain) > 1 else seen
    forward = Imitated.of(Pass(skeleton(network), plain(network).buffers), (SMALL,), seen)
    wrong = functional.one_hot(torch.tensor([2]), CLASSES).double()
    found = forward.gradient(weights(network), THREE.images[:1], wrong)
    ignored = SMALL.ignored(seen)
    for name, tensor in found.items():
        if name in ignored:
            assert not tensor.any()
        else:
            assert torch.allclose(tensor, seen[name], rtol=1e-9, atol=1e-12)
    plainly = plain(network).gradient(weights(network), THREE.images[:1], THREE.targets[:1])
    assert not torch.allclose(plainly["conv.weight"], seen["conv.weight"], rtol=0.01)


def test_of_several_photographs_nobody_knows_better_than_without_dice():
    network = built()
    forward = Imitated.of(plain(network), (SMALL,), sent(SMALL, network=network))
    found = forward.gradient(weights(network), THREE.images, THREE.targets)
    assert torch.equal(flatten(found), flatten(plain(network).gradient(weights(network), THREE.images, THREE.targets)))


def test_the_public_network_answers_as_without_dice():
    network = built()
    answers = functional_call(network, weights(network), (THREE.images,))
    assert torch.equal(answers, plain(network).logits(weights(network), THREE.images))


@pytest.mark.parametrize(("knob", "value"), [("scale", -1), ("scale", math.nan), ("size", 0), ("weight", math.nan)])
def test_what_cannot_be_is_refused(knob: str, value: float):
    with pytest.raises(Refusal, match=f"{knob}: Input should be .* .got {value}"):
        PRECODE.read({knob: value})
