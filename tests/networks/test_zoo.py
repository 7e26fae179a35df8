"""NetworkChoice: deterministic, silent towards the global generator, and plain about what cannot be had."""

from pathlib import Path

import pytest
import torch
from torch import nn

from leaklab import checkpoints
from leaklab.networks.layers import ACTIVATIONS, BatchNorm, Normalise
from leaklab.networks.table import NETWORKS
from leaklab.networks.zoo import NetworkChoice
from leaklab.settings import Refusal, walk

SHAPE = (3, 8, 8)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def build(choice: NetworkChoice, image_shape: tuple[int, int, int] = SHAPE, classes: int = 4, seed: int = 0):
    return choice.build(image_shape, classes, seeded(seed))


def enlarged(name: str, image_shape: tuple[int, int, int] = SHAPE) -> tuple[int, int, int]:
    """Return an image shape that a network takes: no side under its smallest."""
    channels, *sides = image_shape
    return channels, *(max(side, NETWORKS[name].smallest) for side in sides)


def numbers(network: nn.Module) -> torch.Tensor:
    return torch.cat([tensor.detach().reshape(-1).double() for tensor in network.state_dict().values()])


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give torch hub a folder of this test."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    return tmp_path / "hub" / "checkpoints"


@pytest.mark.parametrize("name", NETWORKS)
def test_weights_come_from_the_generator_alone(name: str):
    choice, shape, before = NetworkChoice(name=name), enlarged(name), torch.get_rng_state()
    first = numbers(build(choice, shape))
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(99)
    assert torch.equal(numbers(build(choice, shape)), first)
    assert not torch.equal(numbers(build(choice, shape, seed=1)), first)
    assert first.isfinite().all()


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("image_shape", [(1, 8, 8), (3, 12, 9)])
def test_grey_colour_and_oblong_images_pass(name: str, image_shape: tuple[int, int, int]):
    shape = enlarged(name, image_shape)
    network = build(NetworkChoice(name=name), shape)
    assert network(torch.zeros(2, *shape)).shape == (2, 4)
    assert all(tensor.dtype == torch.float32 and tensor.requires_grad for tensor in network.parameters())
    assert not network.training


@pytest.mark.parametrize("name", NETWORKS)
def test_the_swap_leaves_no_other_activation(name: str):
    rectifiers = (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.Sigmoid)
    smooth = build(NetworkChoice(name=name, activation="tanh"), enlarged(name))
    assert not [layer for layer in smooth.modules() if isinstance(layer, rectifiers)]
    assert [layer for layer in smooth.modules() if isinstance(layer, nn.Tanh)]


def test_the_swap_changes_no_weight():
    assert torch.equal(numbers(build(NetworkChoice(activation="relu"))), numbers(build(NetworkChoice())))


def test_own_initialisation_is_the_published_one_and_others_can_be_asked_for():
    assert torch.equal(
        numbers(build(NetworkChoice())), numbers(build(NetworkChoice(initialisation="uniform")))
    )  # fmt: skip
    assert numbers(build(NetworkChoice())).abs().max() > 0.49
    assert numbers(build(NetworkChoice(initialisation="pytorch"))).abs().max() < 0.2
    own = numbers(build(NetworkChoice(name="convnet2")))
    assert torch.equal(own, numbers(build(NetworkChoice(name="convnet2", initialisation="pytorch"))))


@pytest.mark.parametrize(("size", "stride"), [(64, 1), (65, 2)])
def test_the_stem_is_small_up_to_64_pixels(size: int, stride: int):
    assert build(NetworkChoice(name="resnet9"), (3, size, 8)).conv1.stride == (stride, stride)


def test_normalisation_is_the_first_layer_and_turns_grey_into_colour():
    network = build(NetworkChoice(normalise="cifar10"), (1, 8, 8))
    assert isinstance(network[0], Normalise)
    assert network.network.conv1.in_channels == 3
    assert network(torch.zeros(2, 1, 8, 8)).shape == (2, 4)
    assert build(NetworkChoice(normalise="mnist")).network.conv1.in_channels == 3


