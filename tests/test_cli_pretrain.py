"""`leaklab pretrain`: what it writes and says, and a sentence for each mistake."""

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result

from leaklab.attacks.generative import shelf
from leaklab.cli import main
from leaklab.experiments import pool as pools

SMALL = (
    "--dataset", "photos", "--image-size", "8", "--batch-size", "4", "--set", "training.width=4", "--set",
    "training.critic=2", "--device", "cpu", "--threads", "1",
)  # fmt: skip


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch):
    """Work in an empty folder, with few pictures and no weights."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEAKLAB_WEIGHTS", str(tmp_path / "own"))
    monkeypatch.setattr(pools, "_CROPS", 16)
    pools.pool.cache_clear()  # another test may have made another number


def leaklab(*words: str) -> Result:
    threads = torch.get_num_threads()
    try:
        return CliRunner().invoke(main, words)
    finally:
        torch.set_num_threads(threads)


def test_it_writes_weights_card_and_picture_and_says_how_it_goes(tmp_path: Path):
    result = leaklab("pretrain", "dcgan", *SMALL, "--steps", "2", "--out", "kept", "--name", "mine", "--seed", "3")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[0] == "Kept at step 2 in kept." and "critic: " in result.stdout
    assert result.stderr.splitlines()[-1].startswith("step 2 · ") and "generator" in result.stderr
    names = sorted(path.name for path in (tmp_path / "kept").iterdir())
    assert names == ["mine.json", "mine.png", "mine.safetensors", "mine.training.pt"]
    card, _ = shelf.on_shelf("mine", tmp_path / "kept")
    assert (card.seed, card.steps, card.side) == (3, 2, 8)


def test_started_again_it_goes_on():
    leaklab("pretrain", "dcgan", *SMALL, "--steps", "1")
    result = leaklab("pretrain", "dcgan", *SMALL, "--steps", "2")
    assert "Goes on from step 1." in result.stderr and result.stdout.startswith("Kept at step 2")


def test_the_card_repeats_the_command_without_any_folder():
    result = leaklab("pretrain", "dcgan", *SMALL, "--steps", "1", "--out", "kept", "--json", "--no-progress")
    assert result.stderr == ""
    command = json.loads(result.stdout)["command"]
    assert command == (
        "leaklab pretrain dcgan --dataset photos --image-size 8 --steps 1 --batch-size 4 "
        "--set training.width=4 --set training.critic=2"
    )
    again = leaklab(*command.split()[1:], "--out", "again", "--json", "--no-progress")
    assert json.loads(again.stdout)["digest"] == json.loads(result.stdout)["digest"]


def test_a_folder_of_pictures_is_the_usual_source(tmp_path: Path):
    from PIL import Image

    (tmp_path / "mine" / "cat").mkdir(parents=True)
    Image.new("RGB", (8, 8), "red").save(tmp_path / "mine" / "cat" / "0.jpg")
    words = [word for word in SMALL if word not in ("--dataset", "photos")]
    result = leaklab("pretrain", "dcgan", *words, "--data", "mine", "--steps", "1", "--json")
    assert json.loads(result.stdout)["data"] == "The folder mine: 1 pictures"


def test_help_names_what_can_be_taught_and_every_flag():
    words = " ".join(leaklab("pretrain", "--help").stdout.split())
    for word in (
        "dcgan", "denoiser", "transformer", "restoration", "giml", "network",
        "--data", "--dataset", "--steps", "--batch-size", "--seed", "--out", "--name", "--threads",
        "--keep-every", "--set", "--device", "--json",
    ):  # fmt: skip
        assert word in words


@pytest.mark.parametrize(("words", "sentence"), [
    (("pretrain",), "Missing argument '{dcgan|denoiser"),
    (("pretrain", "dcgna"), "did you mean dcgan?"),
    (("pretrain", "dcgan", "--steps", "0"), "Invalid value for '--steps': 0 is not in the range"),
    (("pretrain", "dcgan", "--data", "nowhere"), "There is no folder nowhere."),
    (("pretrain", "dcgan", "--name", "../x"), "--name: name: String should match pattern"),
    (("pretrain", "dcgan", *SMALL, "--image-size", "12"), "A DCGAN draws squares of 4, 8, 16"),
    (("pretrain", "dcgan", *SMALL, "--data", "x"), "--data means nothing with --dataset photos"),
    (("pretrain", "giml", "--learning-rate", "0.01"), "--learning-rate means nothing with this training"),
    (("pretrain", "dcgan", "--set", "training.blocks=1"), "--set training.blocks: there is no such knob"),
])  # fmt: skip
def test_each_mistake_is_answered_in_a_sentence(words, sentence: str):
    result = leaklab(*words)
    assert result.exit_code == 2 and sentence in result.stderr and result.stdout == ""
    assert "Traceback" not in result.stderr
