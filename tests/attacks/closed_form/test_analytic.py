"""The analytic first layer: exact for one image, a mixture for two, exact again where neurons heard one image only."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from leaklab.attacks.closed_form.analytic import AnalyticFirstLayer
from leaklab.attacks.snapshot import Snapshot
from leaklab.protocol.observation import Observation, ThreatModel
from tests.scene import CLASSES, Scene, dice, scene


def dense(*, hidden: int = 24, activation: nn.Module | None = None, bias: bool = True) -> nn.Module:
    layers = [nn.Flatten(), nn.Linear(256, hidden, bias=bias), activation or nn.Sigmoid(), nn.Linear(hidden, CLASSES)]
    network = nn.Sequential(*layers).double()
    with torch.no_grad():
        for tensor in network.parameters():
            tensor.uniform_(-0.5, 0.5, generator=dice(3))
    return network


def answer(network: nn.Module, count: int) -> tuple[Snapshot, torch.Tensor]:
    held = scene(count)
    observation = Scene(network, held.images, held.labels).observation(ThreatModel())
    return list(AnalyticFirstLayer().invert(observation, held.labels.flip(0), seed=0))[-1], held.images


def test_one_image_comes_back_exactly():
    found, images = answer(dense(), 1)
    assert torch.allclose(found.images[0], images, atol=1e-8) and float(found.losses) < 1e-16
    assert found.settled and found.solved[0].full


def test_an_update_of_zeros_leaves_a_grey_picture():
    held = scene()
    seen = Scene(dense(), held.images, held.labels).observation(ThreatModel())
    still = replace(seen, update={name: torch.zeros_like(part) for name, part in seen.update.items()})
    found = list(AnalyticFirstLayer().invert(still, None, seed=0))[-1]
    assert found.images.eq(0.5).all() and found.losses.isfinite().all() and found.solved[0].rank == 0


def test_two_images_that_every_neuron_hears_come_back_as_weighted_mixtures():
    network, held = dense(), scene(2)
    one = Scene(network, held.images, held.labels)
    alone = [one.gradient(number)["1.bias"] for number in (0, 1)]
    shares = alone[0] / (alone[0] + alone[1])
    mixtures = shares[:, None] * held.images[0].flatten() + (1 - shares)[:, None] * held.images[1].flatten()
    found, _ = answer(network, 2)
    for guess in found.images[0].flatten(1):
        assert (mixtures - guess).norm(dim=1).min() < 1e-8
        assert (held.images.flatten(1) - guess).norm(dim=1).min() > 1e-2
    assert found.solved[0].rank == 0  # no two neurons agree, and the answer says so


def test_images_that_have_neurons_of_their_own_come_back_exactly():
    network = dense(activation=nn.ReLU())
    held = scene(2)
    with torch.no_grad():  # neurons that only one of the two images can excite
        away = held.images[0].flatten() - held.images[1].flatten()
        middle = (held.images.flatten(1).sum(0) / 2) @ away
        for row, sign in enumerate((1, -1) * 4):
            network[1].weight[row] = sign * away * (1 + row / 10)
            network[1].bias[row] = -sign * middle * (1 + row / 10)
    found, images = answer(network, 2)
    distances = torch.cdist(found.images[0].flatten(1), images.flatten(1))
    assert (distances.min(0).values < 1e-8).all() and found.solved[0].full
    # Each is given the label that is its own, so that their gradient is the one that was seen.
    assert torch.equal(found.labels[0].argmax(1), held.labels[distances.argmin(1)]) and float(found.losses) < 1e-14


def test_neurons_at_rising_thresholds_give_every_image_away_by_their_differences():
    held, network = scene(4), dense(hidden=40, activation=nn.ReLU())
    brightness = held.images.mean((1, 2, 3))
    with torch.no_grad():  # an imprint layer: all rows measure brightness, each against a higher threshold
        network[1].weight.fill_(1 / 256)
        network[1].bias.copy_(-torch.linspace(float(brightness.min()) - 1e-3, float(brightness.max()), 40))
        network[3].weight.copy_(network[3].weight[:, :1].expand(-1, 40))
    bins = torch.bucketize(brightness, -network[1].bias.detach())
    assert len(set(bins.tolist())) == 4
    observation = Scene(network, held.images, held.labels).observation(ThreatModel())
    attack = AnalyticFirstLayer(compared="neighbours")
    found = list(attack.invert(observation, held.labels, seed=0))[-1]
    distances = torch.cdist(found.images[0].flatten(1), held.images.flatten(1))
    assert (distances.min(0).values < 1e-8).all() and found.solved[0].full and float(found.losses) < 1e-14


@pytest.mark.parametrize("first", [nn.Conv2d(1, 4, 3, padding=1), nn.Linear(16, 4, bias=False)])
def test_another_first_layer_is_refused_with_the_mend(first: nn.Module):
    outline = Observation(
        network=nn.Sequential(first, nn.Flatten(), nn.Linear(4, CLASSES)), weights={}, buffers={}, update={},
        image_shape=(1, 16, 16), num_classes=CLASSES, num_images=1, num_clients=1,
    )  # fmt: skip
    [sentence] = AnalyticFirstLayer().missing(outline)
    assert "a linear one with a bias: choose the MLP" in sentence


def test_several_local_steps_are_refused():
    outline = Observation(
        network=dense(), weights={}, buffers={}, update={}, image_shape=(1, 16, 16), num_classes=CLASSES,
        num_images=4, num_clients=1, epochs=1, batch_size=2,
    )  # fmt: skip
    assert "the client takes 2: set one local step" in AnalyticFirstLayer().missing(outline)[0]
