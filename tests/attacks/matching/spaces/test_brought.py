"""Generators that an attacker brings along: from the shelf, from a folder, or drawn; resized, or refused."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from leaklab.attacks.generative import shelf
from leaklab.attacks.matching.spaces import GeneratorLatent, GeneratorWeights, generators
from leaklab.attacks.matching.spaces.brought import adopted
from leaklab.attacks.matching.spaces.generators import DCGAN
from leaklab.checkpoints import State
from leaklab.settings import Refusal
from tests.attacks.matching.spaces.brought import LATENT, published, seen, state
from tests.scene import dice

TINY = DCGAN(8, 16, 3, latent=12)
EACH = pytest.mark.parametrize("space", [GeneratorLatent, GeneratorWeights], ids=["latent", "weights"])


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shelf of its own, with one small generator."""
    folder = tmp_path / "shelf"
    monkeypatch.setattr(shelf, "SHIPPED", folder)
    monkeypatch.setenv("LEAKLAB_WEIGHTS", str(tmp_path / "own"))
    (tmp_path / "own").mkdir()
    put(folder, "dcgan-cifar10", state(TINY))
    return folder


def put(folder: Path, name: str, weights: State) -> None:
    card = shelf.Card(
        kind="dcgan", title="Tiny", side=16, channels=3, data="none", licence="none", steps=0, batch_size=1, seed=0,
        command="none", seconds=0, machine="none",
    )  # fmt: skip
    shelf.write(folder, name, card, weights)


def halved(weights: State) -> State:
    return {name: part.half().float() for name, part in weights.items()}


def test_a_trained_generator_runs_with_the_averages_it_learnt_with():
    weights, noise = state(TINY), torch.randn(3, 12, generator=dice(4))
    expected = (published(TINY, weights)(noise[:, :, None, None]) + 1) / 2
    assert torch.allclose(TINY(weights, noise), expected, atol=1e-6)
    assert torch.allclose(TINY(weights, noise[:1]), TINY(weights, noise)[:1], atol=1e-6)


def test_averages_are_those_of_the_batch_that_they_are_measured_on():
    weights = generators.named(TINY, generators.drawn(TINY, dice(0)))
    noise = torch.randn(500, 12, generator=dice(1))
    met = generators.measured(TINY, weights, noise)
    assert {f"{side}.{word}" for side in (4, 8, 16) for word in ("mean", "variance")} == met.keys()
    assert torch.allclose(TINY(weights | met, noise), TINY(weights, noise), atol=1e-3)


@EACH
def test_a_shipped_generator_is_taken_from_the_shelf(space, shipped: Path):
    brought = space().brought(seen(side=16))
    expected, noise = halved(state(TINY)), torch.randn(2, 12, generator=dice(4))
    assert brought.generator == TINY and space().missing(seen(side=16)) == []
    assert torch.allclose(brought.pictures(noise), TINY(expected, noise), atol=1e-6)


def test_a_generator_is_read_anew_when_its_file_has_changed(shipped: Path):
    before = GeneratorLatent().brought(seen(side=16)).row
    put(shipped, "dcgan-cifar10", state(TINY, seed=3))
    assert not torch.equal(before, GeneratorLatent().brought(seen(side=16)).row)


@EACH
def test_what_is_not_there_is_said_with_where_it_belongs_and_what_works_without(space, shipped: Path):
    [said] = space(generator="giml").missing(seen())
    assert f"{shipped.name}/dcgan-giml.json is missing" in said and said.endswith(
        "The generator 'untrained' needs none."
    )
    [said] = space(generator="own").missing(seen())
    assert "dcgan.safetensors, dcgan.pt or dcgan.pth into the folder that LEAKLAB_WEIGHTS names" in said
    assert "'untrained'" in said
    (shipped / "dcgan-cifar10.safetensors").write_bytes(b"something else")
    assert "SHA-256" in space().missing(seen())[0]


