"""Weights on the shelf: written in half the room with a card, and refused unread when they are not the card's."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from leaklab import checkpoints
from leaklab.attacks.generative import shelf
from leaklab.attacks.generative.shelf import Card
from leaklab.settings import Refusal

ABOUT = Card(
    kind="dcgan", title="Small", side=8, channels=3, classes=("cat", "dog"), architecture={"width": 4, "blocks": "1,2"},
    data="two pictures", licence="none needed", steps=3, batch_size=2, seed=1, command="leaklab pretrain dcgan",
    seconds=1.5, machine="1 of 2 CPU cores", loss={"critic": 1.0},
)  # fmt: skip


def weights() -> dict[str, torch.Tensor]:
    return {"head": torch.linspace(-1, 1, 12).reshape(3, 4), "count": torch.tensor(7)}


def test_what_was_written_comes_back_in_float32_with_its_card(tmp_path: Path):
    written = shelf.write(tmp_path, "small", ABOUT, weights(), torch.rand(3, 3, 8, 8))
    card, state = shelf.on_shelf("small", tmp_path)
    assert card == written == shelf.card("small", tmp_path) and card.changed(("digest",), "") == ABOUT
    assert torch.equal(state["head"], weights()["head"].half().float()) and state["count"].item() == 7
    assert shelf.available(tmp_path) == ["small"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.json", "small.png", "small.safetensors"]


def test_half_the_room_is_taken_unless_a_number_needs_more():
    assert shelf.halved(torch.ones(2)).dtype == torch.float16
    assert shelf.halved(torch.tensor([1e6])).dtype == torch.float32
    assert shelf.halved(torch.tensor([3])).dtype == torch.int64


def test_weights_of_another_digest_are_refused_and_never_opened(tmp_path: Path, monkeypatch):
    shelf.write(tmp_path, "small", ABOUT, weights())
    file = tmp_path / "small.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    monkeypatch.setattr("leaklab.checkpoints.load", lambda path: pytest.fail("it was opened"))
    with pytest.raises(Refusal, match=r"small\.safetensors is not the file its card was written for.* not opened"):
        shelf.on_shelf("small", tmp_path)


@pytest.mark.parametrize("left", ["small.json", "small.safetensors"])
def test_what_is_missing_is_named_with_the_place_where_it_belongs(tmp_path: Path, left: str):
    shelf.write(tmp_path, "small", ABOUT, weights())
    gone = next(path for path in tmp_path.iterdir() if path.name != left)
    gone.unlink()
    with pytest.raises(Refusal, match=rf"The weights small are not here: .*{gone.name} is missing\. Copy it"):
        shelf.on_shelf("small", tmp_path)
    assert shelf.available(tmp_path) == []


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"kind": "dcgan"})])
def test_a_broken_card_is_refused_in_a_sentence(tmp_path: Path, text: str):
    (tmp_path / "small.json").write_text(text)
    (tmp_path / "small.safetensors").write_bytes(b"")
    with pytest.raises(Refusal, match="is not the card of any weights"):
        shelf.on_shelf("small", tmp_path)


def test_all_that_ships_is_what_its_card_says():
    for name in shelf.available():
        card, state = shelf.on_shelf(name)
        assert state and all(part.isfinite().all() for part in state.values())
        assert (shelf.SHIPPED / f"{name}.safetensors").stat().st_size <= 10 << 20
        assert card.licence and card.data and (shelf.SHIPPED / f"{name}.png").is_file()


def test_weights_of_ones_own_are_found_as_a_file_or_as_a_folder_of_diffusers(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("LEAKLAB_WEIGHTS", str(tmp_path))
    assert shelf.own("denoiser") is None
    (tmp_path / "denoiser" / "unet").mkdir(parents=True)
    assert shelf.own("denoiser") is None
    (tmp_path / "denoiser" / "unet" / "config.json").touch()
    assert shelf.own("denoiser") == tmp_path / "denoiser" / "unet"
    (tmp_path / "denoiser" / "config.json").touch()
    assert shelf.own("denoiser") == tmp_path / "denoiser"
    for suffix in (".pth", ".pt", ".safetensors"):
        (tmp_path / f"denoiser{suffix}").touch()
        assert shelf.own("denoiser") == tmp_path / f"denoiser{suffix}"


def test_a_full_disk_leaves_the_old_file(tmp_path: Path):
    place = tmp_path / "file"
    place.write_text("old")

    def full(path: Path) -> None:
        path.write_text("half of the n")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        shelf.whole(place, full)
    assert place.read_text() == "old" and list(tmp_path.iterdir()) == [place]


def test_samples_are_laid_out_in_rows_of_eight(tmp_path: Path):
    images = torch.zeros(9, 1, 4, 4)
    images[8] = torch.nan
    sheet = shelf.grid(images)
    assert sheet.shape == (10, 46, 3) and sheet.dtype == np.uint8
    assert (sheet[:4, :4] == 0).all() and (sheet[4:6] == 255).all() and (sheet[6:, 6:] == 255).all()
    shelf.write(tmp_path, "small", ABOUT, weights(), images)
    with Image.open(tmp_path / "small.png") as picture:
        assert picture.size == (92, 20)


def test_weights_are_read_once_and_anew_when_their_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEAKLAB_WEIGHTS", str(tmp_path))
    place = tmp_path / "transformer.safetensors"
    checkpoints.save({"one": torch.ones(2)}, place)
    first = shelf.weights("own", "transformer-cifar10", "transformer")
    assert shelf.weights("own", "transformer-cifar10", "transformer") is first
    checkpoints.save({"one": torch.zeros(2)}, place)
    os.utime(place, ns=(1, 1))
    assert shelf.weights("own", "transformer-cifar10", "transformer")["one"].tolist() == [0, 0]
    place.unlink()
    with pytest.raises(Refusal, match=r"no transformer network of your own: put transformer\.safetensors"):
        shelf.weights("own", "transformer-cifar10", "transformer")
