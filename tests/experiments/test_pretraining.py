"""Pretraining: kept and gone on with to the last bit, and what is kept outlives whatever goes wrong."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from leaklab.attacks.generative import shelf
from leaklab.attacks.generative.training import denoiser
from leaklab.attacks.generative.training.dcgan import DCGANTraining, Duel
from leaklab.attacks.generative.training.denoiser import DenoiserTraining
from leaklab.attacks.generative.training.giml import GIML
from leaklab.attacks.generative.training.restoration import RestorationTraining
from leaklab.attacks.generative.training.transformer import TransformerTraining
from leaklab.experiments import pool as pools
from leaklab.experiments import pretraining
from leaklab.experiments.metalearning import MetaLearning
from leaklab.experiments.pretraining import Pretraining
from leaklab.experiments.victim import Victim
from leaklab.images.source import Photos
from leaklab.networks.zoo import NetworkChoice
from leaklab.settings import Refusal, from_link, to_link

SMALL = (
    DCGANTraining(width=4, critic=2), DenoiserTraining(blocks=(4, 8), groups=4),
    TransformerTraining(heads=1, depth=2), RestorationTraining(width=16),
    MetaLearning(giml=GIML(width=4, latent_steps=1, weight_steps=1)),
    Victim(network=NetworkChoice(name="lenet"), epochs=()),
)  # fmt: skip


@pytest.fixture(autouse=True)
def few(monkeypatch, tmp_path: Path):
    """Make few pictures up, yield every frame, and keep a visitor's weights in the test's own folder."""
    monkeypatch.setattr(pools, "_CROPS", 16)
    pools.pool.cache_clear()  # another test may have made another number
    monkeypatch.setattr(pretraining, "_PAUSE", 0.0)
    monkeypatch.setattr(pretraining, "_SHOWN", 2)
    monkeypatch.setattr(denoiser, "_SAMPLED", 4)
    monkeypatch.setenv("LEAKLAB_WEIGHTS", str(tmp_path / "own"))


def small(out: Path, *, steps: int = 4, every: int = 2, training=SMALL[0]) -> Pretraining:
    return Pretraining(
        training=training, source=Photos(), image_size=8, steps=steps, batch_size=4, keep_every=every, out=str(out)
    )


def weights(out: Path, name: str = "dcgan") -> dict[str, torch.Tensor]:
    return load_file(out / f"{name}.safetensors")


def same(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_frames_tell_how_far_it_is_and_end_with_samples(tmp_path: Path):
    frames = list(small(tmp_path).run("cpu"))
    assert [frame.scalars["step"] for frame in frames] == [0, 1, 2, 3, 4]
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert [frame.scalars["progress"] for frame in frames] == [0, 0.25, 0.5, 0.75, 1]
    assert [frame.final for frame in frames] == [False] * 4 + [True]
    assert [bool(frame.pictures) for frame in frames] == [False, False, True, False, True]
    assert frames[-1].pictures["samples"].dtype == np.uint8 and frames[-1].pictures["samples"].shape == (8, 18, 3)
    assert frames[-1].note == f"Kept at step 4 in {tmp_path}."
    assert {name: len(means) for name, means in frames[-1].series.items()} == {"critic": 2, "generator": 2}


def test_the_losses_between_two_writings_are_averaged(tmp_path: Path):
    *_, each = small(tmp_path / "each", every=1).run("cpu")
    *_, pairs = small(tmp_path / "pairs", every=2).run("cpu")
    assert pairs.series["critic"] == pytest.approx(np.reshape(each.series["critic"], (2, 2)).mean(1))
    assert pairs.scalars["critic"] == pairs.series["critic"][-1]


@pytest.mark.parametrize("training", SMALL, ids=lambda training: training.kind)
def test_the_files_are_weights_in_half_a_card_and_a_picture(tmp_path: Path, training):
    asked = small(tmp_path, training=training).changed(("data",), "the album").changed(("command",), "leaklab pretrain")
    list(asked.run("cpu"))
    card, state = shelf.on_shelf(training.kind, tmp_path)
    assert card == asked.card() and card.digest and card.kind == training.kind
    assert (card.steps, card.batch_size, card.seed, card.side, card.channels) == (4, 4, 1, 8, 3)
    assert card.data == "the album: 16 pictures" and card.licence == "Not said." and card.command == "leaklab pretrain"
    assert card.architecture == training.start((3, 8, 8), len(card.classes), 1).architecture()
    assert card.loss and card.seconds > 0
    assert "CPU cores" in card.machine and "Nobody has looked" in card.quality
    assert state and not any(part.dtype == torch.float32 for part in weights(tmp_path, training.kind).values())
    with Image.open(tmp_path / f"{training.kind}.png") as picture:
        assert picture.size == (36, 16)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("training", SMALL, ids=lambda training: training.kind)
def test_two_steps_and_two_more_are_four_to_the_last_bit(tmp_path: Path, training):
    list(small(tmp_path / "whole", training=training).run("cpu"))
    list(small(tmp_path / "parts", steps=2, training=training).run("cpu"))
    first, *_, last = small(tmp_path / "parts", training=training).run("cpu")
    assert first.note == "Goes on from step 2." and first.scalars["step"] == 2 and last.scalars["step"] == 4
    places = [tmp_path / part / f"{training.kind}.training.pt" for part in ("whole", "parts")]
    kept = [torch.load(place, weights_only=True) for place in places]
    assert kept[0]["history"] == kept[1]["history"]
    assert flat(kept[0]["trainee"]) == flat(kept[1]["trainee"])
    assert same(weights(tmp_path / "whole", training.kind), weights(tmp_path / "parts", training.kind))


def flat(state, path: str = "") -> dict:
    """Return every number of a nested state by its path."""
    if isinstance(state, torch.Tensor):
        return {path: state.tolist()}
    pairs = state.items() if isinstance(state, dict) else enumerate(state) if isinstance(state, list | tuple) else None
    if pairs is None:
        return {path: state}
    return {key: value for name, part in pairs for key, value in flat(part, f"{path}/{name}").items()}


def test_an_interrupted_training_goes_on_from_what_was_kept(tmp_path: Path):
    list(small(tmp_path / "whole").run("cpu"))
    running = small(tmp_path / "parts").run("cpu")
    while next(running).scalars["step"] < 3:
        pass
    running.close()
    first, *_ = small(tmp_path / "parts").run("cpu")
    assert first.note == "Goes on from step 2."
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "parts"))


def test_what_is_done_is_only_written_anew(tmp_path: Path):
    list(small(tmp_path).run("cpu"))
    before = weights(tmp_path)
    frames = list(small(tmp_path).changed(("licence",), "free").run("cpu"))
    assert [frame.final for frame in frames] == [False, True] and same(before, weights(tmp_path))
    assert shelf.card("dcgan", tmp_path).licence == "free"


@pytest.mark.parametrize(("path", "value", "words"), [
    (("seed",), 2, "was begun with seed = 1 and not 2"),
    (("batch_size",), 8, "was begun with batch_size = 4 and not 8"),
    (("training", "width"), 8, "was begun with training.width = 4 and not 8"),
    (("source", "grey"), True, "was begun with source.grey = False and not True"),
    (("training",), SMALL[1], "was begun with training = dcgan and not denoiser"),
])  # fmt: skip
def test_a_training_cannot_change_midway(tmp_path: Path, path, value, words: str):
    list(small(tmp_path, steps=1).changed(("name",), "mine").run("cpu"))
    asked = small(tmp_path).changed(("name",), "mine").changed(path, value)
    with pytest.raises(Refusal, match=words):
        next(asked.run("cpu"))
    assert len(asked.missing()) == 1 and words in asked.missing()[0]


@pytest.mark.parametrize("left", [b"", b"damaged"])
def test_a_damaged_training_is_refused(tmp_path: Path, left: bytes):
    asked = small(tmp_path)
    asked.kept.write_bytes(left)
    with pytest.raises(Refusal, match=r"dcgan\.training\.pt cannot be read as a training"):
        next(asked.run("cpu"))


@pytest.mark.parametrize("without", ["settings", "step", "trainee", "weights"])
def test_a_training_of_another_version_is_refused(tmp_path: Path, without: str):
    list(small(tmp_path, steps=1).run("cpu"))
    asked = small(tmp_path)
    found = torch.load(asked.kept, weights_only=True)
    found.pop(without, None) or found["trainee"].pop(without)
    torch.save(found, asked.kept)
    with pytest.raises(Refusal, match=r"dcgan\.training\.pt cannot be read as a training"):
        next(asked.run("cpu"))


def test_a_full_disk_leaves_what_was_kept_before(tmp_path: Path, monkeypatch):
    running = small(tmp_path).run("cpu")
    while next(running).scalars["step"] < 3:
        pass
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(state, place: Path) -> None:
        Path(place).write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(torch, "save", full)
        with pytest.raises(Refusal, match=r"could not be written .*No space left.* kept at step 2 is still there"):
            list(running)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert next(small(tmp_path).run("cpu")).note == "Goes on from step 2."


def test_a_loss_that_is_no_number_stops_it_and_keeps_the_last_good_file(tmp_path: Path, monkeypatch):
    list(small(tmp_path, steps=2).run("cpu"))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr(Duel, "step", lambda self, images, labels: {"critic": float("nan")})
    with pytest.raises(Refusal, match=r"At step 3 the loss \(critic\) was no number .* kept at step 2 is still there"):
        list(small(tmp_path).run("cpu"))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_weight_that_is_no_number_is_never_kept(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(Duel, "weights", lambda self: {"head": torch.tensor([1.0, torch.inf])})
    with pytest.raises(Refusal, match="At step 2 the weight head was no number"):
        list(small(tmp_path).run("cpu"))
    assert not list(tmp_path.glob("*"))


def test_without_a_folder_it_is_ones_own_prior(tmp_path: Path):
    asked = small(tmp_path).changed(("out",), "")
    list(asked.run("cpu"))
    assert shelf.own("dcgan") == tmp_path / "own" / "dcgan.safetensors"


@pytest.mark.parametrize("name", ["../there", "a/b", ".x", "-x", "é", "x" * 65])
def test_a_name_cannot_lead_elsewhere(name: str):
    with pytest.raises(Refusal, match="name: String should"):
        Pretraining().changed(("name",), name)


def test_a_link_carries_no_folder_and_no_command(tmp_path: Path):
    asked = small(tmp_path).changed(("command",), "leaklab pretrain")
    found = from_link(Pretraining, to_link(asked))
    assert (found.out, found.command, found.steps) == ("", "", 4)
