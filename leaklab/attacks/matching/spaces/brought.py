"""The generator that an attacker brings along: one that was trained on other pictures, or one that was not trained."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from leaklab import checkpoints
from leaklab.attacks.generative import shelf
from leaklab.attacks.generative.fitting import Fit
from leaklab.attacks.matching.spaces import generators
from leaklab.attacks.matching.spaces.generators import DCGAN
from leaklab.checkpoints import State
from leaklab.protocol.observation import Observation
from leaklab.protocol.updates import Weights
from leaklab.settings import Refusal, Settings, knob

_MEASURED = 128  # pictures on which an untrained generator's averages are taken
_USUAL = 32  # pixels a side of an untrained generator, where it cannot draw the images in their own size
_LARGEST = 64  # pixels a side up to which an untrained generator does
_SHIPPED = {"dcgan": "dcgan-cifar10", "giml": "dcgan-giml"}
_NO_OWN = (
    "There is no generator of your own: put a DCGAN's state_dict as dcgan.safetensors, dcgan.pt or dcgan.pth into the "
    "folder that LEAKLAB_WEIGHTS names, or choose the generator 'dcgan' or 'untrained'."
)


@dataclass(frozen=True)
class Brought:
    """A generator with its weights as one row of numbers, and the averages with which its batch norms run.

    It computes in the precision of its weights, float32, whatever is searched in: no prior is known better, and in
    float64 transposed convolutions take five times as long.
    """

    generator: DCGAN
    row: Float[Tensor, "w"]
    averages: Weights

    def to(self, place: torch.device | torch.dtype) -> "Brought":
        """Return it on a device, or in a precision."""
        averages = {name: part.to(place) for name, part in self.averages.items()}
        return replace(self, row=self.row.to(place), averages=averages)

    def pictures(self, noise: Float[Tensor, "m z"], shift: Float[Tensor, "w"] | None = None) -> Tensor:
        """Return what it draws of some noise, its weights shifted or as they are."""
        row = self.row if shift is None else self.row + shift.to(self.row)
        weights = generators.named(self.generator, row) | self.averages
        return self.generator(weights, noise.to(row)).to(noise)

    def fit(self, observation: Observation) -> Fit:
        """Return how its pictures are laid to the images."""
        return Fit.beside(self.generator, observation.image_shape)


class WithGenerator(Settings):
    """What the spaces of a generator have in common: which one it is."""

    generator: Literal["dcgan", "giml", "own", "untrained"] = knob(
        "dcgan", title="Generator", symbol="G(z; w)",
        help="The network that draws: a DCGAN that was trained on photographs, one that learnt from gradients alone "
        "(GIML), one of your own in LEAKLAB_WEIGHTS, or one that was never trained.",
    )  # fmt: skip
    width: int = knob(
        512, low=4, high=2048, title="Untrained generator's width", level="advanced",
        help="Channels of the first layer of a generator that was never trained; a trained one has its own.",
    )  # fmt: skip
    draw: int = knob(
        0, low=0, high=2**31 - 1, level="hidden",
        help="Which untrained generator is drawn; stages that follow each other must draw the same.",
    )  # fmt: skip

    def brought(self, observation: Observation) -> Brought:
        """Return the generator that is meant.

        Raises: Refusal, when its weights are not there, or not those of a DCGAN.
        """
        if self.generator == "untrained":
            channels, high, wide = observation.image_shape
            able = high == wide and high in generators.sides(_LARGEST)
            return drawn(DCGAN(self.width, high if able else _USUAL, channels), self.draw)
        place = shelf.SHIPPED / f"{_SHIPPED[self.generator]}.safetensors" if self.generator in _SHIPPED else _own()
        return _read(place, place.stat().st_mtime_ns if place.exists() else 0)

    def ill_suited(self, observation: Observation) -> list[str]:
        """Return what keeps the generator from drawing such images, as sentences."""
        try:
            return self.brought(observation).fit(observation).missing
        except Refusal as refusal:
            return [str(refusal)]


@lru_cache(maxsize=8)
def drawn(generator: DCGAN, seed: int) -> Brought:
    """Return a generator that was never trained, with the averages it meets on some noise."""
    dice = torch.Generator().manual_seed(seed)
    row = generators.drawn(generator, dice)
    noise = torch.randn(_MEASURED, generator.latent, generator=dice)
    return Brought(generator, row, generators.measured(generator, generators.named(generator, row), noise))


def _own() -> Path:
    found = shelf.own("dcgan")
    if found is None:
        raise Refusal(_NO_OWN)
    return found


@lru_cache(maxsize=8)
def _read(place: Path, changed: int) -> Brought:
    """Return the generator of a file, read anew only when that has changed."""
    try:
        state = shelf.on_shelf(place.stem)[1] if place.parent == shelf.SHIPPED else checkpoints.load(place)
    except Refusal as refusal:
        raise Refusal(f"{refusal} The generator 'untrained' needs none.") from refusal
    return adopted(state)


def adopted(state: State) -> Brought:
    """Return the generator whose weights a checkpoint holds, by our names or by those of a chain of PyTorch's layers.

    Raises: Refusal, when they are not those of a DCGAN.
    """
    ours = state if "head" in state else _renamed(state)
    widths = [ours[f"{side}"].shape[1] for side in generators.sides(generators.LARGEST) if f"{side}" in ours]
    if f"{generators.SMALLEST}" not in ours or "head" not in ours or ours["head"].ndim != 4:
        raise Refusal(_odd("a first layer and a last one of four dimensions each were looked for"))
    side = generators.sides(generators.LARGEST)[len(widths) - 1]
    generator = DCGAN(widths[0], side, ours["head"].shape[1], ours[f"{generators.SMALLEST}"].shape[0])
    parts = {part.name: part.shape for part in generator.parts()}
    parts |= {f"{name.removesuffix('.scale')}.{word}": shape for name, shape in parts.items()
              if name.endswith(".scale") for word in ("mean", "variance")}  # fmt: skip
    for name, shape in parts.items():
        if name not in ours or tuple(ours[name].shape) != shape:
            held = "x".join(map(str, ours[name].shape)) if name in ours else "nothing"
            raise Refusal(_odd(f"as {name} it holds {held} where {'x'.join(map(str, shape))} was looked for"))
    row = torch.cat([ours[part.name].float().flatten() for part in generator.parts()])
    averages = {name: ours[name].float() for name in parts if name.endswith((".mean", ".variance"))}
    return Brought(generator, row, averages)


def _odd(why: str) -> str:
    return (
        f"The weights are not those of a DCGAN, transposed convolutions with batch norm between them: {why}. "
        "Choose the generator 'dcgan' or 'untrained', or put other weights there."
    )


def _renamed(state: State) -> State:
    """Return the tensors of convolutions and batch norms, one behind the other, under our names."""
    found: dict[str, State] = {}
    for name, tensor in sorted(state.items(), key=lambda item: _natural(item[0])):
        found.setdefault(name.rpartition(".")[0], {})[name.rpartition(".")[2]] = tensor
    convolutions = [part["weight"] for part in found.values() if "weight" in part and part["weight"].ndim == 4]
    norms = [part for part in found.values() if "running_mean" in part]
    able = generators.sides(generators.LARGEST)
    if len(convolutions) != len(norms) + 1 or not 0 < len(norms) <= len(able):
        raise Refusal(_odd(f"it has {len(convolutions)} convolutions and {len(norms)} batch norms"))
    words = {"scale": "weight", "shift": "bias", "mean": "running_mean", "variance": "running_var"}
    ours = {f"{side}": weight for side, weight in zip(able, convolutions[:-1], strict=False)}
    for side, norm in zip(able, norms, strict=False):
        ours |= {f"{side}.{mine}": norm[theirs] for mine, theirs in words.items() if theirs in norm}
    return ours | {"head": convolutions[-1]}


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(word), "") if word.isdecimal() else (-1, word) for word in re.split(r"(\d+)", name)]
