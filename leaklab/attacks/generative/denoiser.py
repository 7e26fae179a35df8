"""A denoiser: a diffusion model's network, asked for the clean picture behind any amount of noise."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Self

import torch
from jaxtyping import Float
from torch import Tensor, nn

from leaklab import checkpoints
from leaklab.attacks.generative import shelf
from leaklab.attacks.generative.schedule import levels, nearest
from leaklab.attacks.generative.training.contract import Architecture
from leaklab.settings import Refusal

NAME = "denoiser-cifar10"  # on the shelf
_NO_OWN = (
    "There is no denoiser of your own: put the folder of a diffusers UNet2DModel (config.json and "
    "diffusion_pytorch_model.safetensors, such as those of google/ddpm-cifar10-32) as denoiser/ into the folder that "
    "LEAKLAB_WEIGHTS names ({}), or choose the shipped denoiser."
)
_SCHEDULE = {"beta_schedule": "linear", "beta_start": 1e-4, "beta_end": 0.02, "num_train_timesteps": 1000,
             "prediction_type": "epsilon"}  # fmt: skip
_WEIGHTS = "diffusion_pytorch_model"


class Denoiser:
    """The mean of all clean pictures that may lie behind a noisy one, as a diffusion model has learnt it.

    Pictures are in [0, 1] and the noise is beside the unscaled picture; the network wants them in [-1, 1] and scaled,
    at the step whose noise is nearest. Source: Ho et al. 2020, equation 15.
    """

    def __init__(self, network: nn.Module, side: int, channels: int, card: shelf.Card | None = None) -> None:
        self.side, self.channels, self.card = side, channels, card
        self._network = network.eval().requires_grad_(False)

    @classmethod
    def load(cls, which: Literal["shipped", "own"]) -> "Denoiser":
        """Return the denoiser that ships, or the visitor's own; it is read anew only when its file has changed.

        Raises: Refusal, when it is not there, damaged, or of another kind.
        """
        place = shelf.SHIPPED / f"{NAME}.safetensors" if which == "shipped" else _own()
        weights = next((path for path in (place, *place.glob(f"{_WEIGHTS}.*")) if path.is_file()), place)
        return _read(place, weights.stat().st_mtime_ns if weights.exists() else 0)

    def to(self, device: torch.device) -> Self:
        """Move it to a device, and return it."""
        self._network.to(device)
        return self

    @torch.no_grad()
    def __call__(
        self, images: Float[Tensor, "n c h w"], sigma: float | Float[Tensor, "..."]
    ) -> Float[Tensor, "n c h w"]:  # fmt: skip
        """Return the clean pictures behind noisy ones; σ is one number, or one an image, and 0 leaves all as it is."""
        sigmas = torch.as_tensor(sigma, dtype=torch.float64).flatten().cpu().expand(len(images))
        steps = torch.tensor([nearest(2 * noise) for noise in sigmas.tolist()])
        level = levels()[steps].to(images)[:, None, None, None]
        unscaled = 2 * images - 1
        predicted = self._network(unscaled / (1 + level.square()).sqrt(), steps.to(images.device)).sample
        clean = ((unscaled - level * predicted + 1) / 2).clamp(0, 1)
        return clean.where((sigmas > 0).to(images.device)[:, None, None, None], images)


def unet(architecture: Architecture) -> nn.Module:
    """Return a fresh U-Net of some sizes: at the smallest, and there alone, every place looks at all others."""
    from diffusers import UNet2DModel  # takes seconds, so it is only imported by those who denoise

    blocks = tuple(int(width) for width in str(architecture["blocks"]).split(","))
    plain = len(blocks) - 1
    return UNet2DModel(
        sample_size=int(architecture["side"]), in_channels=int(architecture["channels"]),
        out_channels=int(architecture["channels"]), block_out_channels=blocks,
        layers_per_block=int(architecture["layers"]), norm_num_groups=int(architecture["groups"]),
        down_block_types=("DownBlock2D",) * plain + ("AttnDownBlock2D",),
        up_block_types=("AttnUpBlock2D",) + ("UpBlock2D",) * plain, attention_head_dim=max(1, blocks[-1] // 2),
    )  # fmt: skip


def _own() -> Path:
    found = shelf.own("denoiser")
    if found is None:
        raise Refusal(_NO_OWN.format(shelf.root()))
    return found


@lru_cache(maxsize=4)
def _read(place: Path, changed: int) -> Denoiser:
    """Return the denoiser of a file or folder, read anew only when that has changed."""
    if place.is_dir():
        return _of_diffusers(place)
    card, state = shelf.on_shelf(place.stem, place.parent)
    network = unet(card.architecture)
    network.load_state_dict(checkpoints.fit(state, network.state_dict()))
    return Denoiser(network, card.side, card.channels, card)


def _of_diffusers(folder: Path) -> Denoiser:
    """Return the denoiser of a folder as diffusers writes it; a file that could run code is not opened.

    Raises: Refusal, when it is damaged, of another kind, or was taught another noise.
    """
    from diffusers import UNet2DModel

    _same_noise(folder)
    safe = (folder / f"{_WEIGHTS}.safetensors").is_file()
    try:
        network = UNet2DModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=safe, low_cpu_mem_usage=False
        )
    except Exception as error:  # a malformed folder can make the reader raise anything at all
        raise Refusal(f"{folder} cannot be read as a UNet2DModel of diffusers: {str(error).splitlines()[0]}") from error
    sizes: Any = network.config
    if sizes.in_channels != sizes.out_channels or not isinstance(sizes.sample_size, int):
        raise Refusal(f"{folder} holds a network that does not answer a square picture with one of its shape.")
    return Denoiser(network, sizes.sample_size, sizes.in_channels)


def _same_noise(folder: Path) -> None:
    places = (folder / "scheduler_config.json", folder.parent / "scheduler" / "scheduler_config.json")
    try:
        found = next((json.loads(place.read_text(encoding="utf-8")) for place in places if place.is_file()), {})
    except (OSError, ValueError) as error:
        raise Refusal(f"The schedule of {folder} cannot be read: copy scheduler_config.json again.") from error
    for name, wanted in _SCHEDULE.items():
        if (said := found.get(name, wanted)) != wanted:
            raise Refusal(f"{folder} was taught with {name} {said!r}; only {wanted!r} can be used here.")
