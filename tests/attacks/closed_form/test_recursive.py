"""R-GAP: exact on chains of invertible layers, with rank and condition told, and a sentence where it cannot apply."""

from collections import OrderedDict
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from leaklab.attacks.closed_form.picture import guess
from leaklab.attacks.closed_form.recursive import RecursiveGradient
from leaklab.attacks.snapshot import Snapshot
from leaklab.federation.rounds import Federation
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.defences import QSGD, GaussianNoise, Sign, Soteria, TopK, Uniform
from leaklab.protocol.observation import Observation, ThreatModel, reveal
from leaklab.settings import Refusal
from tests.scene import CLASSES, Scene, dice, scene


def chain(*, activation: nn.Module, bias: bool, head_bias: bool, channels: tuple[int, int] = (6, 8)) -> nn.Module:
    first, second = channels
    layers = OrderedDict(
        conv1=nn.Conv2d(1, first, 3, stride=2, padding=1, bias=bias), activation1=activation,
        conv2=nn.Conv2d(first, second, 3, padding=1, bias=bias), activation2=activation,
        flatten=nn.Flatten(), linear1=nn.Linear(second * 64, 12, bias=bias), activation3=activation,
        linear2=nn.Linear(12, CLASSES, bias=head_bias),
    )  # fmt: skip
    network = nn.Sequential(layers).double()
    with torch.no_grad():
        for tensor in network.parameters():
            tensor.uniform_(-0.5, 0.5, generator=dice(5))
    return network


def seen(network: nn.Module) -> tuple[Observation, Tensor]:
    one = Scene(network, scene().images, scene().labels)
    return one.observation(ThreatModel()), one.images


def solved(observation: Observation, stage: RecursiveGradient = RecursiveGradient()) -> Snapshot:  # noqa: B008
    return list(stage.invert(observation, None, seed=0))[-1]


@pytest.mark.parametrize("activation", [nn.Sigmoid(), nn.Tanh(), nn.Softplus(), nn.LeakyReLU(0.2)], ids=repr)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("head_bias", [True, False])
def test_it_rebuilds_the_image_to_the_last_digits(activation: nn.Module, bias: bool, head_bias: bool):
    observation, images = seen(chain(activation=activation, bias=bias, head_bias=head_bias))
    assert not RecursiveGradient().missing(observation)
    found = solved(observation)
    assert torch.allclose(found.images[0], images, atol=1e-6)
    assert float(found.losses) < 1e-14 and int(found.labels[0].argmax()) == int(scene().labels)


def test_the_last_layers_equations_hold_exactly_and_every_layer_has_full_rank():
    found = solved(seen(chain(activation=nn.Sigmoid(), bias=True, head_bias=True))[0])
    assert [one.layer for one in found.solved] == ["linear2", "linear1", "conv2", "conv1"]
    assert found.solved[0].residual < 1e-12
    assert all(one.full and one.rank == one.unknowns <= one.equations for one in found.solved)
    assert all(one.condition >= 1 for one in found.solved)


def test_too_few_channels_leave_a_rank_below_the_unknowns_and_the_shortest_answer():
    narrow = chain(activation=nn.Sigmoid(), bias=True, head_bias=True, channels=(3, 8))
    observation, images = seen(narrow)
    first = solved(observation).solved[-1]
    # 3 channels of 8x8 outputs and 27 weights: fewer equations than the 256 pixels.
    assert first.equations == 3 * 64 + 27 < first.unknowns == 256
    # Each pair of channels makes one equation idle: W'·dW = k·z' follows from the others.
    assert first.rank == first.equations - 3 * 3 and not first.full
    found = solved(observation).images[0]
    assert found.norm() < images.norm() and not torch.allclose(found, images, atol=1e-2)
    rebuilt = narrow.conv1(found)
    assert torch.allclose(rebuilt, narrow.conv1(images), atol=1e-6)  # it explains what was seen all the same


def test_cnn6_has_full_rank_in_every_layer():
    network = NetworkChoice(name="cnn6").build((1, 16, 16), CLASSES, dice(1)).double()
    observation, images = seen(network)
    found = solved(observation)
    assert len(found.solved) == 7 and all(one.rank == one.unknowns for one in found.solved)
    assert found.solved[0].residual < 1e-12 and torch.allclose(found.images[0], images, atol=1e-5)


def test_it_shows_grey_until_the_first_layer_is_reached():
    observation, _ = seen(chain(activation=nn.Sigmoid(), bias=True, head_bias=True))
    snapshots = list(RecursiveGradient().invert(observation, None, seed=0))
    assert [len(one.solved) for one in snapshots] == [0, 1, 2, 3, 4, 4]
    assert [one.iteration for one in snapshots] == list(range(6))
    assert all((one.images == 0.5).all() for one in snapshots[:-1]) and snapshots[-1].settled


def test_steep_units_are_trusted_more_when_the_update_is_rounded():
    network = chain(activation=nn.Sigmoid(), bias=True, head_bias=True)
    with torch.no_grad():
        network.conv2.weight.mul_(12)  # saturates most units
    observation, images = seen(network)
    for tensor in observation.update.values():
        tensor.copy_(tensor.float())
    errors = [float((solved(observation, RecursiveGradient(weigh=w)).images[0] - images).norm()) for w in (True, False)]
    assert errors[0] < errors[1]


