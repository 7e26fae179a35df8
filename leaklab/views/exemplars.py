"""The examples that ship: finished runs read from a folder, with their strips; nothing here needs PyTorch."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from leaklab.views.strips import Film


@dataclass(frozen=True)
class Exemplar:
    """One finished run that ships: what was asked, what came of it, and a few moments of its pictures."""

    key: str
    title: str
    sentence: str  # what it shows
    kind: str
    attack: str
    network: str
    verdict: str
    notes: tuple[str, ...]
    seconds: float  # of one core
    scalars: dict[str, float | None]  # of the last frame
    link: str  # all of its settings, for the address
    experiment: dict[str, Any]  # the same as JSON
    film: Film

    @property
    def truth(self) -> np.ndarray:
        """The private photographs."""
        return self.film.truth

    @property
    def rebuilt(self) -> np.ndarray:
        """What the attack ended with."""
        return self.film.pictures[-1]


@lru_cache
def read(folder: Path) -> tuple[Exemplar, ...]:
    """Return the examples of a folder in their order."""
    kept = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")]
    return tuple(_exemplar(one, folder) for one in sorted(kept, key=lambda one: one["number"]))


def _exemplar(kept: dict[str, Any], folder: Path) -> Exemplar:
    from PIL import Image

    sheet = np.asarray(Image.open(folder / f"{kept['key']}.png").convert("RGB"))
    truth, *pictures = np.split(sheet, len(kept["iterations"]) + 1)
    film = Film(
        truth=truth, pictures=tuple(pictures), iterations=tuple(kept["iterations"]),
        psnr=tuple(map(tuple, kept["psnr"])), tiles=kept["tiles"],
    )  # fmt: skip
    names = ("key", "title", "sentence", "kind", "attack", "network", "verdict", "seconds", "scalars", "link")
    told = {name: kept[name] for name in names}
    return Exemplar(**told, notes=tuple(kept["notes"]), experiment=kept["experiment"], film=film)
