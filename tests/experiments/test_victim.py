"""A victim's training: it learns, writes checkpoints that a network can start from, and goes on bit for bit."""

from pathlib import Path

import pytest
import torch

from leaklab.experiments.victim import Victim, VictimTrainee
from leaklab.images.digits import Digits
from leaklab.networks.zoo import NetworkChoice
from leaklab.settings import Refusal
from tests.attacks.generative.training.learning import CLASSES, SHAPE, batch, goes_on
from tests.scene import dice

LENET, RESNET = NetworkChoice(name="lenet", normalise="cifar10"), NetworkChoice(name="resnet18")


def fresh(folder: Path, network: NetworkChoice = LENET, epoch: int = 12) -> VictimTrainee:
    return Victim(network=network, epoch=epoch, epochs=(0, 1, 3), folder=str(folder)).start(SHAPE, CLASSES, 1)


@pytest.mark.parametrize("network", [LENET, RESNET], ids=["lenet", "resnet18"])
def test_it_goes_on_bit_for_bit(tmp_path: Path, network: NetworkChoice):
    assert goes_on(lambda: fresh(tmp_path, network))


def test_checkpoints_are_written_after_epochs_and_networks_start_from_them(tmp_path: Path):
    trainee = fresh(tmp_path)
    for number in range(6):  # six photographs each, so an epoch is two batches
        trainee.step(*batch(number))
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"lenet-epoch-{k}.safetensors" for k in (0, 1, 3)]
    last = str(tmp_path / "lenet-epoch-3.safetensors")
    network = LENET.changed(("checkpoint",), last).build(SHAPE, CLASSES, dice())
    held = network.network.state_dict()
    assert all(torch.equal(held[name], part.half().float()) for name, part in trainee.weights().items())


def test_the_checkpoint_before_training_is_the_fresh_network_of_the_seed(tmp_path: Path):
    fresh(tmp_path).step(*batch(0))
    first = str(tmp_path / "lenet-epoch-0.safetensors")
    begun = LENET.build(SHAPE, CLASSES, dice(1)).network.state_dict()
    read = LENET.changed(("checkpoint",), first).build(SHAPE, CLASSES, dice()).network.state_dict()
    assert all(torch.equal(read[name], part.half().float()) for name, part in begun.items())


def test_it_learns_classes_that_differ_in_colour(tmp_path: Path):
    trainee = fresh(tmp_path)
    _, labels = batch(1, 32)
    images = (0.2 + 0.2 * labels[:, None, None, None] + 0.1 * torch.rand(32, *SHAPE, generator=dice(2))).clamp(0, 1)
    losses = [trainee.step(images, labels) for _ in range(60)]
    assert losses[-1]["entropy"] < 0.7 * losses[0]["entropy"] and losses[-1]["accuracy"] > 0.5
    assert trainee.samples(4).shape == (4, *SHAPE)


def test_averages_of_batch_norm_move_by_a_tenth_towards_those_of_the_batch(tmp_path: Path):
    trainee, images = fresh(tmp_path, RESNET), batch(0)[0]
    before = trainee.weights()
    maps = torch.nn.functional.conv2d(images, before["conv1.weight"], padding=1)
    trainee.step(*batch(0))
    after = trainee.weights()
    torch.testing.assert_close(after["bn1.running_mean"], 0.1 * maps.mean((0, 2, 3)))
    torch.testing.assert_close(after["bn1.running_var"], 0.9 + 0.1 * maps.var((0, 2, 3)))
    trainee.samples(2)  # looks, and moves nothing
    assert torch.equal(after["bn1.running_mean"], trainee.weights()["bn1.running_mean"])


def test_a_test_set_is_asked_at_every_checkpoint():
    digits = Victim(network=LENET.changed(("normalise",), "none"), epoch=8, epochs=(1,), test=Digits(), test_images=20)
    trainee = digits.start((1, 8, 8), 10, 1)
    images, labels = torch.rand(4, 1, 8, 8, generator=dice(3)), torch.tensor([0, 1, 2, 3])
    assert "test accuracy" not in trainee.step(images, labels)
    assert 0 <= trainee.step(images, labels)["test accuracy"] <= 1


@pytest.mark.parametrize(
    ("shape", "classes", "words"),
    [((3, 8, 8), 10, "1 channel"), ((1, 8, 8), 4, "of 10 classes and those to learn from of 4"),
     ((1, 8, 12), 10, "not square")],
)  # fmt: skip
def test_a_test_of_other_pictures_is_refused(shape: tuple[int, int, int], classes: int, words: str):
    with pytest.raises(Refusal, match=words):
        Victim(test=Digits()).start(shape, classes, 1)