@pytest.mark.parametrize("name", [name for name, row in NETWORKS.items() if row.shrinks])
@pytest.mark.parametrize("stem", ["small", "imagenet"])
def test_check_knows_the_fewest_values_a_channel(name: str, stem: str):
    choice, seen = NetworkChoice(name=name, batch_norm="batch", stem=stem), []
    network = build(choice, (3, 8, 17))
    for layer in network.modules():
        if isinstance(layer, BatchNorm):
            layer.register_forward_pre_hook(lambda _, maps: seen.append(maps[0][0, 0].numel()))
    network(torch.rand(2, 3, 8, 17))
    shrinks = NETWORKS[name].shrinks[stem]
    assert min(seen) == -(-8 // shrinks) * -(-17 // shrinks)


def test_check_refuses_one_value_warns_of_two_and_is_silent_otherwise():
    choice = NetworkChoice(name="resnet18", batch_norm="batch", stem="imagenet")
    with pytest.raises(Refusal, match="ResNet18 with batch statistics sees one number in each channel here: take more"):
        choice.check((3, 32, 32), 1)
    assert "use float64" in choice.check((3, 32, 32), 2)
    assert choice.check((3, 32, 32), 3) == ""
    assert choice.changed(("stem",), "auto").check((3, 32, 32), 1) == ""
    assert choice.changed(("batch_norm",), "running").check((3, 32, 32), 1) == ""
    assert choice.changed(("name",), "lenet").check((3, 32, 32), 1) == ""


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"name": "lenet", "pretrained": True},
            "Nobody publishes weights of LeNet: choose ResNet18, ResNet34, ResNet50",
        ),
        ({"name": "resnet18", "pretrained": True, "stem": "small"}, "belong to the imagenet stem"),
        ({"name": "resnet18", "pretrained": True, "checkpoint": "a.pt"}, "exclude each other"),
        ({"checkpoint": "nowhere.pt"}, "no checkpoint at nowhere.pt"),
    ],
)
def test_contradictions_get_a_sentence(settings: dict, words: str):
    with pytest.raises(Refusal, match=words):
        build(NetworkChoice(**settings))


@pytest.mark.parametrize(
    ("name", "size", "words"),
    [
        ("lenet", "3x8", "LeNet: take 4x4 or larger"),
        ("lenet5", "15x32", "LeNet-5: take 16x16 or larger"),
        ("convnet64", "32x8", "ConvNet64: take 9x9 or larger"),
    ],
)
def test_too_small_images_get_a_sentence(name: str, size: str, words: str):
    with pytest.raises(Refusal, match=f"Images of {size} pixels are too small for {words}."):
        build(NetworkChoice(name=name), (3, *map(int, size.split("x"))))


@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in ("resnet34", "resnet50")])
def test_the_smallest_image_of_a_network_reaches_its_last_layer(name: str):
    network = build(NetworkChoice(name=name), enlarged(name, (3, 4, 4)))
    *_, last = (layer for layer in network.modules() if isinstance(layer, nn.Linear))
    assert last.in_features > 0
    assert network(torch.rand(1, *enlarged(name, (3, 4, 4)), generator=seeded())).shape == (1, 4)


def test_missing_published_weights_say_what_where_and_the_mend(hub: Path):
    with pytest.raises(Refusal) as refusal:
        build(NetworkChoice(name="resnet18", pretrained=True))
    assert str(refusal.value) == (
        "The published weights of ResNet18 are not on this machine: put resnet18-f37072fd.pth from "
        f"https://download.pytorch.org/models/resnet18-f37072fd.pth into {hub}, or choose fresh weights."
    )


def test_published_weights_in_the_hub_folder_are_used_with_a_fresh_head(hub: Path):
    trained = build(NetworkChoice(name="mobilenet_v2", stem="imagenet"), classes=1000, seed=5)
    checkpoints.save(trained.state_dict(), hub / "mobilenet_v2-b0353104.pth")
    network = build(NetworkChoice(name="mobilenet_v2", pretrained=True))
    assert isinstance(network.normalise, Normalise)
    assert network.network.features[0][0].stride == (2, 2)
    assert torch.equal(network.network.features[5].conv[0][0].weight, trained.features[5].conv[0][0].weight)
    fresh = build(NetworkChoice(name="mobilenet_v2", stem="imagenet"))
    assert torch.equal(network.network.classifier[1].weight, fresh.classifier[1].weight)
    whole = build(NetworkChoice(name="mobilenet_v2", pretrained=True), classes=1000)
    assert torch.equal(whole.network.classifier[1].weight, trained.classifier[1].weight)
    assert network(torch.zeros(2, *SHAPE)).shape == (2, 4)


@pytest.mark.parametrize("normalise", ["none", "cifar10"])
def test_a_checkpoint_comes_back_with_or_without_normalisation(tmp_path: Path, normalise: str):
    saved = build(NetworkChoice(normalise=normalise), seed=8)
    checkpoints.save(saved.state_dict(), tmp_path / "w.safetensors")
    loaded = build(NetworkChoice(normalise=normalise, checkpoint=str(tmp_path / "w.safetensors")))
    assert torch.equal(numbers(loaded), numbers(saved))


def test_a_checkpoint_of_another_network_names_the_first_tensor(tmp_path: Path):
    checkpoints.save(build(NetworkChoice(name="convnet2")).state_dict(), tmp_path / "w.pt")
    with pytest.raises(Refusal, match="of conv1.weight the checkpoint holds 32x3x5x5 and the network wants 12x3x5x5"):
        build(NetworkChoice(checkpoint=str(tmp_path / "w.pt")))


def test_every_choice_of_the_table_is_offered_with_words():
    offered = {knob.path[0]: knob for knob in walk(NetworkChoice())}
    assert offered["name"].choices == tuple(NETWORKS)
    assert offered["activation"].choices == ("own", *ACTIVATIONS)
    assert all(row.title and row.sentence.endswith(".") for row in NETWORKS.values())
