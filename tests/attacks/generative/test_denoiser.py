"""The denoiser: right where the answer is known, and read from the shelf or from a folder as diffusers writes it."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from leaklab.attacks.generative import denoiser, shelf
from leaklab.attacks.generative.denoiser import NAME, Denoiser, unet
from leaklab.attacks.generative.schedule import STEPS, levels
from leaklab.settings import Refusal
from tests.attacks.generative.test_shelf import ABOUT

SIZES = {"side": 8, "channels": 3, "blocks": "8,16", "layers": 1, "groups": 4}
SCHEDULE = {
    "beta_schedule": "linear", "beta_start": 1e-4, "beta_end": 0.02, "num_train_timesteps": 1000, "clip_sample": True,
}  # fmt: skip


class Knowing(nn.Module):
    """A network that knows the clean picture, and so the noise."""

    def __init__(self, clean: torch.Tensor) -> None:
        super().__init__()
        self.clean, self.asked = 2 * clean - 1, torch.tensor(0)

    def forward(self, noisy: torch.Tensor, steps: torch.Tensor):
        self.asked = steps
        level = levels()[steps].float()[:, None, None, None]
        noise = (noisy * (1 + level**2).sqrt() - self.clean) / level
        return type("Answer", (), {"sample": noise})


def drawn_unet() -> nn.Module:
    torch.manual_seed(1)
    return unet(SIZES)


@pytest.fixture
def own(tmp_path: Path, monkeypatch) -> Path:
    """Return a folder as diffusers writes it, laid out like google/ddpm-cifar10-32."""
    monkeypatch.setenv("LEAKLAB_WEIGHTS", str(tmp_path))
    folder = tmp_path / "denoiser"
    drawn_unet().save_pretrained(folder)
    (folder / "scheduler_config.json").write_text(json.dumps(SCHEDULE))
    return folder


def test_the_clean_picture_comes_back_from_a_network_that_knows_the_noise():
    clean = torch.rand(3, 3, 8, 8)
    network = Knowing(clean)
    noisy = clean + torch.tensor([0.1, 0.5, 2.0])[:, None, None, None] * torch.randn(3, 3, 8, 8)
    found = Denoiser(network, 8, 3)(noisy, torch.tensor([0.1, 0.5, 2.0]))
    assert torch.allclose(found, clean, atol=1e-4)
    asked = [float(levels()[step]) / 2 for step in network.asked]
    assert asked == pytest.approx([0.1, 0.5, 2.0], rel=0.02)


def test_without_noise_nothing_changes_and_the_answer_can_be_shown():
    images = torch.rand(2, 3, 8, 8)
    model = Denoiser(drawn_unet(), 8, 3)
    assert torch.equal(model(images, 0.0), images)
    assert torch.equal(model(images, torch.tensor([0.0, 1.0]))[0], images[0])
    found = model(images, 3.0)
    assert found.dtype == images.dtype and found.min() >= 0 and found.max() <= 1


def test_one_noise_for_all_is_the_same_as_each_its_own():
    images, model = torch.rand(2, 3, 8, 8), Denoiser(drawn_unet(), 8, 3)
    each = torch.cat([model(images[:1], 0.3), model(images[1:], torch.tensor(0.3))])
    assert torch.allclose(model(images, 0.3), each, atol=1e-5)


def test_the_network_is_the_one_of_the_brief():
    parts = [*unet({"side": 32, "channels": 3, "blocks": "24,48,96", "layers": 1, "groups": 8}).parameters()]
    assert sum(part.numel() for part in parts) == 1_541_547
    assert len(levels()) == STEPS


def test_the_shipped_one_comes_from_the_shelf_and_is_read_once(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(shelf, "SHIPPED", tmp_path)
    with pytest.raises(Refusal, match=f"The weights {NAME} are not here"):
        Denoiser.load("shipped")
    network = drawn_unet()
    shelf.write(tmp_path, NAME, ABOUT.changed(("architecture",), SIZES), network.state_dict())
    found = Denoiser.load("shipped")
    assert (found.side, found.channels) == (8, 3) and found is Denoiser.load("shipped")
    images = torch.rand(1, 3, 8, 8)
    assert torch.allclose(found(images, 0.2), Denoiser(network, 8, 3)(images, 0.2), atol=1e-2)


def test_weights_of_another_architecture_are_refused(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(shelf, "SHIPPED", tmp_path)
    shelf.write(tmp_path, NAME, ABOUT.changed(("architecture",), SIZES | {"blocks": "8,8"}), drawn_unet().state_dict())
    with pytest.raises(Refusal, match="The checkpoint does not fit this network"):
        Denoiser.load("shipped")


@pytest.mark.parametrize("below", ["", "unet"])
def test_a_folder_of_diffusers_is_read_whole_or_as_part_of_a_pipeline(own: Path, below: str):
    if below:
        parts = list(own.iterdir())
        (own / below).mkdir()
        (own / "scheduler").mkdir()
        for part in parts:
            part.rename(own / ("scheduler" if "scheduler" in part.name else below) / part.name)
    found, images = Denoiser.load("own"), torch.rand(2, 3, 8, 8)
    assert torch.allclose(found(images, 0.3), Denoiser(drawn_unet(), 8, 3)(images, 0.3), atol=1e-6)


def test_a_folder_with_the_names_of_older_attention_is_read(own: Path):
    file = own / "diffusion_pytorch_model.safetensors"
    older = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}

    def renamed(name: str) -> str:
        for now, before in older.items():
            name = name.replace(f".{now}.", f".{before}.")
        return name

    state = {renamed(name): part for name, part in load_file(file).items()}
    assert any(".query." in name for name in state)
    save_file(state, file, metadata={"format": "pt"})
    found, images = Denoiser.load("own"), torch.rand(1, 3, 8, 8)
    assert torch.allclose(found(images, 0.3), Denoiser(drawn_unet(), 8, 3)(images, 0.3), atol=1e-6)


def test_nothing_of_ones_own_is_said_with_the_place_where_it_belongs(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("LEAKLAB_WEIGHTS", str(tmp_path))
    with pytest.raises(Refusal, match=r"no denoiser of your own: .*google/ddpm-cifar10-32.* shipped denoiser"):
        Denoiser.load("own")


def test_what_leaklab_has_trained_is_ones_own_with_its_card(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("LEAKLAB_WEIGHTS", str(tmp_path))
    shelf.write(tmp_path, "denoiser", ABOUT.changed(("architecture",), SIZES), drawn_unet().state_dict())
    assert Denoiser.load("own").side == 8


@pytest.mark.parametrize(("file", "text", "words"), [
    ("scheduler_config.json", json.dumps(SCHEDULE | {"beta_schedule": "squaredcos_cap_v2"}), "was taught with beta_s"),
    ("scheduler_config.json", json.dumps(SCHEDULE | {"prediction_type": "v_prediction"}), "'v_prediction'; only"),
    ("scheduler_config.json", "{", "The schedule of .* cannot be read"),
    ("config.json", "{", "cannot be read as a UNet2DModel of diffusers"),
    ("diffusion_pytorch_model.safetensors", "damaged", "cannot be read as a UNet2DModel of diffusers"),
])  # fmt: skip
def test_a_damaged_or_foreign_folder_is_refused(own: Path, file: str, text: str, words: str):
    (own / file).write_text(text)
    denoiser._read.cache_clear()
    with pytest.raises(Refusal, match=words):
        Denoiser.load("own")


def test_a_network_that_answers_with_another_shape_is_refused(own: Path):
    from diffusers import UNet2DModel

    UNet2DModel(
        sample_size=8, in_channels=3, out_channels=6, block_out_channels=(8,), norm_num_groups=4, layers_per_block=1,
        down_block_types=("DownBlock2D",), up_block_types=("UpBlock2D",), attention_head_dim=4,
    ).save_pretrained(own)  # fmt: skip
    denoiser._read.cache_clear()
    with pytest.raises(Refusal, match="does not answer a square picture with one of its shape"):
        Denoiser.load("own")
