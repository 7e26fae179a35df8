"""The shelf: weights that ship with the program or that a visitor brings, each with a card that says what they are."""

import json
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from leaklab import checkpoints
from leaklab.checkpoints import State
from leaklab.settings import Refusal, Settings

SHIPPED = Path(__file__).parents[3] / "assets" / "weights"

_SUFFIXES = (".safetensors", ".pt", ".pth")
_COLUMNS, _GAP, _SHOWN = 8, 2, 2  # of the sample picture: columns, pixels between, and how many times as large
_NOT_JUDGED = "Nobody has looked at the samples yet."

Kind = Literal["dcgan", "giml", "denoiser", "transformer", "restoration", "network"]  # giml: a DCGAN by gradients


class Card(Settings):
    """What is known of some weights: what they are, of what, made how, and how good."""

    kind: Kind
    title: str
    side: int  # pixels
    channels: int
    classes: tuple[str, ...] = ()
    architecture: dict[str, int | float | str] = {}
    data: str
    licence: str
    steps: int
    batch_size: int
    seed: int
    command: str
    seconds: float
    machine: str
    quality: str = _NOT_JUDGED
    digest: str = ""  # SHA-256 of the file of weights
    loss: dict[str, float] = {}  # means of the last steps


def root() -> Path:
    """Return the folder of a visitor's own weights: `$LEAKLAB_WEIGHTS`, or leaklab/weights in the user's cache."""
    return Path(os.environ.get("LEAKLAB_WEIGHTS") or "~/.cache/leaklab/weights").expanduser()


def available(folder: Path | None = None) -> list[str]:
    """Return the names of all weights on the shelf, or in another folder, in alphabetical order."""
    return sorted(
        path.stem for path in (folder or SHIPPED).glob("*.json") if path.with_suffix(".safetensors").is_file()
    )


def on_shelf(name: str, folder: Path | None = None) -> tuple[Card, State]:
    """Return the card and the weights of a name, in float32.

    Raises: Refusal, when they are not there, or are not the file that the card was written for: that one is not opened.
    """
    folder = folder or SHIPPED
    weights = folder / f"{name}.safetensors"
    known = card(name, folder)
    if not weights.is_file():
        raise Refusal(_absent(name, weights))
    found = checkpoints.digest(weights)
    if found != known.digest:
        raise Refusal(
            f"{weights} is not the file its card was written for, and was not opened: its SHA-256 begins with "
            f"{found[:12]}, the card says {known.digest[:12] or 'nothing'}. Copy the file again, with its card."
        )
    state = checkpoints.load(weights)
    return known, {key: part.float() if part.is_floating_point() else part for key, part in state.items()}


def card(name: str, folder: Path | None = None) -> Card:
    """Return the card of a name.

    Raises: Refusal, when there is none, or it is not one.
    """
    place = (folder or SHIPPED) / f"{name}.json"
    if not place.is_file():
        raise Refusal(_absent(name, place))
    try:
        return Card.read(json.loads(place.read_text(encoding="utf-8")))
    except (ValueError, OSError) as error:  # a Refusal is a ValueError
        raise Refusal(f"{place} is not the card of any weights ({error}): copy it again.") from error


def own(kind: str) -> Path | None:
    """Return where a visitor's own weights of a kind lie: a file, or a folder as diffusers writes them; None if not."""
    files = [root() / f"{kind}{suffix}" for suffix in _SUFFIXES]
    folders = [root() / kind, root() / kind / "unet"]
    found = [file for file in files if file.is_file()]
    return next(iter([*found, *(folder for folder in folders if (folder / "config.json").is_file())]), None)


def weights(which: Literal["shipped", "own"], name: str, kind: str) -> State:
    """Return the weights that ship under a name, or a visitor's own of a kind; read anew only when their file changes.

    Raises: Refusal, when they are not there, damaged, or not those of their card.
    """
    place = SHIPPED / f"{name}.safetensors" if which == "shipped" else own(kind)
    if place is None:
        raise Refusal(
            f"There is no {kind} network of your own: put {kind}.safetensors, as `leaklab pretrain` writes it, into "
            "the folder that LEAKLAB_WEIGHTS names, or choose the shipped one."
        )
    return _read(place, place.stat().st_mtime_ns if place.exists() else 0)


@lru_cache(maxsize=4)
def _read(place: Path, changed: int) -> State:
    return on_shelf(place.stem)[1] if place.parent == SHIPPED else checkpoints.load(place)


def write(folder: Path, name: str, about: Card, state: State, samples: Float[Tensor, "n c h w"] | None = None) -> Card:
    """Write weights as float16 with their card and a picture of samples, and return the card with its digest.

    Each file appears whole or not at all, the card last but for the picture: until then the old card refuses the new
    weights.
    """
    digest = checkpoints.save({key: halved(part) for key, part in state.items()}, folder / f"{name}.safetensors")
    about = about.changed(("digest",), digest)
    text = json.dumps(about.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"
    whole(folder / f"{name}.json", lambda place: place.write_text(text, encoding="utf-8"))
    if samples is not None:
        picture = Image.fromarray(grid(samples))
        picture = picture.resize((_SHOWN * picture.width, _SHOWN * picture.height), Image.Resampling.NEAREST)
        whole(folder / f"{name}.png", lambda place: picture.save(place, "PNG", optimize=True))
    return about


def whole(place: Path, write: Callable[[Path], object]) -> None:
    """Let something write a file that appears whole or not at all: an old one stays when there is no room."""
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        write(unfinished)
        unfinished.replace(place)
    finally:
        unfinished.unlink(missing_ok=True)


def halved(part: Tensor) -> Tensor:
    """Return a tensor in half the room, unless a number of it lies beyond float16."""
    half = part.half() if part.is_floating_point() else part
    return half if bool(half.isfinite().all()) else part


def grid(images: Float[Tensor, "n c h w"]) -> np.ndarray:
    """Return pictures in rows of eight as one of RGB bytes, white between them."""
    count, channels, high, wide = images.shape
    columns = min(_COLUMNS, count)
    rows = -(-count // columns)
    sheet = torch.ones(3, rows * (high + _GAP) - _GAP, columns * (wide + _GAP) - _GAP)
    for number, image in enumerate(images.detach().float().cpu().nan_to_num().clamp(0, 1)):
        top, left = number // columns * (high + _GAP), number % columns * (wide + _GAP)
        sheet[:, top : top + high, left : left + wide] = image.expand(3, -1, -1)
    return (sheet * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()


def _absent(name: str, place: Path) -> str:
    # A visitor of a page has no use for this machine's folders.
    named = "/".join(place.parts[-3:]) if place.parent == SHIPPED else place
    return (
        f"The weights {name} are not here: {named} is missing. Copy it from leaklab's repository, train it with "
        "`leaklab pretrain`, or choose weights of your own and put them into the folder that LEAKLAB_WEIGHTS names."
    )