@pytest.mark.parametrize("ending", ["safetensors", "pt", "pth"])
@pytest.mark.parametrize("names", ["ours", "pytorch"])
def test_a_generator_of_ones_own_is_read_by_either_names(ending: str, names: str, shipped: Path):
    weights, place = state(TINY, seed=5), shipped.parent / "own" / f"dcgan.{ending}"
    held = weights if names == "ours" else dict(published(TINY, weights).state_dict(prefix="main."))
    held = {name: part.contiguous() for name, part in held.items()}
    save_file(held, place) if ending == "safetensors" else torch.save(held, place)
    brought = GeneratorLatent(generator="own").brought(seen())
    noise = torch.randn(2, 12, generator=dice(4))
    assert brought.generator == TINY
    assert torch.allclose(brought.pictures(noise), TINY(weights, noise), atol=1e-6)


def without(word: str) -> State:
    return {name: part for name, part in state(TINY).items() if name != word}


@pytest.mark.parametrize(("weights", "words"), [
    (without("8.mean"), "as 8.mean it holds nothing where 4 was looked for"),
    (state(TINY) | {"8": torch.zeros(8, 4, 3, 3)}, "as 8 it holds 8x4x3x3 where 8x4x4x4 was looked for"),
    (without("4"), "a first layer and a last one"),
    ({"linear.weight": torch.zeros(3, 3)}, "it has 0 convolutions and 0 batch norms"),
    ({"a.weight": torch.zeros(3, 3, 4, 4), "b.weight": torch.zeros(3, 3, 4, 4)}, "it has 2 convolutions and 0 batch"),
    ({"head": torch.zeros(3)}, "a first layer and a last one"),
], ids=["no averages", "kernel", "no first layer", "no convolution", "no batch norm", "no layers"])  # fmt: skip
def test_weights_of_another_network_are_refused_in_a_sentence(weights: State, words: str):
    with pytest.raises(Refusal) as refusal:
        adopted(weights)
    assert words in str(refusal.value) and "'untrained'" in str(refusal.value)


def test_untrained_generators_are_the_same_for_every_stage_and_others_for_another_draw():
    one, other = LATENT.brought(seen()), GeneratorWeights(generator="untrained", width=8).brought(seen())
    assert torch.equal(one.row, other.row) and one.generator == DCGAN(8, 8, 3)
    assert not torch.equal(one.row, LATENT.changed(("draw",), 1).brought(seen()).row)
    numbers = torch.randn(1, 100, generator=dice(3))
    assert one.pictures(numbers).std() > 0.05 and LATENT.missing(seen()) == []


@pytest.mark.parametrize(("side", "drawn"), [(4, 4), (16, 16), (64, 64), (48, 32), (128, 32)])
def test_an_untrained_generator_draws_in_the_size_of_the_images_where_it_can(side: int, drawn: int):
    assert LATENT.brought(seen(side=side)).generator.side == drawn


@EACH
@pytest.mark.parametrize(("side", "channels"), [(8, 3), (16, 1), (32, 3), (24, 1)])
def test_pictures_of_another_size_or_in_colour_are_laid_to_the_images(space, side: int, channels: int, shipped: Path):
    observation = seen(1, side=side, channels=channels)
    bound = space().bind(observation)
    code = bound.start(dice(1))[None].double().requires_grad_()
    images = bound.decode(code)
    [slope] = torch.autograd.grad(images.square().sum(), code)
    assert images.shape == (1, 1, channels, side, side) and slope.any() and space().missing(observation) == []
    assert bool(bound.remark) == (side != 16)


def test_grey_is_the_mean_of_the_colours(shipped: Path):
    grey, coloured = (GeneratorLatent().bind(seen(1, side=16, channels=channels)) for channels in (1, 3))
    code = grey.start(dice(1))[None]
    assert torch.allclose(grey.decode(code), coloured.decode(code).mean(2, keepdim=True))


def test_a_grey_generator_cannot_draw_colours(shipped: Path):
    put(shipped, "dcgan-cifar10", state(DCGAN(8, 16, 1)))
    [said] = GeneratorLatent().missing(seen(channels=3))
    assert "channel" in said and said.endswith(".")
