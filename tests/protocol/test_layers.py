"""Layers with dice: what they compute by hand, what they add to the loss, and whose dice are whose."""

import math

import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence
from torch.func import grad, vmap
from torch.nn import functional

from leaklab.protocol.layers import Bottleneck, Masked, buffers_of, dice_of, divergences, is_of_one_image, last_linear
from tests.scene import dice, scene

FEATURES = torch.rand(3, 6, generator=dice(1), dtype=torch.float64) - 0.5


def filled(layer: nn.Module) -> nn.Module:
    generator = dice()
    with torch.no_grad():
        for tensor in layer.parameters():
            tensor.uniform_(-0.5, 0.5, generator=generator)
    return layer.double()


def bottleneck(weight: float = 1.0) -> Bottleneck:
    return filled(Bottleneck(nn.Linear(6, 2), size=4, scale=0.5, weight=weight))


def test_a_bottleneck_is_encoder_dice_decoder_and_head():
    layer, noise = bottleneck(), torch.randn(3, 4, generator=dice(2), dtype=torch.float64)
    layer.noise = noise
    mean, spread = layer.encoder(FEATURES)[:, :4], functional.softplus(layer.encoder(FEATURES)[:, 4:])
    expected = layer.head(layer.decoder(mean + 0.5 * spread * noise))
    assert torch.allclose(layer(FEATURES), expected, rtol=1e-12)


def test_dice_come_a_row_an_image_or_one_for_all_and_never_otherwise():
    layer, alone = bottleneck(), Masked(nn.Linear(6, 2)).double()
    assert torch.equal(layer(FEATURES)[1:2], layer(FEATURES[1:2]))
    assert torch.equal(alone(FEATURES), alone.head(FEATURES))
    layer.noise, alone.kept = torch.zeros(2, 4).double(), torch.ones(2, 6).double()
    for whole in (layer, alone):
        with pytest.raises(RuntimeError, match="size of tensor"):
            whole(FEATURES)


def test_a_masked_layer_reads_only_what_is_kept():
    layer = Masked(nn.Linear(6, 2)).double()
    layer.kept = torch.tensor([[2.0, 0, 2, 0, 2, 0]]).double().expand(3, -1)
    assert torch.allclose(layer(FEATURES), layer.head(FEATURES * layer.kept), rtol=1e-12)
    slopes = grad(lambda features: layer(features).sum())(FEATURES)
    assert not slopes[:, 1::2].any() and slopes[:, ::2].all()


def test_dice_are_no_weights_and_are_not_saved():
    whole = nn.Sequential(bottleneck(), Masked(nn.Linear(2, 2)))
    assert not {"0.noise", "1.kept"} & (set(whole.state_dict()) | set(dict(whole.named_parameters())))
    assert set(dict(whole.named_buffers())) == {"0.noise", "1.kept"}


def test_the_divergence_is_that_of_normal_distributions_in_bits():
    layer = bottleneck(weight=0.3)
    mean, spread = layer.parts(layer.encoder(FEATURES))
    expected = kl_divergence(Normal(mean, spread), Normal(0.0, 1.0)).sum(1).mean() / math.log(2)
    assert torch.allclose(layer.divergence(layer.encoder(FEATURES)), 0.3 * expected, rtol=1e-12) and expected > 0


def test_a_standard_normal_distribution_does_not_diverge():
    mean, spread = torch.zeros(3, 4), torch.full((3, 4), math.log(math.e - 1))  # softplus of which is 1
    assert float(bottleneck().divergence(torch.cat([mean, spread], 1)).detach()) == pytest.approx(0, abs=1e-6)


def test_the_divergence_and_its_slope_stay_numbers_where_the_spread_is_none():
    layer = Bottleneck(nn.Linear(6, 2), size=1, scale=1, weight=math.log(2))
    for raw in (-19.99, -20.01, -300.0, -1e6):
        encoded = torch.tensor([[0.0, raw]])
        assert layer.divergence(encoded).item() == pytest.approx(-raw - 0.5, rel=1e-6)
        assert grad(layer.divergence)(encoded).tolist() == [[0, pytest.approx(-1, rel=1e-6)]]


def test_divergences_are_collected_while_images_go_through_and_no_longer():
    whole = nn.Sequential(bottleneck(weight=0.3), bottleneck(weight=0))
    whole[1].encoder, whole[1].head = nn.Linear(2, 8).double(), nn.Linear(6, 2).double()
    with divergences(whole) as found:
        whole(FEATURES)
    assert len(found) == 1 and torch.equal(found[0], whole[0].divergence(whole[0].encoder(FEATURES)))
    whole(FEATURES)
    assert len(found) == 1 and not any(module._forward_hooks for module in whole.modules())


def test_hooks_are_taken_down_when_something_fails():
    layer = bottleneck()
    with pytest.raises(RuntimeError), divergences(layer):
        layer(FEATURES[:, :5])
    assert not layer.encoder._forward_hooks


def test_a_network_without_bottlenecks_adds_nothing():
    some = scene(2, side=8)
    with divergences(some.network) as found:
        some.network(some.images)
    assert found == []


def test_buffers_are_named_by_where_they_lie():
    whole = nn.Sequential(nn.Identity(), Masked(nn.Linear(6, 2)), bottleneck())
    assert buffers_of(whole, Masked, "kept") == ["1.kept"] and buffers_of(whole, Bottleneck, "noise") == ["2.noise"]
    assert buffers_of(bottleneck(), Bottleneck, "noise") == ["noise"] and buffers_of(whole[0], Masked, "kept") == []


def test_some_of_the_images_have_their_dice_alone():
    whole = nn.Sequential(bottleneck(), Masked(nn.Linear(2, 2)), nn.BatchNorm1d(2))
    buffers = dict(whole.named_buffers())
    buffers["0.noise"] = torch.arange(12.0).reshape(3, 4)
    found = dice_of(whole, buffers, torch.tensor([2, 0]))
    assert torch.equal(found["0.noise"], buffers["0.noise"][[2, 0]]) and found["1.kept"] is buffers["1.kept"]
    assert found["2.running_mean"] is buffers["2.running_mean"] and found.keys() == buffers.keys()
    each = vmap(lambda number: dice_of(whole, buffers, number.unsqueeze(0))["0.noise"])(torch.arange(3))
    assert torch.equal(each, buffers["0.noise"].unsqueeze(1))


def test_the_last_linear_layer_is_the_last_in_order():
    whole = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.Linear(3, 3), nn.ReLU()), nn.Flatten())
    assert last_linear(whole) == "1.0" and last_linear(nn.Linear(2, 2)) == "" and last_linear(nn.Flatten()) is None


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_gradient_of_one_image_is_told_from_that_of_several(dtype: torch.dtype):
    some = scene(3, side=8, dtype=dtype)
    assert is_of_one_image(some.gradient(1), "linear") and not is_of_one_image(some.gradient(), "linear")
    assert not is_of_one_image({"linear.weight": some.gradient(1)["linear.weight"]}, "linear")  # without a bias
    noised = {name: tensor + 0.01 * torch.randn_like(tensor) for name, tensor in some.gradient(1).items()}
    assert not is_of_one_image(noised, "linear")