COARSE = [
    (Sign(scale="one"),), (Sign(),), (QSGD(levels=2),), (Uniform(bits=2),), (TopK(left_out=0.99),),
    (GaussianNoise(sigma=10),),
]  # fmt: skip


@pytest.mark.parametrize("defences", COARSE, ids=lambda chain: repr(chain[0]))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_a_defence_has_changed_leads_to_a_wrong_picture_of_finite_numbers(defences: tuple, dtype: torch.dtype):
    network = chain(activation=nn.Sigmoid(), bias=True, head_bias=True).to(dtype)
    one = scene(dtype=dtype)
    [(observation, _)] = Scene(network, one.images, one.labels).play(Federation(defences=defences))
    found = solved(observation)
    assert found.images.isfinite().all() and not found.losses.isnan().any() and len(found.solved) == 4
    assert not torch.allclose(found.images[0], one.images, atol=0.1)


def test_a_last_layer_that_is_silent_hides_nothing_behind_another_one_with_a_bias():
    network, one = chain(activation=nn.Sigmoid(), bias=True, head_bias=True), scene()
    [(observation, _)] = Scene(network, one.images, one.labels).play(Federation(defences=(Soteria(rate=1),)))
    assert not observation.update["linear2.weight"].any()
    assert torch.allclose(solved(observation).images[0], one.images, atol=1e-6)


def test_equations_that_lead_beyond_all_numbers_end_in_black_or_white():
    observation, _ = seen(chain(activation=nn.Sigmoid(), bias=True, head_bias=True))
    wide = torch.tensor([torch.inf, -torch.inf, torch.nan, 7.0]).double().repeat(64).reshape(1, 1, 16, 16)
    assert guess(observation, scene().labels, wide, stage=0).images.flatten()[:4].tolist() == [1, 0, 0.5, 7]


@pytest.mark.parametrize("head_bias", [True, False])
def test_an_update_of_zeros_is_refused_in_a_sentence(head_bias: bool):
    observation, _ = seen(chain(activation=nn.Sigmoid(), bias=True, head_bias=head_bias))
    still = replace(observation, update={name: torch.zeros_like(part) for name, part in observation.update.items()})
    with pytest.raises(Refusal, match=r"No gradient arrives at layer linear\d, .* sends something of this layer\."):
        solved(still)


def test_a_normalising_first_layer_is_undone():
    class Constants(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("mean", torch.tensor([[[0.4]]], dtype=torch.float64))
            self.register_buffer("std", torch.tensor([[[0.2]]], dtype=torch.float64))

        def forward(self, images: Tensor) -> Tensor:
            return (images - self.mean) / self.std

    inner = chain(activation=nn.Sigmoid(), bias=True, head_bias=True)
    network = nn.Sequential(OrderedDict(normalise=Constants(), network=inner))
    one = Scene(network, scene().images, scene().labels)
    observation = reveal(replace(one.message(), buffers=dict(network.named_buffers())), ThreatModel())
    assert torch.allclose(solved(observation).images[0], one.images, atol=1e-6)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (nn.ReLU(), "activation2 is a ReLU, which sends every negative number to zero"),
        (nn.SiLU(), "activation2 is a SiLU, which takes the same value twice"),
        (nn.MaxPool2d(1), "activation2 pools"),
        (nn.BatchNorm2d(8), "activation2 is a batch norm"),
        (nn.Conv2d(8, 8, 1, groups=2), "activation2 is a convolution in groups"),
        (nn.MultiheadAttention(8, 1), "MultiheadAttention is no plain chain"),
    ],
)
def test_a_layer_that_cannot_be_undone_is_named_before_anything_starts(layer: nn.Module, words: str):
    network = chain(activation=nn.Sigmoid(), bias=True, head_bias=True)
    network.activation2 = layer
    outline = Observation(
        network=network.to("meta"), weights={}, buffers={}, update={}, image_shape=(1, 16, 16), num_classes=CLASSES,
        num_images=1, num_clients=1,
    )  # fmt: skip
    [sentence] = RecursiveGradient().missing(outline)
    assert words in sentence and "choose LeNet" in sentence


def test_two_photographs_two_steps_and_too_many_equations_are_refused():
    network = chain(activation=nn.Sigmoid(), bias=True, head_bias=True).to("meta")
    outline = Observation(
        network=network, weights={}, buffers={}, update={}, image_shape=(1, 16, 16), num_classes=CLASSES,
        num_images=2, num_clients=1, epochs=3, batch_size=0,
    )  # fmt: skip
    sentences = " ".join(RecursiveGradient().missing(outline))
    assert "one photograph and 2 are in this update" in sentences and "the client takes 3" in sentences
    with torch.device("meta"):
        huge = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.Sigmoid(), nn.Flatten(), nn.Linear(3 * 256**2, CLASSES))
    outline = Observation(
        network=huge, weights={}, buffers={}, update={}, image_shape=(3, 256, 256), num_classes=CLASSES,
        num_images=1, num_clients=1,
    )  # fmt: skip
    [sentence] = RecursiveGradient().missing(outline)
    assert "576.0 GiB and 4 are allowed" in sentence
